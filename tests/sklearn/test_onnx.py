"""Pipelines that end in a BoostingClassifier, as ONNX."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import xgboost as xgb
from lightgbm import LGBMClassifier
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler

import gradpair as gp
from gradpair.sklearn import BoostingClassifier
from helpers.estimators import FOCAL, LOSS, cancer_frame
from helpers.hosts import HOST, LIGHTGBM, XGBOOST

pytest.importorskip("onnxmltools")
skl2onnx = pytest.importorskip("skl2onnx")
onnxruntime = pytest.importorskip("onnxruntime")
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of the converters
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]
import gradpair.sklearn.onnx  # noqa: E402 - after the packages that it needs

DOUBLE, Y = load_breast_cancer(return_X_y=True)
X = DOUBLE.astype(np.float32)
TEXT = np.where(Y == 1, "b", "m")


def convert(model, x=X, zipmap=False, **options):
    options = {BoostingClassifier: {"zipmap": zipmap, **options}}
    return skl2onnx.to_onnx(model, x[:1], options=options)


def predictions(model, inputs):
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    if not isinstance(inputs, dict):
        inputs = {session.get_inputs()[0].name: inputs}
    return session.run(None, inputs)


def assert_equal(onnx, model, x=X, inputs=None):
    labels, probabilities = predictions(onnx, x if inputs is None else inputs)
    assert_allclose(probabilities, model.predict_proba(x), rtol=0, atol=1e-5)
    assert_array_equal(labels, model.predict(x))


@HOST
@pytest.mark.parametrize("front", [(), (StandardScaler(),), (MinMaxScaler(), PCA(9))], ids=len)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_pipeline_predicts_the_same(host, front, dtype):
    x = DOUBLE.astype(dtype)
    model = make_pipeline(*front, BoostingClassifier(host.estimator(40), LOSS)).fit(x, TEXT)
    assert_equal(convert(model, x), model, x)


@HOST
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("y", [Y, TEXT, Y == 1, 2.0 * Y + 3], ids=lambda y: str(y.dtype))
def test_labels_of_every_kind_and_every_form_of_probabilities(host, y, dtype):
    x = DOUBLE.astype(dtype)
    model = BoostingClassifier(host.estimator(), FOCAL).fit(x, y)
    expected, classes = model.predict_proba(x), model.classes_.tolist()
    assert_equal(convert(model, x), model, x)
    labels, maps = predictions(convert(model, x, zipmap=True), x)
    assert_array_equal(labels, model.predict(x))
    assert list(maps[0]) == classes
    assert_allclose([[row[c] for c in classes] for row in maps], expected, rtol=0, atol=1e-5)
    labels, *columns = predictions(convert(model, x, zipmap="columns"), x)
    assert_array_equal(labels, model.predict(x))
    assert_allclose(np.column_stack(columns), expected, rtol=0, atol=1e-5)
    labels, _ = predictions(convert(model, x, nocl=True), x)
    assert_array_equal(labels, model.predict(x) == model.classes_[1])
    if y.dtype.kind in "iU":  # skl2onnx lists no others
        *_, told = predictions(convert(model, x, output_class_labels=True), x)
        assert told.tolist() == classes


@HOST
def test_labels_are_the_decisions_of_a_calibrated_model(host):
    x, y = X[::2], Y[::2]
    calibrated = BoostingClassifier(host.estimator(5), LOSS, calibrated=True).fit(x, y)
    for model in (calibrated, calibrated.recalibrate(X[1::2], Y[1::2])):
        assert_equal(convert(model), model)
        by_half = model.predict_proba(X)[:, 1] > 0.5
        assert not np.array_equal(by_half, model.predict(X))


@HOST
@pytest.mark.parametrize("set_output", ["default", "pandas"])
def test_a_column_transformer_in_front(host, set_output):
    frame = cancer_frame().iloc[:, :5].astype(np.float32)
    frame.columns = [name.replace(" ", "_") for name in frame.columns]
    frame["kind"] = np.where(np.arange(569) % 3, "p", "q")
    numbers = list(frame.columns[:5])
    columns = ColumnTransformer(
        [("n", StandardScaler(), numbers), ("t", OneHotEncoder(sparse_output=False), ["kind"])]
    ).set_output(transform=set_output)
    model = make_pipeline(columns, BoostingClassifier(host.estimator(30), LOSS)).fit(frame, TEXT)
    types = [(n, skl2onnx.common.data_types.FloatTensorType([None, 1])) for n in numbers]
    types.append(("kind", skl2onnx.common.data_types.StringTensorType([None, 1])))
    onnx = skl2onnx.convert_sklearn(
        model, initial_types=types, options={BoostingClassifier: {"zipmap": False}}
    )
    inputs = {name: frame[[name]].to_numpy() for name in frame}
    assert_equal(onnx, model, frame, {**inputs, "kind": inputs["kind"].astype(str).astype(object)})


@HOST
def test_onnxmltools_converts_it_too(host):
    from onnxmltools import convert_sklearn  # noqa: PLC0415

    model = BoostingClassifier(host.estimator(), LOSS).fit(X, Y)
    types = [("x", skl2onnx.common.data_types.FloatTensorType([None, 30]))]
    _, maps = predictions(convert_sklearn(model, initial_types=types, target_opset=17), X)
    assert_allclose([row[1] for row in maps], model.predict_proba(X)[:, 1], rtol=0, atol=1e-5)


WAYS = {
    "calibrated": lambda host: (host.estimator(), LOSS, {"calibrated": True}),
    "a start of 0": lambda host: (host.estimator(), gp.WeightedCrossEntropy.balanced, {}),
    "a far start": lambda host: (host.estimator(3), gp.WeightedCrossEntropy(1e9), {}),
    "no splits": lambda host: (host.estimator(3, **STUMP[host.name]), LOSS, {}),
    "one tree": lambda host: (host.estimator(1), LOSS, {}),
}
STUMP = {"xgboost": {"gamma": 1e9}, "lightgbm": {"min_split_gain": 1e9}}


@HOST
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_models_of_every_kind(host, way):
    estimator, loss, params = way(host)
    model = BoostingClassifier(estimator, loss, **params).fit(X, TEXT)
    assert_equal(convert(model), model)


def test_a_first_tree_of_one_leaf_of_0_is_no_other_start():
    model = BoostingClassifier(XGBOOST.estimator(3, gamma=1e9, learning_rate=0.0, base_score=0.5))
    assert_equal(convert(model.fit(X, TEXT)), model)


@HOST
def test_missing_values_go_where_they_did(host):
    for every, value in ((3, np.nan), (5, 0.0)):
        x = X.copy()
        x[::every, ::4] = value
        for trained in (x, X):
            model = BoostingClassifier(host.estimator(30), LOSS).fit(trained, TEXT)
            assert_equal(convert(model), model, x)


@HOST
def test_rounds_after_the_best_are_not_converted(host):
    estimator, fit_params = host.early_stopping(3)
    model = BoostingClassifier(estimator, LOSS)
    model.fit(X[::2], TEXT[::2], eval_set=[(X[1::2], TEXT[1::2])], **fit_params)
    assert model.best_iteration_ < 150
    assert_equal(convert(model), model)


def test_integers_and_names_of_features_are_no_hindrance():
    whole = pd.DataFrame(np.round(X[:, :4]).astype(np.int64), columns=["f3", "f2", "f1", "f0"])
    whole["flag"] = X[:, 4] > 0.1
    for host in (XGBOOST, LIGHTGBM):
        model = BoostingClassifier(host.estimator(30), LOSS).fit(whole, TEXT)
        assert_equal(
            convert(model, whole.to_numpy(np.float32)), model, whole, whole.to_numpy(np.float32)
        )
    model = BoostingClassifier(XGBOOST.estimator(1, num_parallel_tree=9), LOSS).fit(X, TEXT)
    assert_equal(convert(model), model)


KINDS = pd.DataFrame({"kind": pd.Categorical(np.where(Y ^ (np.arange(569) % 9 == 0), "p", "q"))})
REFUSED = {
    "offsets": (XGBOOST.estimator(2), LOSS, {"offset": X[:, 0]}, X, "fitted with offset="),
    "zeros": (xgb.XGBClassifier(n_estimators=2, missing=0.0), LOSS, {}, X, "missing=0.0"),
    "linear": (xgb.XGBClassifier(booster="gblinear"), LOSS, {}, X, "booster='gbtree'"),
    "dropout": (
        xgb.XGBClassifier(n_estimators=3, booster="dart", rate_drop=0.3), LOSS, {}, X, "t dropout",
    ),
    "categories": (XGBOOST.estimator(2, enable_categorical=True), LOSS, {}, KINDS, "no codes"),
    "LightGBM's": (LIGHTGBM.estimator(2), LOSS, {}, KINDS, "no codes of categories"),
    "linear trees": (LIGHTGBM.estimator(2, linear_tree=True), LOSS, {}, X, "slopes of linear"),
    "LightGBM's zeros": (LIGHTGBM.estimator(2, zero_as_missing=True), LOSS, {}, X, "zero_as_miss"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("estimator", "loss", "fit_params", "x", "reason"), REFUSED.values(), ids=REFUSED
)
@pytest.mark.filterwarnings("ignore")  # the hosts deprecate some of these
def test_what_onnx_cannot_hold_is_refused_with_the_reason(estimator, loss, fit_params, x, reason):
    model = BoostingClassifier(estimator, loss).fit(x, TEXT, **fit_params)
    with pytest.raises(ValueError, match=reason):
        convert(model)


@HOST
def test_a_correction_that_is_not_in_the_model_is_refused(host):
    model = BoostingClassifier(host.estimator(2), FOCAL, calibrated=True).fit(X, TEXT)
    with pytest.raises(ValueError, match="correction of calibrated=True is not in the model"):
        convert(model)


def test_labels_that_are_neither_integers_nor_text_are_refused():
    y = np.where(Y == 1, np.datetime64("2020-01-01"), np.datetime64("2021-01-01"))
    model = BoostingClassifier(LGBMClassifier(n_estimators=2, verbose=-1)).fit(X, y)
    with pytest.raises(ValueError, match="Label types must be all integers or all strings"):
        convert(model)


def test_several_inputs_and_unfitted_models_are_refused():
    with pytest.raises(NotFittedError):
        convert(BoostingClassifier(XGBOOST.estimator(2)))
    model = BoostingClassifier(XGBOOST.estimator(2)).fit(X, Y)
    kind = skl2onnx.common.data_types.FloatTensorType
    types = [("a", kind([None, 1])), ("b", kind([None, 29]))]
    with pytest.raises(ValueError, match="one table of all features, and got 2 inputs"):
        skl2onnx.convert_sklearn(model, initial_types=types)


def test_without_the_converters_the_error_says_what_to_install():
    code = (
        "import sys; sys.modules['skl2onnx'] = None\n"
        "try:\n    import gradpair.sklearn.onnx\nexcept ModuleNotFoundError as e:\n    print(e)"
    )
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert "pip install 'gradpair[onnx]'" in done.stdout
