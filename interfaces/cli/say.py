"""What all commands say alike: exit codes, consoles, and complaints."""

from rich.console import Console

EXIT_FAILED = 1
EXIT_BAD_INPUT = 2

out = Console(highlight=False, soft_wrap=True)
"""Results. Plain text where the output is no terminal or NO_COLOR is set."""
err = Console(stderr=True, highlight=False, soft_wrap=True)
"""Progress and complaints."""


def complain(text: str) -> None:
    """Say on standard error what is wrong, in plain words."""
    err.print(text, style="red", markup=False)
