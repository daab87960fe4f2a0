"""The choice of what computes derivatives: NumPy, or loops that numba compiles."""

import contextlib
import functools
import importlib
import re
from collections.abc import Iterator
from contextvars import ContextVar
from types import ModuleType
from typing import Literal, get_args

__all__ = ["kernel_context", "set_kernel"]

Kernel = Literal["auto", "numpy", "numba"]

_OLDEST_NUMBA = "0.60"  # the first for NumPy 2
# With so many rows, some 200 rounds earn back the second in which numba starts.
_ROWS_THAT_PAY = {"cross-entropy": 1_000_000, "focal": 100_000}

_in_process: list[Kernel] = ["auto"]
_in_context: ContextVar[Kernel | None] = ContextVar("gradpair_kernel", default=None)


def set_kernel(kernel: Kernel) -> None:
    """Choose what computes gradients and hessians, for the whole process.

    Parameters
    ----------
    kernel : {"auto", "numpy", "numba"}
        ``"numpy"`` needs nothing else. ``"numba"`` runs compiled loops for cross-entropies and the
        focal loss (``pip install 'gradpair[fast]'``), and NumPy for losses of your own.
        ``"auto"``, the default, is ``"numba"`` for as many rows as can earn back its start-up:
        from 1,000,000 on for cross-entropies and from 100,000 for the focal loss, if numba is
        there and can keep compiled code on disk. Nothing else counts, so that the same rows always
        give the same model.

    Raises
    ------
    ValueError
        Another name.
    ImportError
        ``"numba"`` where numba is missing, too old or fails to start.

    See Also
    --------
    kernel_context : The same inside a ``with`` block.

    Examples
    --------
    >>> import gradpair as gp
    >>> gp.set_kernel("numpy")
    >>> gp.set_kernel("auto")
    """
    _in_process[0] = _checked(kernel)


@contextlib.contextmanager
def kernel_context(kernel: Kernel) -> Iterator[None]:
    """Choose what computes gradients and hessians inside a ``with`` block.

    It holds for this thread, or asynchronous task, and comes before :func:`set_kernel`. Parameters
    and errors are those of :func:`set_kernel`.

    Examples
    --------
    >>> import gradpair as gp
    >>> with gp.kernel_context("numpy"):
    ...     round(gp.optimal_constant(gp.BinaryCrossEntropy(), [0, 1], offset=[0.0, 2.0]), 12)
    -1.0
    """
    token = _in_context.set(_checked(kernel))
    try:
        yield
    finally:
        _in_context.reset(token)


def compiled_for(n_samples: int, gamma: float) -> ModuleType | None:
    """Return the module of compiled kernels if they are the ones to use."""
    kernel = _in_context.get() or _in_process[0]
    least = _ROWS_THAT_PAY["focal" if gamma else "cross-entropy"]
    if kernel == "numpy" or (kernel == "auto" and n_samples < least):
        return None
    compiled = _compiled()
    if isinstance(compiled, ImportError):
        return None
    return compiled if compiled.CACHED or kernel == "numba" else None


def _checked(kernel: Kernel) -> Kernel:
    if kernel not in get_args(Kernel):
        msg = f"kernel must be 'auto', 'numpy' or 'numba'; got {kernel!r}."
        raise ValueError(msg)
    if kernel == "numba" and isinstance(found := _compiled(), ImportError):
        raise found
    return kernel


@functools.cache
def _compiled() -> ModuleType | ImportError:
    """Import the compiled kernels once, or say why that cannot be done."""
    needed = f"the kernel 'numba' needs numba {_OLDEST_NUMBA} or newer"
    remedy = "pip install 'gradpair[fast]', or use the kernel 'numpy'."
    from importlib import metadata  # noqa: PLC0415 - slow to import

    try:
        version = metadata.version("numba")
    except metadata.PackageNotFoundError:
        return ImportError(f"{needed}, which is not installed; {remedy}", name="numba")
    if _release(version) < _release(_OLDEST_NUMBA):
        return ImportError(f"{needed}; found {version}. {remedy}", name="numba")
    try:
        compiled = importlib.import_module("gradpair._kernels.vector")
    except Exception as error:  # noqa: BLE001 - of a damaged installation anything may come
        return ImportError(f"{needed}; {version} does not start: {error}. {remedy}", name="numba")
    if not compiled.COMPILES:
        return ImportError(f"{needed}; NUMBA_DISABLE_JIT switches it off. {remedy}", name="numba")
    return compiled


def _release(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)[:2]))
