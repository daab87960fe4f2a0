"""One suite that walks models of every kind of each host through what a native model can do."""

import json
import pickle
import re
import warnings

import lightgbm as lgb
import numpy as np
import pytest
import xgboost as xgb
from numpy.testing import assert_allclose, assert_array_equal

import gradpair as gp
from helpers.hosts import HOST, LIGHTGBM, XGBOOST, digits
from helpers.table import GenericCrossEntropy

# Boosting from a far-off start takes steps of hundreds, where float32 holds no 1e-6: bound them.
TREES = {"max_depth": 4, "nthread": 1, "max_delta_step": 2.0}
LOSS = gp.WeightedCrossEntropy(7.3)
DATA = digits()
MISSING = np.where(np.random.default_rng(3).random(DATA.x.shape) < 0.1, np.nan, DATA.x)
NAMES = [f"pixel{i}" for i in range(DATA.x.shape[1])]
KINDS = ["c" if i == 20 else "float" for i in range(DATA.x.shape[1])]
# Since 3.4 XGBoost says that dart and gblinear are deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:.*is deprecated:UserWarning")


def xgboost_model(start, rounds=12, x=DATA.x, params=None, **kwargs):
    """A booster by the host's own train: what it returns, and what it predicts on."""
    data = xgb.DMatrix(x, label=DATA.y, **kwargs)
    objective = gp.xgboost.objective(LOSS, start=start)
    if (params or {}).get("booster") != "gblinear":
        params = {**TREES, **(params or {})}
    return xgb.train(params, data, rounds, obj=objective), data


def xgboost_early_stopped(start):
    train, valid = (xgb.DMatrix(rows.x, label=rows.y) for rows in (DATA.train, DATA.test))
    booster = xgb.train(
        {"disable_default_eval_metric": 1, "nthread": 1}, train, 200,
        obj=gp.xgboost.objective(LOSS, start=start), evals=[(valid, "v")], verbose_eval=False,
        custom_metric=gp.xgboost.metric(LOSS, start=start), early_stopping_rounds=4,
    )  # fmt: skip
    return booster, xgb.DMatrix(DATA.x)


def xgboost_estimator(start):
    objective = gp.xgboost.objective(LOSS, start=start)
    model = XGBOOST.classifier(objective, rounds=12, max_delta_step=2.0).fit(DATA.x, DATA.y)
    return model.get_booster(), xgb.DMatrix(DATA.x)


XGBOOST_MODELS = {
    "obj alone": xgboost_model,
    "binary:logistic": lambda c: xgboost_model(
        c, params={"objective": "binary:logistic", "base_score": 0.3}
    ),
    "binary:logitraw": lambda c: xgboost_model(
        c, params={"objective": "binary:logitraw", "base_score": 0.5}
    ),
    "single leaves": lambda c: xgboost_model(c, params={"gamma": 1e9}),
    "early stopped": xgboost_early_stopped,
    "estimator": xgboost_estimator,
    "missing values": lambda c: xgboost_model(c, x=MISSING),
    "feature names": lambda c: xgboost_model(c, feature_names=NAMES),
    "categories": lambda c: xgboost_model(c, feature_types=KINDS, enable_categorical=True),
    "monotone": lambda c: xgboost_model(c, params={"monotone_constraints": f"({'1,' * 63}-1)"}),
    "parallel trees": lambda c: xgboost_model(c, params={"num_parallel_tree": 2, "subsample": 0.5}),
    "dart": lambda c: xgboost_model(c, params={"booster": "dart", "rate_drop": 0.4}),
    "gblinear": lambda c: xgboost_model(
        c, x=DATA.x / 16, params={"booster": "gblinear", "updater": "coord_descent"}
    ),
}


def lightgbm_model(start, rounds=12, x=DATA.x, params=None, by_score=False, **kwargs):
    """A booster by the host's own train: what it returns, and what it predicts on."""
    init_score = np.full(DATA.y.size, start) if by_score else None
    objective = gp.lightgbm.objective(LOSS, start=0.0 if by_score else start)
    params = {"max_delta_step": 2.0, "metric": "None", **(params or {}), "objective": objective}
    params = {**LIGHTGBM.params, **params}
    data = lgb.Dataset(x, DATA.y, init_score=init_score, **kwargs)
    return lgb.train(params, data, rounds), x


def lightgbm_early_stopped(start):
    train = lgb.Dataset(DATA.train.x, DATA.train.y)
    valid = lgb.Dataset(DATA.test.x, DATA.test.y, reference=train)
    params = {**LIGHTGBM.params, "objective": gp.lightgbm.objective(LOSS, start=start)}
    params |= {"metric": "None", "early_stopping_round": 4}
    metric = gp.lightgbm.metric(LOSS, start=start)
    return lgb.train(params, train, 200, valid_sets=[valid], feval=metric), DATA.x


def lightgbm_estimator(start):
    objective = gp.lightgbm.objective(LOSS, start=start)
    model = LIGHTGBM.classifier(objective, rounds=12).fit(DATA.x, DATA.y)
    return model.booster_, DATA.x


LIGHTGBM_MODELS = {
    "train": lightgbm_model,
    "init_score": lambda c: lightgbm_model(c, by_score=True),
    "single leaves": lambda c: lightgbm_model(c, params={"min_gain_to_split": 1e9}),
    "early stopped": lightgbm_early_stopped,
    "estimator": lightgbm_estimator,
    "linear trees": lambda c: lightgbm_model(c, params={"linear_tree": True}),
    "missing values": lambda c: lightgbm_model(c, x=MISSING),
    "feature names": lambda c: lightgbm_model(c, feature_name=NAMES),
    "categories": lambda c: lightgbm_model(c, categorical_feature=[20]),
    "monotone": lambda c: lightgbm_model(c, params={"monotone_constraints": [1] * 63 + [-1]}),
    "dart": lambda c: lightgbm_model(c, params={"boosting": "dart", "drop_rate": 0.4}),
    "goss": lambda c: lightgbm_model(c, params={"data_sample_strategy": "goss"}),
}
MODELS = {
    **{("xgboost", kind): make for kind, make in XGBOOST_MODELS.items()},
    **{("lightgbm", kind): make for kind, make in LIGHTGBM_MODELS.items()},
}
FIRST = {"xgboost": ("xgboost", "obj alone"), "lightgbm": ("lightgbm", "train")}
EVERY = pytest.mark.parametrize("which", MODELS, ids=" ".join)


def every_kind_but(*kinds):
    """Every model but those kinds, for facts that do not hold for them by design."""
    return pytest.mark.parametrize("which", [w for w in MODELS if w[1] not in kinds], ids=" ".join)


def native_of(which, booster, constant, **kwargs):
    host = XGBOOST if which[0] == "xgboost" else LIGHTGBM
    return host.module.to_native(booster, LOSS, constant=constant, **kwargs)


def made(which, constant=-1.25):
    """A model of that kind, the native one made of it, and rows to predict."""
    booster, rows = MODELS[which](constant)
    return booster, native_of(which, booster, constant), rows


def margin(booster, rows, **kwargs):
    name = "output_margin" if isinstance(booster, xgb.Booster) else "raw_score"
    return booster.predict(rows, **{name: True}, **kwargs).astype(np.float64)


def model_bytes(booster):
    if isinstance(booster, xgb.Booster):
        return bytes(booster.save_raw("json"))
    return booster.model_to_string(num_iteration=-1).encode()


@EVERY
@pytest.mark.parametrize("constant", [-5.0, -1.25, 0.0, 2.5, 5.0])
def test_predictions_are_probabilities_that_include_the_constant(which, constant):
    if which[0] == "xgboost" and which[1] in ("gblinear", "dart"):
        constant = min(constant, 4.5)  # beside its own 0.5, what an intercept can hold
    booster, rows = MODELS[which](constant)
    before = model_bytes(booster)
    native = native_of(which, booster, constant)
    tolerance = 1e-6 if which[0] == "xgboost" else 1e-12
    expected = gp.sigmoid(margin(booster, rows) + constant)
    assert_allclose(native.predict(rows), expected, rtol=0, atol=tolerance)
    assert model_bytes(booster) == before


@EVERY
def test_everything_but_the_margin_is_kept(which):
    booster, native, rows = made(which)
    if which[1] == "early stopped":
        assert native.best_iteration == booster.best_iteration > 0
    if which[0] == "xgboost":
        assert native.feature_names == booster.feature_names
        assert native.feature_types == booster.feature_types
        assert native.attributes() == booster.attributes()
        assert native.num_boosted_rounds() == booster.num_boosted_rounds()
        if which[1] != "gblinear":
            assert_array_equal(*(b.predict(rows, pred_leaf=True) for b in (booster, native)))
            for kind in ("gain", "weight", "cover"):
                scores = [b.get_score(importance_type=kind) for b in (booster, native)]
                assert scores[0] == scores[1]
    else:
        assert native.feature_name() == booster.feature_name()
        assert native.num_trees() == booster.num_trees()
        assert_array_equal(*(b.predict(rows, pred_leaf=True) for b in (booster, native)))
        for kind in ("gain", "split"):
            assert_array_equal(*(b.feature_importance(kind) for b in (booster, native)))


@every_kind_but("linear trees")  # of which LightGBM has no contributions
def test_shap_contributions_sum_to_the_margin(which):
    _, native, rows = made(which)
    name = "pred_contribs" if which[0] == "xgboost" else "pred_contrib"
    contributions = native.predict(rows, **{name: True}).sum(axis=1)
    tolerance = 1e-5 if which[0] == "xgboost" else 1e-9
    assert_allclose(contributions, margin(native, rows), rtol=1e-6, atol=tolerance)


@EVERY
def test_predictions_survive_every_format(which, tmp_path):
    _, native, rows = made(which)
    expected = native.predict(rows)
    twins = [pickle.loads(pickle.dumps(native))]
    if which[0] == "xgboost":
        for suffix in ("json", "ubj"):
            native.save_model(tmp_path / f"model.{suffix}")
            twins.append(xgb.Booster(model_file=tmp_path / f"model.{suffix}"))
            twins.append(xgb.Booster(model_file=native.save_raw(suffix)))
    else:
        native.save_model(tmp_path / "model.txt")
        twins.append(lgb.Booster(model_file=tmp_path / "model.txt"))
        twins.append(lgb.Booster(model_str=native.model_to_string()))
    for twin in twins:
        assert_array_equal(twin.predict(rows), expected)


def reported(which, native, rows):
    """The built-in log loss and average precision that the host computes for a model."""
    if which[0] == "xgboost":
        loaded = xgb.Booster({"eval_metric": ["logloss", "aucpr"]}, model_file=native.save_raw())
        rows.set_label(DATA.y)
        return [float(v) for v in re.findall(r":([\d.]+)", loaded.eval(rows))]
    log = {}
    data = lgb.Dataset(rows, DATA.y, free_raw_data=False)
    params = {"objective": "binary", "metric": ["binary_logloss", "average_precision"]}
    lgb.train(
        {**params, "learning_rate": 1e-12, "verbosity": -1, "num_threads": 1}, data, 1,
        init_model=native, valid_sets=[lgb.Dataset(rows, DATA.y, reference=data)],
        callbacks=[lgb.record_evaluation(log)],
    )  # fmt: skip
    return [values[-1] for values in log["valid_0"].values()]


@every_kind_but("linear trees", "categories")  # whose rows would have to be described again
def test_built_in_metrics_are_right(which):
    _, native, rows = made(which)
    logloss, _ = reported(which, native, rows)
    expected = gp.BinaryCrossEntropy().loss(DATA.y, margin(native, rows)).mean()
    assert logloss == pytest.approx(expected, rel=1e-4, abs=1e-5)


@every_kind_but("linear trees", "categories", "gblinear", "dart")  # the last two change old rounds
def test_native_training_continues_from_the_start(which):
    _, native, rows = made(which)
    if which[0] == "xgboost":
        rows.set_label(DATA.y)
        params = {"objective": "binary:logistic", "eta": 1e-9, "nthread": 1}
        more = xgb.train(params, rows, 2, xgb_model=native)
        assert more.num_boosted_rounds() == native.num_boosted_rounds() + 2
    else:
        data = lgb.Dataset(rows, DATA.y, params={"verbosity": -1})
        params = {**LIGHTGBM.params, "objective": "binary", "learning_rate": 1e-12}
        more = lgb.train(params, data, 2, init_model=native)
        assert more.num_trees() > native.num_trees()
    assert_allclose(more.predict(rows), native.predict(rows), rtol=0, atol=1e-6)


@every_kind_but("gblinear", "dart")  # which have no rounds to take, or change old ones
def test_the_first_rounds_alone_include_the_constant(which):
    booster, native, rows = made(which)
    if which[0] == "xgboost":
        expected = margin(booster[:3], rows) - 1.25
        assert_allclose(margin(native[:3], rows), expected, rtol=0, atol=1e-6)
        ranged = margin(native, rows, iteration_range=(0, 3))
        assert_allclose(ranged, expected, rtol=0, atol=1e-6)
    else:
        expected = margin(booster, rows, num_iteration=3) - 1.25
        assert_allclose(margin(native, rows, num_iteration=3), expected, rtol=0, atol=1e-12)


@EVERY
def test_calibration_shifts_the_margin(which):
    booster, native, rows = made(which)
    calibrated = native_of(which, booster, -1.25, calibrated=True)
    expected = LOSS.calibrated_probability(margin(native, rows))
    assert_allclose(calibrated.predict(rows), expected, rtol=0, atol=1e-6)
    again = native_of(which, native, 0.0, calibrated=True)
    assert_allclose(again.predict(rows), expected, rtol=0, atol=1e-6)


def test_feature_names_of_any_alphabet_are_kept():
    names = ["größe", "日本", 'a "quoted" name', *NAMES[3:]]
    booster, rows = xgboost_model(-1.25, feature_names=names)
    native = native_of(FIRST["xgboost"], booster, -1.25)
    assert native.feature_names == names
    assert_allclose(native.predict(rows), gp.sigmoid(margin(booster, rows) - 1.25), atol=1e-6)
    far = gp.xgboost.train({"nthread": 1}, rows, 2, loss=LOSS, constant=9.0)
    assert far.feature_names == names
    assert np.isfinite(far.predict(rows)).all()


def test_a_native_model_of_xgboost_runs_where_its_original_did():
    booster, _ = xgboost_model(-1.25)
    native = native_of(FIRST["xgboost"], booster, -1.25)
    generic = [json.loads(b.save_config())["learner"]["generic_param"] for b in (booster, native)]
    assert generic[0]["nthread"] == generic[1]["nthread"] == "1"


@pytest.mark.parametrize("constant", [None, 9.0])
def test_the_model_that_train_returns_evaluates_itself_by_the_built_in_metric(constant):
    data = xgb.DMatrix(DATA.x, label=DATA.y)
    booster = gp.xgboost.train(TREES, data, 5, loss=LOSS, constant=constant)
    expected = gp.BinaryCrossEntropy().loss(DATA.y, margin(booster, data)).mean()
    for twin in (booster, pickle.loads(pickle.dumps(booster))):
        reported = float(re.search(r"logloss:([0-9.]+)", twin.eval(data))[1])
        assert reported == pytest.approx(expected, rel=1e-4)


@HOST
def test_a_focal_model_becomes_native(host):
    loss = gp.FocalLoss(2.0, 7.3)
    start = gp.optimal_constant(loss, DATA.y)
    objective = host.module.objective(loss, start=start)
    model = host.classifier(objective, rounds=12).fit(DATA.x, DATA.y)
    booster = model.get_booster() if host.name == "xgboost" else model.booster_
    native = host.module.to_native(booster, loss, constant=start)
    trained = host.module.to_native(
        host.train(host.data(DATA.x, DATA.y), 12, loss=loss), loss, constant=0.0
    )
    expected = gp.sigmoid(host.margin(booster, DATA.x) + start)
    assert_allclose(host.probability(native, DATA.x), expected, rtol=0, atol=1e-6)
    assert np.corrcoef(host.margin(native, DATA.x), host.margin(trained, DATA.x))[0, 1] > 0.9


def test_lightgbm_refits_a_native_model():
    _, native, rows = made(("lightgbm", "train"))
    kept = native.refit(rows, DATA.y, decay_rate=1.0)
    assert_allclose(kept.predict(rows), native.predict(rows), rtol=1e-9)
    renewed = native.refit(rows, 1 - DATA.y, decay_rate=0.0)
    assert np.corrcoef(renewed.predict(rows), native.predict(rows))[0, 1] < 0


def test_the_estimator_of_xgboost_loads_a_native_model(tmp_path):
    _, native, rows = made(("xgboost", "obj alone"))
    native.save_model(tmp_path / "model.json")
    model = xgb.XGBClassifier()
    model.load_model(tmp_path / "model.json")
    assert_allclose(model.predict_proba(DATA.x)[:, 1], native.predict(rows), rtol=0, atol=1e-7)


@pytest.mark.parametrize("constant", [20.0, 100.0, -50.0])
def test_far_constants_are_right_to_half_a_unit_in_the_last_place_of_float32(constant):
    params = {"max_delta_step": 0.5, "base_score": 0.0}
    booster, rows = xgboost_model(constant, params=params)
    native = gp.xgboost.to_native(booster, LOSS, constant=constant)
    error = np.abs(margin(native, rows) - margin(booster, rows) - constant).max()
    assert error <= 12 * np.spacing(np.float32(abs(constant)))


@EVERY
def test_what_train_returns_is_native_already(which):
    _, native, rows = made(which)
    again = native_of(which, native, 0.0)
    assert_allclose(again.predict(rows), native.predict(rows), rtol=0, atol=1e-7)


# ---------------------------------------------------------------- converters


def onnx_predictions(convert, booster, x):
    onnxruntime = pytest.importorskip("onnxruntime")
    from onnxmltools.convert.common.data_types import FloatTensorType  # noqa: PLC0415

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the converters' own dependencies
        types = [("input", FloatTensorType([None, x.shape[1]]))]
        model = convert(booster, initial_types=types)
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), providers=["CPUExecutionProvider"]
        )
        probabilities = session.run(None, {"input": x.astype(np.float32)})[1]
    return np.array([p[1] for p in probabilities])


@HOST
@pytest.mark.parametrize("constant", [-1.25, 7.0])
def test_onnx_predicts_the_same(host, constant):
    onnxmltools = pytest.importorskip("onnxmltools")
    _, native, rows = made(FIRST[host.name], constant)
    convert = getattr(onnxmltools, f"convert_{host.name}")
    predicted = onnx_predictions(convert, native, DATA.x)
    assert_allclose(predicted, native.predict(rows), rtol=0, atol=1e-6)


@HOST
@pytest.mark.parametrize("constant", [-1.25, 7.0])
def test_treelite_predicts_the_same(host, constant):
    treelite = pytest.importorskip("treelite")
    _, native, rows = made(FIRST[host.name], constant)
    model = getattr(treelite.frontend, f"from_{host.name}")(native)
    x = DATA.x.astype(np.float32 if host.name == "xgboost" else np.float64)
    predicted = treelite.gtil.predict(model, x).ravel()
    assert_allclose(predicted, native.predict(rows), rtol=0, atol=1e-6)


def test_treelite_refuses_linear_trees():
    treelite = pytest.importorskip("treelite")
    _, native, _ = made(("lightgbm", "linear trees"))
    with pytest.raises(treelite.TreeliteError, match=r"linear trees .* not supported"):
        treelite.frontend.from_lightgbm(native)


def test_onnx_of_linear_trees_is_wrong_without_an_error():
    # The reason for the warning in the documentation of to_native.
    onnxmltools = pytest.importorskip("onnxmltools")
    _, native, rows = made(("lightgbm", "linear trees"))
    predicted = onnx_predictions(onnxmltools.convert_lightgbm, native, DATA.x)
    assert np.abs(predicted - native.predict(rows)).max() > 1e-3


# ---------------------------------------------------------------- refusals

FAULTS = {
    "an estimator": (
        lambda: gp.xgboost.to_native(xgb.XGBClassifier(), LOSS, constant=0.0),
        TypeError,
        "Of an estimator, pass model.get_booster().",
    ),
    "the other host's booster": (
        lambda: gp.lightgbm.to_native(xgb.Booster(), LOSS, constant=0.0),
        TypeError,
        "booster must be a lightgbm.Booster; got a xgboost.Booster",
    ),
    "a constant that is nan": (
        lambda: gp.xgboost.to_native(xgboost_model(0.0)[0], LOSS, constant=np.nan),
        ValueError,
        "constant must be finite",
    ),
    "calibration that is no shift": (
        lambda: gp.lightgbm.to_native(
            lightgbm_model(0.0)[0], GenericCrossEntropy(2.0), constant=0.0, calibrated=True
        ),
        ValueError,
        "use loss.calibrated_probability(margin)",
    ),
    "a model of LightGBM without a tree": (
        lambda: gp.lightgbm.to_native(
            lgb.Booster({"objective": "none", "verbosity": -1}, lgb.Dataset(DATA.x, DATA.y)),
            LOSS,
            constant=1.0,
        ),
        ValueError,
        "the booster has no tree yet",
    ),
    "calibration of the focal loss": (
        lambda: gp.xgboost.to_native(
            xgboost_model(0.0)[0], gp.FocalLoss(2.0), constant=0.0, calibrated=True
        ),
        ValueError,
        "FocalLoss(gamma=2.0, alpha=1.0) has none",
    ),
    "dart beyond its intercept": (
        lambda: gp.xgboost.to_native(XGBOOST_MODELS["dart"](9.0)[0], LOSS, constant=9.0),
        ValueError,
        "use booster='gbtree'",
    ),
    "a count objective of XGBoost": (
        lambda: gp.xgboost.to_native(
            xgboost_model(0.0, params={"objective": "count:poisson"})[0], LOSS, constant=0.0
        ),
        ValueError,
        "objective 'count:poisson', whose base_score has another meaning",
    ),
    "several classes of XGBoost": (
        lambda: gp.xgboost.to_native(
            xgb.train(
                {"objective": "multi:softprob", "num_class": 3},
                xgb.DMatrix(DATA.x, label=DATA.y),
                1,
            ),
            LOSS,
            constant=0.0,
        ),
        ValueError,
        "several targets or classes",
    ),
    "a regression of LightGBM": (
        lambda: gp.lightgbm.to_native(
            lgb.train({"objective": "l2", "verbosity": -1}, lgb.Dataset(DATA.x, DATA.y), 1),
            LOSS,
            constant=0.0,
        ),
        ValueError,
        "only a custom one can be made native",
    ),
    "several classes of LightGBM": (
        lambda: gp.lightgbm.to_native(
            lgb.train(
                {
                    "objective": lambda p, _: (p * 0 + 0.1, p * 0 + 1),
                    "num_class": 2,
                    "verbosity": -1,
                },
                lgb.Dataset(DATA.x, DATA.y),
                1,
            ),
            LOSS,
            constant=0.0,
        ),
        ValueError,
        "several classes or averaged trees",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_cannot_be_made_native_is_refused(name):
    call, kind, message = FAULTS[name]
    with pytest.raises(kind, match=re.escape(message)):
        call()


def test_a_json_model_of_another_shape_is_refused_with_the_hosts_version(monkeypatch):
    booster, _ = xgboost_model(0.0)
    model = json.loads(booster.save_raw("json"))
    del model["learner"]["gradient_booster"]["model"]["trees"][0]["left_children"]
    monkeypatch.setattr(json, "loads", lambda _: model)
    with pytest.raises(RuntimeError, match=f"XGBoost {xgb.__version__} is not as expected"):
        gp.xgboost.to_native(booster, LOSS, constant=1.0)
