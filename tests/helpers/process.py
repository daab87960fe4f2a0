"""What runs in an interpreter of its own."""

import subprocess
import sys


def command(*args, code=0):
    """Run a command with this interpreter and return what it prints."""
    done = subprocess.run(
        [sys.executable, *args], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == code, done.stderr
    assert not done.stderr or code
    return done.stdout
