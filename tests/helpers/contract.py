"""The number contract: where it is asked for, how errors are counted, how many are allowed."""

import mpmath as mp
import numpy as np

from helpers.table import DIGITS

# Margins to the last at which exp(-|z|) is a normal number, and labels hard and soft. At 4.78 and
# 34.1 a power of 20 or what is multiplied with it is no normal number, but 1e6 times that is one.
MARGINS = {
    np.float32: (0.0, 1e-30, 1e-3, 0.4, 1.7, 4.78, 5.3, 12.1, 16.9, 17.5, 30.3, 61.0, 87.2),
    np.float64: (0.0, 1e-300, 1e-9, 0.4, 1.7, 5.3, 16.9, 34.1, 36.5, 38.1, 99.7, 345.6, 707.9),
}
HARD, SOFT = (0.0, 1.0), (0.25, 0.3, 0.999, 1e-5)
ALLOWED = {np.float32: 12, np.float64: 6}


def grid(dtype, labels=(*HARD, *SOFT)):
    """Every margin of both signs with every label, as that dtype holds them."""
    z = np.array([sign * z for z in MARGINS[dtype] for sign in (1, -1)], dtype)
    y = np.array(labels, dtype)
    return np.repeat(y, z.size), np.tile(z, y.size)


def errors_in_eps(actual, terms, dtype):
    """Errors relative to the largest term, in units of eps, where that term is normal."""
    info = np.finfo(dtype)
    errors = []
    with mp.workdps(DIGITS):
        for value, summands in zip(actual, terms, strict=True):
            largest = max(map(abs, summands))
            if largest >= float(info.tiny):
                errors.append(float(abs(mp.mpf(float(value)) - mp.fsum(summands)) / largest))
    assert len(errors) > len(terms) / 2
    return max(errors) / info.eps
