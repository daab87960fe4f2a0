"""Every kind of input and of tree: `train` against the built-in objective from the same start."""

import lightgbm as lgb
import numpy as np
import pytest
import scipy.sparse
import xgboost as xgb
from numpy.testing import assert_allclose
from packaging.version import Version

import gradpair as gp
from helpers.hosts import HOST, LIGHTGBM, XGBOOST, digits

DATA = digits()
LOSS = gp.WeightedCrossEntropy(7.3)
ROUNDS = 15
NAMES = [f"pixel{i}" for i in range(DATA.x.shape[1])]
START = gp.optimal_constant(LOSS, DATA.y)
MISSING = np.where(np.random.default_rng(3).random(DATA.x.shape) < 0.1, np.nan, DATA.x)
pytestmark = pytest.mark.filterwarnings("ignore:.*is deprecated:UserWarning")  # dart, since 3.4


def frame(kind):
    """The rows as a table of another library, one column a category."""
    library = pytest.importorskip(kind)
    if kind == "pandas":
        table = library.DataFrame(DATA.x, columns=NAMES)
        return table.assign(kind=library.Categorical(np.where(DATA.x[:, 20] > 8, "dark", "light")))
    columns = dict(zip(NAMES, np.ascontiguousarray(DATA.x.T), strict=True))
    return library.DataFrame(columns) if kind == "polars" else library.table(columns)


def needs(module, version):
    return pytest.mark.skipif(
        Version(module.__version__) < Version(version), reason=f"since {module.__name__} {version}"
    )


def external_memory(tmp_path, **kwargs):
    """A DMatrix whose rows come in batches and are kept on disk."""

    class Batches(xgb.DataIter):
        def __init__(self):
            self.parts = iter(())
            super().__init__(cache_prefix=str(tmp_path / "cache"))

        def reset(self):
            rows = np.array_split(np.arange(DATA.y.size), 3)
            self.parts = iter([(DATA.x[part], DATA.y[part]) for part in rows])

        def next(self, input_data):
            for x, y in self.parts:
                input_data(data=x, label=y)
                return 1
            return 0

    return xgb.DMatrix(Batches(), **kwargs)


XGBOOST_ROWS = {
    "arrays": lambda _: xgb.DMatrix(DATA.x, label=DATA.y),
    "missing values": lambda _: xgb.DMatrix(MISSING, label=DATA.y),
    "sparse": lambda _: xgb.DMatrix(scipy.sparse.csr_matrix(DATA.x), label=DATA.y),
    "pandas": lambda _: xgb.DMatrix(frame("pandas"), label=DATA.y, enable_categorical=True),
    "polars": lambda _: xgb.DMatrix(frame("polars"), label=DATA.y),
    "arrow": lambda _: xgb.DMatrix(frame("pyarrow"), label=DATA.y),
    "quantiles": lambda _: xgb.QuantileDMatrix(DATA.x, label=DATA.y),
    "external memory": external_memory,
    "weights": lambda _: xgb.DMatrix(DATA.x, label=DATA.y, weight=DATA.weight),
}
XGBOOST_TREES = {
    "depth": {"max_depth": 3},
    "exact": {"tree_method": "exact"},
    "approx": {"tree_method": "approx"},
    "leaf-wise": {"grow_policy": "lossguide", "max_leaves": 9},
    "subsample": {"subsample": 0.6, "colsample_bytree": 0.5, "seed": 3},
    "monotone": {"monotone_constraints": "(" + "1," * 63 + "-1)"},
    "max_delta_step": {"max_delta_step": 0.7},
    "dart": {"booster": "dart", "rate_drop": 0.3},
    "parallel trees": {"num_parallel_tree": 2, "subsample": 0.5},
    "heavy leaves": {"min_child_weight": 8, "lambda": 3, "alpha": 0.2, "gamma": 0.1},
}


def same_in_xgboost(data, params):
    start = START
    if data.get_weight().size:
        start = gp.optimal_constant(LOSS, DATA.y, sample_weight=DATA.weight)
    native = {"objective": "binary:logistic", "scale_pos_weight": 7.3}
    native |= {**params, "base_score": float(gp.sigmoid(start))}
    expected = xgb.train(native, data, ROUNDS).predict(data)
    ours = gp.xgboost.train(params, data, ROUNDS, loss=LOSS).predict(data)
    assert_allclose(ours, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(rows, marks=needs(xgb, "3.0") if rows in ("polars", "arrow") else ())
        for rows in XGBOOST_ROWS
    ],
)
def test_xgboost_takes_rows_as(rows, tmp_path):
    same_in_xgboost(XGBOOST_ROWS[rows](tmp_path), XGBOOST.params)


@pytest.mark.parametrize("trees", XGBOOST_TREES)
def test_xgboost_grows_trees_by(trees):
    data = xgb.DMatrix(DATA.x, label=DATA.y)
    same_in_xgboost(data, {**XGBOOST.params, **XGBOOST_TREES[trees]})


class Pixels(lgb.Sequence):
    """Rows that LightGBM reads in batches."""

    batch_size = 256

    def __getitem__(self, index):
        return DATA.x[index]

    def __len__(self):
        return len(DATA.x)


def table_file(tmp_path):
    """Rows and labels in a file."""
    path = tmp_path / "rows.csv"
    np.savetxt(path, np.column_stack([DATA.y, DATA.x]), delimiter=",", fmt="%g")
    return str(path)


CATEGORY = {"categorical_feature": [20]}
LIGHTGBM_ROWS = {
    "arrays": lambda _, **kw: (lgb.Dataset(DATA.x, DATA.y, **kw), DATA.x),
    "missing values": lambda _, **kw: (lgb.Dataset(MISSING, DATA.y, **kw), MISSING),
    "sparse": lambda _, **kw: (lgb.Dataset(scipy.sparse.csr_matrix(DATA.x), DATA.y, **kw), DATA.x),
    "pandas": lambda _, **kw: (lgb.Dataset(frame("pandas"), DATA.y, **kw), frame("pandas")),
    "polars": lambda _, **kw: (lgb.Dataset(frame("polars"), DATA.y, **kw), frame("polars")),
    "arrow": lambda _, **kw: (lgb.Dataset(frame("pyarrow"), DATA.y, **kw), frame("pyarrow")),
    "categories": lambda _, **kw: (lgb.Dataset(DATA.x, DATA.y, **CATEGORY, **kw), DATA.x),
    "batches": lambda _, **kw: (lgb.Dataset(Pixels(), DATA.y, **kw), DATA.x),
    "a file": lambda path, **kw: (
        lgb.Dataset(table_file(path), params={"label_column": 0, "verbosity": -1}, **kw),
        DATA.x,
    ),
    "weights": lambda _, **kw: (lgb.Dataset(DATA.x, DATA.y, weight=DATA.weight, **kw), DATA.x),
}
LIGHTGBM_TREES = {
    "leaves": {"num_leaves": 7},
    "goss": {"data_sample_strategy": "goss"},
    # Not feature_fraction: beside a custom objective LightGBM draws other columns (seen in 4.7.0).
    "bagging": {"bagging_fraction": 0.6, "bagging_freq": 1, "seed": 3},
    "linear trees": {"linear_tree": True},
    "monotone": {"monotone_constraints": [1] * 63 + [-1]},
    "max_delta_step": {"max_delta_step": 0.7},
    "quantized gradients": {"use_quantized_grad": True, "stochastic_rounding": False},
    "heavy leaves": {"min_sum_hessian_in_leaf": 5.0, "lambda_l2": 3.0, "lambda_l1": 0.2},
    "extra trees": {"extra_trees": True, "extra_seed": 3},
    "path smoothing": {"path_smooth": 2.0},
}


def same_in_lightgbm(make, params, start):
    native = {**params, "objective": "binary", "scale_pos_weight": 7.3}
    data, x = make(init_score=np.full(DATA.y.size, start))
    raw = lgb.train(native, data, ROUNDS).predict(x, raw_score=True) + start
    ours = gp.lightgbm.train(params, make()[0], ROUNDS, loss=LOSS)
    assert_allclose(ours.predict(x), gp.sigmoid(raw), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(rows, marks=needs(lgb, "4.7") if rows == "polars" else ())
        for rows in LIGHTGBM_ROWS
    ],
)
def test_lightgbm_takes_rows_as(rows, tmp_path):
    if rows == "arrow":
        pytest.importorskip("cffi")  # LightGBM reads Arrow through it
    weight = DATA.weight if rows == "weights" else None
    start = gp.optimal_constant(LOSS, DATA.y, sample_weight=weight)
    same_in_lightgbm(
        lambda **kwargs: LIGHTGBM_ROWS[rows](tmp_path, **kwargs), LIGHTGBM.params, start
    )


@pytest.mark.parametrize("trees", LIGHTGBM_TREES)
def test_lightgbm_grows_trees_by(trees):
    same_in_lightgbm(
        lambda **kwargs: LIGHTGBM_ROWS["arrays"](None, **kwargs),
        {**LIGHTGBM.params, **LIGHTGBM_TREES[trees]},
        START,
    )


@HOST
def test_both_hosts_take_offsets_of_each_row(host):
    constant = gp.optimal_constant(LOSS, DATA.y, offset=DATA.offset)
    whole = DATA.offset + constant
    if host.name == "xgboost":
        native = {**host.params, "objective": "binary:logistic", "scale_pos_weight": 7.3}
        rows = xgb.DMatrix(DATA.x, label=DATA.y, base_margin=whole)
        expected = xgb.train(native, rows, ROUNDS).predict(rows)
        own = xgb.DMatrix(DATA.x, label=DATA.y, base_margin=DATA.offset)
        ours = gp.xgboost.train(host.params, own, ROUNDS, loss=LOSS).predict(own)
        assert_allclose(ours, expected, rtol=0, atol=2e-6)
    else:
        native = {**host.params, "objective": "binary", "scale_pos_weight": 7.3}
        rows = lgb.Dataset(DATA.x, DATA.y, init_score=whole)
        expected = lgb.train(native, rows, ROUNDS).predict(DATA.x, raw_score=True) + whole
        own = lgb.Dataset(DATA.x, DATA.y, init_score=DATA.offset)
        ours = gp.lightgbm.train(host.params, own, ROUNDS, loss=LOSS)
        raw = ours.predict(DATA.x, raw_score=True) + DATA.offset
        assert_allclose(gp.sigmoid(raw), gp.sigmoid(expected), rtol=0, atol=1e-6)


@HOST
@pytest.mark.parametrize("constant", [None, 9.0])
def test_twenty_rounds_and_thirty_equal_fifty(host, constant):
    name = "xgb_model" if host.name == "xgboost" else "init_model"
    # From far off, only bounded steps keep float32 margins small enough for 1e-6.
    params = {"max_delta_step": 0.5} if constant else {}
    whole = host.train(host.data(DATA.x, DATA.y), 50, loss=LOSS, constant=constant, params=params)
    part = host.train(host.data(DATA.x, DATA.y), 20, loss=LOSS, constant=constant, params=params)
    rest = host.train(host.data(DATA.x, DATA.y), 30, loss=LOSS, params=params, **{name: part})
    assert_allclose(
        host.probability(rest, DATA.x), host.probability(whole, DATA.x), rtol=0, atol=1e-6
    )


@HOST
def test_every_native_model_can_be_continued_by_train(host):
    """A built-in model, one of train, one made native: 20 + 30 rounds equal 50."""
    name = "xgb_model" if host.name == "xgboost" else "init_model"
    library = xgb if host.name == "xgboost" else lgb
    loss = gp.BinaryCrossEntropy()
    start = gp.optimal_constant(loss, DATA.y)
    whole = host.probability(host.train(host.data(DATA.x, DATA.y), 50, loss=loss), DATA.x)

    params, _ = host.module.native(loss, DATA.y)
    builtin = library.train({**host.params, **params}, host.data(DATA.x, DATA.y), 20)
    objective = host.module.objective(loss, start=start)
    if host.name == "xgboost":
        raw = {**host.params, "base_score": 0.0}
        custom = xgb.train(raw, host.data(DATA.x, DATA.y), 20, obj=objective)
    else:
        custom = lgb.train({**host.params, "objective": objective}, host.data(DATA.x, DATA.y), 20)
    made = host.module.to_native(custom, loss, constant=start)
    for model in (builtin, made):
        rest = host.train(host.data(DATA.x, DATA.y), 30, loss=loss, **{name: model})
        assert_allclose(host.probability(rest, DATA.x), whole, rtol=0, atol=1e-6)
