"""The choice of what computes derivatives: NumPy, or loops that numba compiles."""

import contextlib
import functools
import importlib
import re
from collections.abc import Iterator
from contextvars import ContextVar
from types import ModuleType
from typing import Literal, get_args

from gradpair.losses import Kernel

__all__ = ["kernel_context", "set_kernel"]

Engine = Literal["auto", "numpy", "numba"]

_VECTOR = "gradpair._kernels.vector"  # with it numba starts
_OLDEST_NUMBA = "0.60"  # the first for NumPy 2


_chosen: dict[str, Engine] = {"for the process": "auto"}
_in_context: ContextVar[Engine | None] = ContextVar("gradpair_kernel", default=None)


def set_kernel(kernel: Engine) -> None:
    """Choose what computes gradients and hessians, for the whole process.

    Parameters
    ----------
    kernel : {"auto", "numpy", "numba"}
        ``"numpy"`` needs nothing else. ``"numba"`` runs compiled loops for cross-entropies and the
        focal loss (``pip install 'gradpair[fast]'``), and NumPy for losses of your own.
        ``"auto"``, the default, is ``"numba"`` for as many rows as can earn back its start-up, from
        1,000,000 on, if numba is there and can keep compiled code on disk. Nothing else counts, so
        that the same rows always give the same model.

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
    _chosen["for the process"] = _checked(kernel)


@contextlib.contextmanager
def kernel_context(kernel: Engine) -> Iterator[None]:
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


def compiled_for(kernel: Kernel, n_samples: int) -> ModuleType | None:
    """Return the module of a loss's compiled kernel if it is the one to use."""
    engine = _in_context.get() or _chosen["for the process"]
    too_few = engine == "auto" and n_samples < kernel.pays_from
    if engine == "numpy" or kernel.compiled is None or too_few or _trouble():
        return None
    if engine == "auto" and not importlib.import_module(_VECTOR).KEEPS_CODE:
        return None
    return importlib.import_module(kernel.compiled)


def _checked(kernel: Engine) -> Engine:
    if kernel not in get_args(Engine):
        msg = f"kernel must be 'auto', 'numpy' or 'numba'; got {kernel!r}."
        raise ValueError(msg)
    if kernel == "numba" and (trouble := _trouble()):
        raise ImportError(trouble, name="numba")
    return kernel


@functools.cache
def _trouble() -> str:
    """Say why nothing can be compiled, if so."""
    needed = f"the kernel 'numba' needs numba {_OLDEST_NUMBA} or newer"
    remedy = "pip install 'gradpair[fast]', or use the kernel 'numpy'."
    from importlib import metadata  # noqa: PLC0415 - slow to import

    try:
        version = metadata.version("numba")
    except metadata.PackageNotFoundError:
        return f"{needed}, which is not installed; {remedy}"
    if _release(version) < _release(_OLDEST_NUMBA):
        return f"{needed}; found {version}. {remedy}"
    try:
        vector = importlib.import_module(_VECTOR)
    except Exception as error:  # noqa: BLE001 - of a damaged installation anything may come
        return f"{needed}; {version} does not start: {error}. {remedy}"
    return "" if vector.COMPILES else f"{needed}; NUMBA_DISABLE_JIT switches it off. {remedy}"


def _release(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)[:2]))
