"""Numerical derivatives, and how far they are trusted."""

import numpy as np
from scipy.special import expit

from gradpair.audit._numerical import derivative


def test_a_derivative_is_right_within_its_tolerance_and_the_tolerance_is_small():
    z = np.linspace(-12, 12, 101)
    p = expit(z)
    for precision in (np.float64, np.float32):
        slope = derivative(lambda x: expit(x.astype(precision)), z, np.ones(z.size))  # noqa: B023
        assert not slope.differs(p * (1 - p)).any()
        assert np.median(slope.tolerance) < 1e-4
        assert slope.differs(1.1 * p * (1 - p))[np.abs(z) < 4].all()


def test_a_derivative_beside_a_kink_or_a_jump_accuses_nobody():
    z = np.linspace(-1, 1, 64)  # the jump is at 0.01
    slope = derivative(lambda x: np.where(x < 0.01, -1.0, 1.0), z, np.ones(z.size))
    assert not slope.differs(np.zeros(z.size)).any()
    slope = derivative(lambda x: np.maximum(x, 0.01), z, np.ones(z.size))
    assert not slope.differs((z > 0.01).astype(float)).any()
