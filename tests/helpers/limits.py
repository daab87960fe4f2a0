"""An end for what waits for other processes."""

import faulthandler
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """End this process, with a traceback, if a cluster has not answered by then.

    What it has started ends with it: a thread that waits in a cluster's C code hears no exception.
    """
    faulthandler.dump_traceback_later(seconds, exit=True, file=sys.__stderr__)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
