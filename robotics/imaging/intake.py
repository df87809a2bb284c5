"""Takes in the image file that a real scanner has reported: what is not what was reported is none.

Run as `python -m robotics.imaging.intake`: reads a `Report` as JSON, writes what came of it. In a
process of its own, for the folder may lie behind a network that hangs.
"""

import hashlib
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import msgspec

from robotics.imaging.picture import PictureError, read_png16
from robotics.imaging.quality import quality
from robotics.imaging.reported import Report, Taken
from robotics.imaging.review import Review
from robotics.imaging.store import NAME, FolderImages

BYTES_MAX = 64 * 2**20
"""Of an image file [ours]; one of a container has about 2 MB."""


class NoImageError(Exception):
    """There is no image that can be seen here, or it is not the one that was reported."""


def take_in(report: Report) -> Taken:
    """Read, check and keep the image."""
    try:
        data = _read(_path(report.uri, Path(report.folder)))
        if not report.sha256:
            raise NoImageError("the scanner gives no SHA-256 of it")
        if hashlib.sha256(data).hexdigest() != report.sha256:
            raise NoImageError("its SHA-256 is not the one that the scanner gives")
        image = read_png16(data)
    except (NoImageError, PictureError) as error:
        return Taken(str(error))
    # How large a pixel is in the container is the scanner's own matter: any size is right.
    seen = quality(image, (image.shape[0], image.shape[1]))
    review = Review("unreadable", 0.0, (), seen) if seen.flaws else None
    FolderImages(Path(report.store)).put(report.name, image, review)
    return Taken("", seen.flaws)


def _path(uri: str, folder: Path) -> Path:
    """The file that is meant; it lies in the folder."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        raise NoImageError("its URI is none") from None
    is_name = bool(NAME.fullmatch(uri))
    if parts.scheme != "file" and not is_name:
        scheme = parts.scheme[:16] or "no scheme"
        raise NoImageError(f"its URI has {scheme}; only files, file:///…, can be seen here")
    if parts.netloc not in ("", "localhost"):
        raise NoImageError("its file is on another machine")
    try:
        path = (folder / uri if is_name else Path(unquote(parts.path))).resolve()
        inside = path.is_relative_to(folder.resolve())
    except (OSError, ValueError, RuntimeError):
        raise NoImageError("its URI names no file") from None
    if not inside:
        raise NoImageError("its file is not in the folder of scanners' images")
    return path


def _read(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise NoImageError("its file is not found")
        with path.open("rb") as file:
            data = file.read(BYTES_MAX + 1)
    except OSError as error:
        raise NoImageError(f"its file cannot be read: {error.strerror}") from None
    if len(data) > BYTES_MAX:
        raise NoImageError(f"its file has more than {BYTES_MAX // 2**20} MB")
    return data


def main() -> None:
    """One report in, what came of it out."""
    report = msgspec.json.decode(sys.stdin.buffer.read(), type=Report)
    sys.stdout.buffer.write(msgspec.json.encode(take_in(report)))


if __name__ == "__main__":
    main()
