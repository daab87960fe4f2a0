"""Where the commands print."""

import os
import sys
from pathlib import Path


def discard() -> None:
    """Send what is still to be printed nowhere, also what the interpreter flushes at its exit."""
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
