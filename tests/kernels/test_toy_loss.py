"""A loss with kernels of its own, defined here alone, gets all that the built-in ones have."""

import dataclasses
import importlib.util
import sys
import types
from collections import Counter

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize_scalar

import gradpair as gp
from gradpair._kernels.run import ROUNDED_FROM
from gradpair.losses import Kernel
from helpers.hosts import HOSTS, digits

NEEDS_NUMBA = pytest.mark.skipif(
    importlib.util.find_spec("numba") is None, reason="the extra 'fast' is not installed"
)
CALLS = Counter()


@dataclasses.dataclass(frozen=True)
class Plain(gp.Loss):
    """Cross-entropy of a margin that is divided by a temperature, without kernels."""

    temperature: float = 1.6

    def _loss(self, y_true, raw_prediction):
        z = raw_prediction / raw_prediction.dtype.type(self.temperature)
        return y_true * gp.softplus(-z) + (1 - y_true) * gp.softplus(z)

    def _gradient_hessian(self, y_true, raw_prediction):
        t = raw_prediction.dtype.type(self.temperature)
        p, q = gp.sigmoid(raw_prediction / t), gp.sigmoid(-raw_prediction / t)
        return ((1 - y_true) * p - y_true * q) / t, p * q / t**2


class Toy(Plain):
    """The same with kernels; a temperature of at least 1 bounds the third derivative."""

    self_concordant = True

    @property
    def _kernel(self):
        return Kernel((self.temperature,), fused=__name__, compiled=__name__, pays_from=2000)


class Overridden(Toy):
    """Twice the toy, which its kernels do not compute."""

    def _gradient_hessian(self, y_true, raw_prediction):
        gradient, hessian = super()._gradient_hessian(y_true, raw_prediction)
        return 2 * gradient, 2 * hessian


def kernel(name, numbers, dtype):
    (t,) = map(dtype.type, numbers)

    def fill(y, z, floor, gradient, hessian):
        CALLS[name] += 1
        p = 1 / (1 + np.exp(-z / t))
        gradient[:] = (p - y) / t
        np.maximum(p * (1 - p) / t**2, floor, out=hessian)
        known = ((y == 0) | (y == 1)) & (np.abs(z) < 8)
        return None if known.all() else ~known

    return fill


def fused(numbers, *, exact, size, dtype):
    assert size > 0
    assert exact
    return kernel("fused", numbers, dtype)


def compiled(numbers, *, exact):
    assert exact
    return kernel("compiled", numbers, np.dtype(np.float32))


@pytest.fixture(autouse=True)
def nothing_called():
    CALLS.clear()


DATA = digits(0.2)


@pytest.mark.parametrize("engine", ["numpy", pytest.param("numba", marks=NEEDS_NUMBA)])
@pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)
def test_both_hosts_train_with_its_kernel_the_model_of_the_loss(host, engine):
    train = DATA.train
    data = (train.x, train.y, train.weight)
    expected = host.train(host.data(*data), 20, loss=Plain())
    with gp.kernel_context(engine):
        actual = host.train(host.data(*data), 20, loss=Toy())
    assert dict(CALLS) == {"compiled" if engine == "numba" else "fused": 20}
    assert_allclose(host.margin(actual, DATA.test.x), host.margin(expected, DATA.test.x), atol=2e-3)


@pytest.mark.parametrize("far", [False, True])
def test_rows_that_its_kernel_does_not_know_are_left_to_the_loss(far):
    y, z = np.array([0.0, 1.0, 0.3, 1.0]), np.array([0.5, -2.0, 1.0, 20.0 if far else 3.0])
    objective = gp.xgboost.objective(Toy())
    assert_allclose(objective(y, z), Plain().gradient_hessian(y, z), rtol=1e-6)
    assert CALLS == {"fused": 1}


def test_the_constant_is_found_with_its_kernel_and_takes_fewer_steps_than_without_the_trait():
    y, offset = DATA.y, DATA.offset
    best = minimize_scalar(lambda c: Plain().loss(y, offset + c).sum(), bounds=(-9, 9)).x
    assert gp.optimal_constant(Toy(), y, offset=offset) == pytest.approx(best, abs=1e-5)
    with_trait = CALLS["fused"]
    assert with_trait > 0

    class Undeclared(Toy):
        self_concordant = False

    CALLS.clear()
    constant = gp.optimal_constant(Undeclared(), y, offset=offset)
    assert constant == pytest.approx(best, abs=1e-5)
    assert CALLS["fused"] > with_trait


@NEEDS_NUMBA
@pytest.mark.parametrize(("rows", "used"), [(1999, "fused"), (2000, "compiled")])
def test_the_kernel_is_chosen_by_the_rows_that_it_declares(rows, used):
    y = np.resize(DATA.y, rows)
    gp.lightgbm.objective(Toy())(y, np.zeros(rows))
    assert dict(CALLS) == {used: 1}


@pytest.mark.parametrize(
    ("margins", "rows", "used"),
    [
        (np.float32, 499, np.float64),
        (np.float32, 500, np.float32),
        (np.float64, ROUNDED_FROM - 1, np.float64),
        (np.float64, ROUNDED_FROM, np.float32),
    ],
)
def test_few_rows_are_computed_in_float64(margins, rows, used):
    dtypes = []

    class Noting(Toy):
        @property
        def _kernel(self):
            return Kernel((self.temperature,), fused="noted", single_from=500)

    noted = types.SimpleNamespace(
        fused=lambda numbers, *, exact, size, dtype: (
            dtypes.append(dtype) or fused(numbers, exact=exact, size=size, dtype=dtype)
        )
    )
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(sys.modules, "noted", noted)
        gp.xgboost.objective(Noting())(np.ones(rows), np.zeros(rows, margins))
    assert dtypes == [used]


def test_a_subclass_with_derivatives_of_its_own_loses_what_was_declared_of_the_inherited_ones():
    assert Overridden()._kernel is None
    assert not Overridden().self_concordant
    gradient, hessian = gp.xgboost.objective(Overridden(1.0))([1.0], np.zeros(1))
    assert_array_equal([gradient, hessian], [[-1.0], [0.5]])
    assert not CALLS


def test_a_subclass_may_declare_them_anew():
    class Renewed(Overridden):
        self_concordant = True

        def _gradient_hessian(self, y_true, raw_prediction):
            return super()._gradient_hessian(y_true, raw_prediction)

    assert Renewed().self_concordant
    assert Renewed()._kernel is None


def test_what_the_hosts_have_built_in_is_declared_too():
    class Doubled(gp.BinaryCrossEntropy):
        def _gradient_hessian(self, y_true, raw_prediction):
            gradient, hessian = super()._gradient_hessian(y_true, raw_prediction)
            return 2 * gradient, 2 * hessian

    for host in HOSTS:
        assert host.module.native(gp.FocalLoss(0.0, 3.0), [1, 0, 0])[0]
        with pytest.raises(ValueError, match="has no built-in equivalent"):
            host.module.native(Doubled(), [1, 0, 0])
