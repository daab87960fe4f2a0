"""Every fast way to gradient and hessian gives what the loss gives; the choice among them."""

import importlib
import importlib.util
import os
import subprocess
import sys
import tracemalloc
import types
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import gradpair as gp
from gradpair._kernels import choice as kernels
from gradpair._kernels.run import KERNEL_BLOCK_ROWS, ROUNDED_FROM
from helpers.hosts import HOSTS
from helpers.table import BUILT_IN, CASES, LOSSES, GenericCrossEntropy

NEEDS_NUMBA = pytest.mark.skipif(
    importlib.util.find_spec("numba") is None, reason="the extra 'fast' is not installed"
)
NUMBA = pytest.param("numba", marks=NEEDS_NUMBA)
KERNEL = pytest.mark.parametrize("kernel", ["numpy", NUMBA])
DTYPE = pytest.mark.parametrize("dtype", [np.float32, np.float64])
CASE = pytest.mark.parametrize("case", CASES, ids=str)
LOSS = pytest.mark.parametrize("loss", LOSSES, ids=repr)

EPS = np.finfo(np.float32).eps
TINY = float(np.finfo(np.float32).tiny)
N = ROUNDED_FROM + 1001  # enough for float64 margins to be rounded; two blocks
RNG = np.random.default_rng(4)
Z = np.concatenate([RNG.uniform(-87, 87, N // 2), RNG.normal(-1, 3, N - N // 2)])
LABELS = {"hard": RNG.integers(0, 2, N), "soft": RNG.random(N).astype(np.float32)}
W = RNG.uniform(0.2, 3.0, N).astype(np.float32)


def derivatives(loss, y, z, w=None, *, kernel="numpy", hessian="exact", start=0.0, floor=0.0):
    """What an objective gives to its host."""
    objective = gp.xgboost.objective(loss, start=start, hessian=hessian, hessian_floor=floor)
    with gp.kernel_context(kernel):
        return objective(y, z, w)


def reference(case, y, z, hessian):
    """The loss's own derivatives in float64, each with the sum of its terms' absolute values."""
    y, z, loss = np.asarray(y, np.float64), np.asarray(z, np.float64), case.loss
    of_loss = loss._gradient_hessian if hessian == "exact" else loss._gradient_positive_hessian
    gradient, values = of_loss(y, z)
    return zip((gradient, np.maximum(values, 0)), case.scales(y, z), strict=True)


@pytest.mark.parametrize("hessian", ["exact", "positive"])
@pytest.mark.parametrize("labels", LABELS)
@KERNEL
@DTYPE
@CASE
def test_a_kernel_gives_the_losss_derivatives_within_its_tolerance(
    case, dtype, kernel, labels, hessian
):
    y, z = LABELS[labels], Z.astype(dtype)
    actual = derivatives(case.loss, y, z, kernel=kernel, hessian=hessian)
    bound = case.allowed_in_kernels(z, dtype)
    for values, (expected, scale) in zip(actual, reference(case, y, z, hessian), strict=True):
        assert values.dtype == np.float32
        assert values.flags.carray
        normal = scale >= TINY
        assert normal.mean() > 0.4
        errors = np.abs(values - expected)[normal] / scale[normal] / EPS
        assert (errors <= bound[normal]).all()


@KERNEL
@DTYPE
@LOSS
def test_the_start_the_floor_and_the_weights_are_applied_in_that_order(loss, dtype, kernel):
    y, z = LABELS["hard"], (Z / 20).astype(dtype)
    shifted = z + dtype(1.5)
    plain = derivatives(loss, y, shifted, kernel=kernel)
    gradient, hessian = derivatives(loss, y, z, W, kernel=kernel, start=1.5, floor=0.03)
    assert_allclose(gradient, W * plain[0], rtol=1e-6, atol=TINY)
    assert_allclose(hessian, W * np.maximum(plain[1], np.float32(0.03)), rtol=1e-6)
    assert (plain[1] < 0.03).any()


FAR = [87.5, 95.0, 104.0, 200.0, 1e4, np.inf]


@KERNEL
@DTYPE
@LOSS
def test_rows_that_lie_far_out_are_the_losss_own(loss, dtype, kernel):
    z = Z.astype(dtype)
    where, far = np.arange(0, 12_000, 500), np.add(FAR, loss._reach - 40)  # as far as it shifts
    z[where] = np.resize([*far, *-far], where.size)
    for y in LABELS.values():
        gradient, hessian = derivatives(loss, y, z, kernel=kernel)
        with np.errstate(all="ignore"):
            g, h = loss._gradient_hessian(y[where].astype(dtype), z[where])
        assert_array_equal(gradient[where], g.astype(np.float32))
        assert_array_equal(hessian[where], np.maximum(h, 0).astype(np.float32))
        assert np.isfinite(gradient).all()


@KERNEL
@DTYPE
@LOSS
def test_a_nan_margin_gives_nan_in_its_row_alone(loss, dtype, kernel):
    z = Z[:3000].astype(dtype)
    z[[7, 1999]] = np.nan
    for values in derivatives(loss, LABELS["hard"][:3000], z, kernel=kernel, floor=1e-16):
        assert_array_equal(np.flatnonzero(np.isnan(values)), [7, 1999])


@KERNEL
@pytest.mark.parametrize("loss", [gp.WeightedCrossEntropy(7.3), gp.FocalLoss(2.0)], ids=str)
def test_a_label_that_float32_does_not_hold_keeps_its_digits(loss, kernel):
    z = np.where(np.arange(N) % 2, 30.0, -30.0)
    y = np.where(np.arange(N) % 3, 1 - 1e-9, 1e-9)
    gradient, _ = derivatives(loss, y, z, kernel=kernel)
    assert_allclose(gradient, loss.gradient(y, z), rtol=1e-4)


@DTYPE
@pytest.mark.parametrize("loss", [*LOSSES, GenericCrossEntropy(7.3)], ids=repr)
def test_few_rows_and_losses_without_a_kernel_are_computed_in_the_margins_precision(loss, dtype):
    y, z, w = LABELS["soft"][:500], Z[-500:].astype(dtype), W[:500]
    gradient, hessian = loss.gradient_hessian(y, z)
    floor = float(np.median(np.abs(hessian)))
    assert (gradient < floor).any()
    assert (hessian < floor).any()
    expected = w * gradient, w * np.maximum(hessian, floor)  # the hessian alone is floored
    for actual, exact in zip(derivatives(loss, y, z, w, floor=floor), expected, strict=True):
        if dtype == np.float64:
            assert_allclose(actual, exact, rtol=EPS, atol=TINY)
        else:  # where the classes of a soft label cancel, the error is relative to their terms
            assert_allclose(actual, exact, rtol=12 * EPS, atol=12 * EPS * np.abs(exact).max())


def strided(values):
    return np.repeat(values, 2)[::2]


def read_only(values):
    values = values.copy()
    values.flags.writeable = False
    return values


def byte_swapped(values):
    return values.astype(values.dtype.newbyteorder())


LOOPS = {gp.WeightedCrossEntropy: "_cross_entropy", gp.FocalLoss: "_hard_labels"}


def signatures(loss):
    """The types that each function of a loss's compiled kernel has been compiled for."""
    functions = vars(importlib.import_module(loss._kernel.compiled)).items()
    return {name: list(f.signatures) for name, f in functions if hasattr(f, "signatures")}


@KERNEL
@DTYPE
@pytest.mark.parametrize("kind", [strided, read_only, byte_swapped])
@pytest.mark.parametrize("loss", [gp.WeightedCrossEntropy(7.3), gp.FocalLoss(2.0)], ids=str)
def test_arrays_of_any_layout_give_what_plain_ones_give(loss, kind, dtype, kernel):
    y, z = LABELS["hard"].astype(np.float32), Z.astype(dtype)
    plain = derivatives(loss, y, z, W, kernel=kernel, start=0.3)
    compiled = signatures(loss) if kernel == "numba" else {}
    other = derivatives(loss, kind(y), kind(z), kind(W), kernel=kernel, start=0.3)
    assert_array_equal(other, plain)
    if kernel == "numba":  # and numba compiled nothing for them
        assert len(compiled[LOOPS[type(loss)]]) == 1
        assert signatures(loss) == compiled


@KERNEL
@pytest.mark.parametrize("loss", [gp.WeightedCrossEntropy(7.3), gp.FocalLoss(2.0)], ids=str)
def test_no_rows_give_no_derivatives(loss, kernel):
    for values in derivatives(loss, [], [], kernel=kernel):
        assert values.shape == (0,)


@KERNEL
@pytest.mark.parametrize("alpha", [1e-45, 1e38, 1e300])
def test_an_alpha_beyond_float32_is_left_to_the_loss(alpha, kernel):
    loss, z = gp.WeightedCrossEntropy(alpha), np.linspace(-80, 80, N)
    gradient, hessian = derivatives(loss, LABELS["hard"], z, kernel=kernel)
    with np.errstate(all="ignore"):
        g, h = (values.astype(np.float32) for values in loss.gradient_hessian(LABELS["hard"], z))
    assert_array_equal(gradient, g)
    assert_array_equal(hessian, h)


@KERNEL
def test_a_gamma_beyond_the_tested_ones_is_left_to_the_loss(kernel):
    y, z = np.array([1.0, 0.0]), np.array([-1, 2], np.float32)
    for gamma in (20.5, 1e39):
        expected = gp.FocalLoss(gamma).gradient_hessian(y, z)
        actual = derivatives(gp.FocalLoss(gamma), y, z, kernel=kernel)
        assert_array_equal(actual[0], expected[0])


@NEEDS_NUMBA
@pytest.mark.parametrize(("alpha", "gamma", "z"), [(1e10, 20, 4.5), (1e30, 20, 6), (1e30, 2, 50)])
def test_a_large_alpha_lifts_the_tail_up(alpha, gamma, z):
    loss, z = gp.FocalLoss(gamma, alpha), np.full(3, z, np.float32)
    actual = derivatives(loss, np.ones(3), z, kernel="numba")
    for got, expected in zip(actual, loss.gradient_hessian(np.ones(3), z), strict=True):
        assert expected[0] != 0
        assert_allclose(got, expected, rtol=EPS * (12 + 12 * gamma * float(z[0])))


@KERNEL
def test_a_subclass_of_a_built_in_loss_is_what_it_defines(kernel):
    class Fivefold(gp.BinaryCrossEntropy):
        def _gradient_hessian(self, y_true, raw_prediction):
            gradient, hessian = super()._gradient_hessian(y_true, raw_prediction)
            return 5 * gradient, 5 * hessian

    gradient, hessian = derivatives(Fivefold(), [1.0], [0.0], kernel=kernel)
    assert (gradient[0], hessian[0]) == (-2.5, 1.25)


@KERNEL
@pytest.mark.parametrize("bad", [1 + 1e-10, -1e-50])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("loss", [gp.BinaryCrossEntropy(), gp.FocalLoss(2.0)], ids=str)
def test_a_label_that_is_right_only_when_rounded_is_refused(loss, dtype, bad, kernel):
    y = np.zeros(7)
    y[3] = bad
    with pytest.raises(ValueError, match=r"y_true\[3\]"):
        derivatives(loss, y, np.zeros(7, dtype), kernel=kernel)


@KERNEL
def test_a_start_beyond_float32_warns_of_nothing(kernel):
    z = np.zeros(3, np.float32)
    with np.errstate(all="raise"):
        gradient, _ = derivatives(gp.BinaryCrossEntropy(), [0, 0, 1], z, start=1e39, kernel=kernel)
    assert_array_equal(gradient, [1, 1, 0])
    with pytest.raises(ValueError, match="hessian_floor must be a float32 number"):
        gp.xgboost.objective(gp.BinaryCrossEntropy(), hessian_floor=1e300)


def test_a_loss_that_does_not_return_a_value_per_row_is_refused():
    class Mean(gp.Loss):
        _loss = gp.BinaryCrossEntropy._loss

        def _gradient_hessian(self, y_true, raw_prediction):
            return np.mean(raw_prediction), np.ones_like(raw_prediction)

    with pytest.raises(
        ValueError, match=r"of shape \(5,\), one value per row; got \(\) and \(5,\)"
    ):
        derivatives(Mean(), np.ones(5), np.zeros(5))


@KERNEL
@pytest.mark.parametrize("kind", [bool, np.uint8, np.int64, np.float16, np.float64])
@pytest.mark.parametrize("loss", [gp.WeightedCrossEntropy(7.3), gp.FocalLoss(2.0)], ids=str)
def test_labels_of_any_type_give_what_float32_gives(loss, kind, kernel):
    y, z = LABELS["hard"], Z.astype(np.float32)
    plain = derivatives(loss, y.astype(np.float32), z, kernel=kernel)
    assert_array_equal(derivatives(loss, y.astype(kind), z, kernel=kernel), plain)


@KERNEL
@pytest.mark.parametrize("bad", [2.0, -1e-30, np.nan, np.inf])
@pytest.mark.parametrize("loss", [gp.WeightedCrossEntropy(7.3), gp.FocalLoss(2.0)], ids=str)
def test_a_bad_label_or_weight_is_named_by_its_row_wherever_it_is(loss, bad, kernel):
    z, last = Z.astype(np.float32), N - 3
    y, w = LABELS["hard"].astype(np.float32), W.copy()
    y[last] = bad
    with pytest.raises(ValueError, match=rf"y_true must lie in \[0, 1\]; y_true\[{last}\] is"):
        derivatives(loss, y, z, kernel=kernel)
    w[last] = -1.0 if bad == 2 else bad
    with pytest.raises(ValueError, match=rf"sample_weight\[{last}\] is"):
        derivatives(loss, LABELS["hard"], z, w, kernel=kernel)


@KERNEL
@LOSS
def test_no_warning_escapes_and_two_results_held_at_once_stay_right(loss, kernel):
    z = Z.astype(np.float32)
    with np.errstate(all="raise"):
        first = derivatives(loss, LABELS["soft"], z, kernel=kernel)
        kept = [values.copy() for values in first]
        derivatives(loss, LABELS["hard"], -z, kernel=kernel)
    assert_array_equal(first, kept)


@KERNEL
@DTYPE
def test_memory_is_the_two_results_and_some_blocks(dtype, kernel):
    n = 8 * KERNEL_BLOCK_ROWS
    y, z, w = np.resize(LABELS["hard"], n).astype(np.float32), np.resize(Z, n).astype(dtype), None
    derivatives(gp.WeightedCrossEntropy(7.3), y, z, w, kernel=kernel)
    tracemalloc.start()
    derivatives(gp.WeightedCrossEntropy(7.3), y, z, w, kernel=kernel)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= 2 * 4 * n + 6 * 4 * KERNEL_BLOCK_ROWS


@NEEDS_NUMBA
@pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)
@pytest.mark.parametrize("loss", BUILT_IN, ids=repr)
def test_compiled_kernels_train_the_model_of_the_built_in_objective(host, loss):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(4000, 6))  # no ties, which the last digit of a gradient would decide
    y = (rng.random(4000) < gp.sigmoid(2 * x[:, 0] * x[:, 1] - 2)).astype(float)
    start = gp.optimal_constant(loss, y)
    alpha = getattr(loss, "alpha", 1.0)
    native = host.train_native(x, y, alpha=alpha, start=start, rounds=20)
    with gp.kernel_context("numba"):
        ours = host.train(host.data(x, y), 20, loss=loss)
    expected = host.native_probability(native, x, start)
    assert_allclose(host.probability(ours, x), expected, rtol=0, atol=1e-6)


@NEEDS_NUMBA
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("loss", [gp.WeightedCrossEntropy(7.3), gp.FocalLoss(2.0)], ids=str)
def test_the_optimal_constant_does_not_depend_on_the_kernel(loss, weighted, dtype):
    y, offset = LABELS["hard"][:20_000], Z[-20_000:].astype(dtype)
    constants = []
    for kernel in ("numpy", "numba"):
        with gp.kernel_context(kernel):
            weight = W[:20_000] if weighted else None
            constants.append(gp.optimal_constant(loss, y, offset=offset, sample_weight=weight))
    assert constants[0] == pytest.approx(constants[1], abs=1e-12)


def used(n_samples, gamma):
    kernel = gp.FocalLoss(gamma)._kernel
    return "numpy" if kernels.compiled_for(kernel, n_samples) is None else "numba"


@NEEDS_NUMBA
def test_auto_is_a_question_of_the_loss_and_the_number_of_rows():
    assert [used(n, 0.0) for n in (1, 999_999, 1_000_000)] == ["numpy", "numpy", "numba"]
    assert [used(n, 2.0) for n in (1, 999_999, 1_000_000)] == ["numpy", "numpy", "numba"]


@NEEDS_NUMBA
def test_a_choice_holds_until_the_next_and_a_context_goes_before_it():
    assert used(10, 0.0) == "numpy"
    gp.set_kernel("numba")
    try:
        assert used(10, 0.0) == "numba"
        with gp.kernel_context("numpy"):
            assert used(10**7, 0.0) == "numpy"
            with gp.kernel_context("auto"):
                assert used(10**7, 0.0) == "numba"
            assert used(10**7, 0.0) == "numpy"
            with ThreadPoolExecutor(1) as pool:  # another thread has the choice of the process
                assert pool.submit(used, 10, 0.0).result() == "numba"
    finally:
        gp.set_kernel("auto")
    assert used(10, 0.0) == "numpy"


def test_a_context_ends_with_an_error_too():
    with pytest.raises(KeyError), gp.kernel_context("numpy"):
        raise KeyError
    assert kernels._in_context.get() is None


@pytest.mark.parametrize(
    "choose", [gp.set_kernel, lambda name: gp.kernel_context(name).__enter__()]
)
def test_another_name_is_refused(choose):
    with pytest.raises(ValueError, match="kernel must be 'auto', 'numpy' or 'numba'; got 'cupy'"):
        choose("cupy")


@pytest.fixture
def forget():
    """Let the kernels be looked for again, before and after."""
    kernels._trouble.cache_clear()
    yield
    kernels._trouble.cache_clear()


def refuse_version(_):
    raise metadata.PackageNotFoundError


@pytest.mark.usefixtures("forget")
@pytest.mark.parametrize(
    ("version", "message"),
    [
        (refuse_version, "needs numba 0.60 or newer, which is not installed; pip install"),
        (lambda _: "0.59.1", r"needs numba 0.60 or newer; found 0.59.1. pip install"),
        (lambda _: "0.61.2rc1", "0.61.2rc1 does not start: import of numba halted"),
    ],
    ids=["missing", "too old", "broken"],
)
def test_without_a_numba_that_works_numpy_computes(version, message, monkeypatch):
    monkeypatch.setattr(metadata, "version", version)
    monkeypatch.setitem(sys.modules, "numba", None)
    monkeypatch.delitem(sys.modules, "gradpair._kernels.vector", raising=False)
    assert used(10**7, 2.0) == "numpy"
    for choose in (gp.set_kernel, lambda name: gp.kernel_context(name).__enter__()):
        with pytest.raises(ImportError, match=message):
            choose("numba")
    assert used(10**7, 2.0) == "numpy"


@NEEDS_NUMBA
@pytest.mark.usefixtures("forget")
def test_where_compiled_code_cannot_be_kept_only_an_explicit_choice_compiles(monkeypatch):
    importlib.import_module("gradpair._kernels.cross_entropy_loops")  # which is put back
    path = Path(kernels.__file__).with_name("vector.py")
    nowhere = types.ModuleType("gradpair._kernels.vector")
    exec(compile(path.read_text(), "<no file>", "exec"), nowhere.__dict__)
    assert not nowhere.KEEPS_CODE
    monkeypatch.setitem(sys.modules, "gradpair._kernels.vector", nowhere)
    monkeypatch.delitem(sys.modules, "gradpair._kernels.cross_entropy_loops", raising=False)
    assert used(10**7, 0.0) == "numpy"
    y, z = LABELS["hard"], Z.astype(np.float32)
    expected = derivatives(gp.BinaryCrossEntropy(), y, z)
    with gp.kernel_context("numba"):
        loops = kernels.compiled_for(gp.BinaryCrossEntropy()._kernel, 10)
    assert loops.loop is nowhere.loop
    actual = derivatives(gp.BinaryCrossEntropy(), y, z, kernel="numba")
    assert_allclose(actual[0], expected[0], rtol=12 * EPS)


RUN = (
    "import numpy as np, gradpair as gp\n"
    "objective = gp.xgboost.objective(gp.FocalLoss(2.0))\n"
    "print(objective(np.ones(1_000_000), np.zeros(1_000_000, np.float32))[0][0])"
)


def run(environment):
    """What a training with many rows computes in a fresh process."""
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        env={**os.environ, **environment},
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    return float(done.stdout)


EXPECTED = float(gp.FocalLoss(2.0).gradient([1.0], [0.0])[0])


@NEEDS_NUMBA
@pytest.mark.parametrize("error", ["OSError('no libllvmlite.so')", "SystemError()"])
def test_a_damaged_numba_is_none(error, tmp_path):
    (tmp_path / "numba").mkdir()
    (tmp_path / "numba" / "__init__.py").write_text(f"raise {error}")
    path = os.pathsep.join([str(tmp_path), *sys.path])
    assert run({"PYTHONPATH": path}) == pytest.approx(EXPECTED, rel=1e-6)


@NEEDS_NUMBA
def test_damaged_code_on_disk_is_compiled_anew(tmp_path):
    cache = {"NUMBA_CACHE_DIR": str(tmp_path)}
    assert run(cache) == pytest.approx(EXPECTED, rel=1e-6)
    files = [path for path in tmp_path.rglob("*.nb?") if path.is_file()]
    assert files
    for path in files:
        path.write_bytes(path.read_bytes()[:100])
    assert run(cache) == pytest.approx(EXPECTED, rel=1e-6)


@NEEDS_NUMBA
def test_a_numba_that_may_not_compile_is_none():
    code = "import gradpair as gp; gp.set_kernel('numba')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert "NUMBA_DISABLE_JIT switches it off" in done.stderr


def test_few_rows_do_not_load_numba():
    code = (
        "import sys, numpy as np, gradpair as gp\n"
        "objective = gp.xgboost.objective(gp.FocalLoss(2.0))\n"
        "objective(np.zeros(999_999), np.zeros(999_999))\n"
        "print('numba' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
