"""The images that scanners report, as a gate has them taken in.

Nothing here loads a numeric library: `robotics.imaging.intake` does, in a process for each image.
"""

import subprocess
import sys

import msgspec

INTAKE_S = 30.0
"""An image that takes longer to read is none [ours]; from a disk of this machine it takes 1 s."""


class Report(msgspec.Struct, frozen=True):
    """What a scanner says of its image, and where the gate looks for it and keeps it."""

    folder: str
    """In which scanners leave their images; nothing outside of it is read."""
    store: str
    """The folder in which the gate keeps them."""
    name: str
    """By which it is kept."""
    uri: str
    sha256: str


class Taken(msgspec.Struct, frozen=True):
    """The image is kept; or there is none, for a reason."""

    no_image: str = ""
    flaws: tuple[str, ...] = ()
    """Why it is there and cannot be judged."""


class ScanImages(msgspec.Struct, frozen=True):
    """Where scanners leave their images, and where the gate keeps them."""

    folder: str
    store: str

    def take_in(self, name: str, uri: str, sha256: str) -> Taken:
        """Have the image checked and kept under this name. Takes a second, or more."""
        report = Report(self.folder, self.store, name, uri, sha256)
        try:
            done = subprocess.run(
                [sys.executable, "-m", "robotics.imaging.intake"],
                input=msgspec.json.encode(report), stdout=subprocess.PIPE, timeout=INTAKE_S,
                check=True,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return Taken(f"its file could not be read within {INTAKE_S:.0f} s")
        except subprocess.CalledProcessError as error:
            return Taken(f"taking it in ended with code {error.returncode}")
        return msgspec.json.decode(done.stdout, type=Taken)
