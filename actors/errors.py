"""Errors of the caller: what was given, what is allowed, and where."""

import msgspec


class Problem(msgspec.Struct, frozen=True, order=True):
    """One thing that is wrong in one file."""

    file: str
    key_path: str
    given: str
    allowed: str

    def __str__(self) -> str:
        where = f"{self.file}: {self.key_path}" if self.key_path else self.file
        return f"{where}: given {self.given}, allowed: {self.allowed}"


class SiteError(ValueError):
    """A site file cannot be used. Holds every problem found, not only the first."""

    def __init__(self, problems: list[Problem]) -> None:
        assert problems, "an error without a problem"
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems
