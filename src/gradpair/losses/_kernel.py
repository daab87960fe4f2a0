"""What a loss declares of the kernels that compute its derivatives faster than it does itself."""

from dataclasses import dataclass
from typing import Any, final

import numpy as np

# How far out a kernel may be asked, by its precision. To 87, exp(z) and exp(-z) are normal float32
# numbers. From 37 on p is 1 in float64, by which the flat sides of a loss are found: there the last
# digit counts.
REACH: dict[np.dtype[Any], int] = {np.dtype(np.float32): 87, np.dtype(np.float64): 30}


@final
@dataclass(frozen=True)
class Kernel:
    """The kernels of a loss: where they are, what they are called with, when they pay.

    A kernel fills two arrays with the gradient and the hessian of each row, unweighted, for labels
    in [0, 1] and margins within ``REACH``. It is a function

        ``fill(y, z, floor, gradient, hessian) -> mask or None``

    of contiguous arrays of one dtype, which leaves no hessian below ``floor``. It returns None if
    it knew every row, and otherwise the mask of those it did not, which are left to the loss; for a
    label that is none, any mask.

    Parameters
    ----------
    numbers : tuple
        The parameters of the loss, as the kernels take them: floats, or a :class:`Kernel` that they
        call.
    fused : str or None
        Module with ``fused(numbers, *, exact, size, dtype)``, which returns a kernel of NumPy calls
        in place, for blocks of at most ``size`` rows in float32 or float64.
    compiled : str or None
        Module with ``compiled(numbers, *, exact)``, which returns a compiled kernel for float32.
        It is imported only where it is used.
    pays_from : int
        The number of rows from which a training earns back the start-up of ``compiled``.
    single_from : int
        The number of rows from which ``fused`` computes float32 margins in float32. Splits tie in
        small data, and the last digits of a gradient decide between them.

    Examples
    --------
    >>> from gradpair.losses import Kernel
    >>> Kernel(numbers=(7.3,), compiled="my_package.my_loops", pays_from=100_000).fused
    """

    __module__ = "gradpair.losses"  # where pickles look for it

    numbers: tuple[Any, ...]
    fused: str | None = None
    compiled: str | None = None
    pays_from: int = 0
    single_from: int = 0
