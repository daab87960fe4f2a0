"""Freed memory that stays in the process, for the system maps it anew at each round otherwise.

glibc gives memory back when more than its trim threshold is free at the top of the heap, and maps
arrays above its mmap threshold one by one; every page of what it gives out next is then a fault.
Both thresholds rise when an array of up to 32 MiB is freed (mallopt(3)); larger ones must be asked
for. Where malloc is another one, nothing of this does anything.
"""

import ctypes
import functools
import os
import platform

import numpy as np

_FEWEST = 1 << 12  # rows, of which a block's temporaries reach the first threshold
_MOST_DYNAMIC = 1 << 23  # rows, whose float32 arrays have 32 MiB
_ARRAYS = 6  # of a round: predictions, labels, weights, both derivatives, one to spare
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _MOST = -1, -3, (1 << 31) - 1


def keep(n_samples: int) -> None:
    """Let malloc keep the arrays of a round of so many rows, unless GRADPAIR_KEEP_HEAP is 0."""
    if n_samples >= _FEWEST:
        _keep(max(_MOST_DYNAMIC, 1 << (n_samples - 1).bit_length()))


@functools.cache
def _keep(rows: int) -> None:
    """Raise the thresholds once for each order of magnitude."""
    if os.environ.get("GRADPAIR_KEEP_HEAP") == "0":
        return
    if rows <= _MOST_DYNAMIC:
        np.empty(4 * _MOST_DYNAMIC - (1 << 13), np.uint8)  # freed at once, and never touched
    elif _is_untouched_glibc():
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, min(4 * rows + (1 << 20), _MOST))
        mallopt(_M_TRIM_THRESHOLD, min(4 * rows * _ARRAYS, _MOST))


def _is_untouched_glibc() -> bool:
    """Whether malloc is glibc's, with thresholds that nobody has set."""
    settings = "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "GLIBC_TUNABLES"
    return platform.libc_ver()[0] == "glibc" and not any(name in os.environ for name in settings)
