"""CatBoost against its own objectives from the same start, and what comes out of training."""

import pickle
import subprocess
import sys
import threading

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import gradpair as gp
from gradpair.sklearn import BoostingClassifier
from helpers.catboost_rows import (
    BCE,
    DATA,
    FOCAL,
    NO_FILES,
    PARAMS,
    TEST,
    TRAIN,
    WCE,
    built_in,
    cb,
    pool,
    probability,
    raw,
)  # fmt: skip

HARD = {"weighted": TRAIN.weight, "unweighted": None}
OFFSET = TRAIN.offset.astype(np.float32)


def constant(loss, y=TRAIN.y, weight=None, offset=None):
    """The optimal constant as a baseline holds it, in float32."""
    return float(np.float32(gp.optimal_constant(loss, y, offset=offset, sample_weight=weight)))


@pytest.mark.parametrize("weight", HARD.values(), ids=HARD)
@pytest.mark.parametrize("policy", ["SymmetricTree", "Lossguide"])
def test_cross_entropy_is_logloss_from_the_same_start(policy, weight):
    start, data = constant(BCE, weight=weight), pool(weight=weight)
    params = {**PARAMS, "grow_policy": policy}
    model = gp.catboost.train(params, data, loss=BCE, constant=start)
    expected = raw(built_in(data, start, grow_policy=policy)) + start
    assert_allclose(raw(model), expected, rtol=0, atol=1e-12)
    assert np.ptp(expected) > 5
    fitted = gp.catboost.train(params, data, loss=BCE)
    assert_allclose(raw(fitted), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("weight", HARD.values(), ids=HARD)
def test_weighted_cross_entropy_is_scale_pos_weight_from_the_same_start(weight):
    start, data = constant(WCE, weight=weight), pool(weight=weight)
    model = gp.catboost.train(PARAMS, data, loss=WCE)
    other = built_in(data, start, scale_pos_weight=7.3)
    assert_allclose(probability(model), gp.sigmoid(raw(other) + start), rtol=0, atol=1e-6)
    structures = gp.catboost.HOST.structures
    assert structures(model) == structures(other)
    assert len(structures(model)) == 50


def test_soft_labels_are_cross_entropy_of_catboost():
    y = 0.1 + 0.7 * TRAIN.y
    data, start = pool(y=y, weight=TRAIN.weight), constant(BCE, y, TRAIN.weight)
    model = gp.catboost.train(PARAMS, data, loss=BCE, constant=start)
    assert_allclose(raw(model), raw(built_in(data, start, "CrossEntropy")) + start, atol=1e-12)
    assert_array_equal(model.classes_, [0, 1])
    # Of a loss without an equivalent: every one of a soft label is a row of each class.
    both = cb.Pool(
        np.repeat(TRAIN.x, 2, axis=0),
        np.tile([1, 0], TRAIN.y.size),
        weight=np.stack([y, 1 - y], axis=1).ravel(),
    )
    rows = {"random_strength": 0.0, "bootstrap_type": "No"}
    soft = gp.catboost.train({**PARAMS, **rows}, pool(y=y), 3, loss=FOCAL)
    hard = gp.catboost.train({**PARAMS, **rows, "l2_leaf_reg": 1.5}, both, 3, loss=FOCAL)
    assert np.corrcoef(raw(soft), raw(hard))[0, 1] > 0.99


def test_the_constant_is_on_top_of_the_baseline():
    data = pool(weight=TRAIN.weight, offset=OFFSET)
    start = constant(WCE, weight=TRAIN.weight, offset=OFFSET)
    model = gp.catboost.train(PARAMS, data, loss=WCE)
    expected = raw(built_in(data, start, scale_pos_weight=7.3)) + start
    assert_allclose(raw(model), expected, rtol=0, atol=5e-6)
    assert_allclose(raw(model, pool(TEST, offset=TEST.offset)), raw(model) + TEST.offset, atol=1e-6)


def test_the_focal_loss_descends_with_its_positive_hessian():
    data = pool(y=np.roll(TRAIN.y, 0), weight=TRAIN.weight)
    start = gp.optimal_constant(FOCAL, TRAIN.y, sample_weight=TRAIN.weight)
    model = gp.catboost.train(PARAMS, data, loss=FOCAL, eval_set=data)
    history = model.evals_result_["validation"]["focal_loss"]
    first = np.average(FOCAL.loss(TRAIN.y, np.full(TRAIN.y.size, start)), weights=TRAIN.weight)
    assert first > history[0] > history[9] > history[-1]
    assert all(np.diff(history) < 1e-3)
    # One leaf: a Newton step of the sums of both derivatives, with CatBoost's regularisation.
    one = {"iterations": 1, "depth": 1, "learning_rate": 1.0, "l2_leaf_reg": 3.0}
    stump = gp.catboost.train({**PARAMS, **one, "bootstrap_type": "No"}, data, loss=FOCAL)
    g, _ = FOCAL.gradient_hessian(TRAIN.y, np.full(TRAIN.y.size, start), TRAIN.weight)
    margins = np.full(TRAIN.y.size, start)
    h = (
        TRAIN.weight
        * gp.functional.focal_loss_gradient_positive_hessian(
            TRAIN.y, margins, gamma=FOCAL.gamma, alpha=FOCAL.alpha
        )[1]
    )
    values = raw(stump, TRAIN.x)
    leaves = [values == value for value in np.unique(values)]
    assert len(leaves) == 2
    for leaf in leaves:
        regularised = 3.0 * TRAIN.weight.sum() / TRAIN.y.size
        expected = start - g[leaf].sum() / (h[leaf].sum() + regularised)
        assert_allclose(values[leaf][0], expected, rtol=1e-5)


def test_categories_and_missing_values_go_to_catboost_as_they_are():
    def frame(rows):
        x = rows.x.copy()
        x[::7, 20] = np.nan
        made = pd.DataFrame(x, columns=[f"f{i}" for i in range(x.shape[1])])
        made["kind"] = pd.Categorical(np.array(["a", "b", "c"])[rows.x[:, 42].astype(int) % 3])
        return made

    start = constant(WCE)
    data = cb.Pool(frame(TRAIN), TRAIN.y, cat_features=["kind"])
    model = gp.catboost.train(PARAMS, data, loss=WCE, constant=start)
    other = built_in(data, start, scale_pos_weight=7.3)
    new = cb.Pool(frame(TEST), cat_features=["kind"])
    assert_allclose(raw(model, new), raw(other, new) + start, rtol=0, atol=1e-5)
    assert model.feature_names_ == list(frame(TEST).columns)
    assert model.feature_importances_.shape == (65,)


def test_rows_in_a_file_train_as_rows_in_memory_do(tmp_path):
    path, columns = tmp_path / "rows.csv", tmp_path / "columns"
    np.savetxt(path, np.column_stack([TRAIN.y, TRAIN.weight, TRAIN.x]), delimiter=",", fmt="%.17g")
    columns.write_text("0\tLabel\n1\tWeight\n")
    data = cb.Pool(str(path), column_description=str(columns), delimiter=",")
    for loss in (WCE, FOCAL):
        model = gp.catboost.train(PARAMS, data, 10, loss=loss, eval_set=data)
        expected = gp.catboost.train(PARAMS, pool(weight=TRAIN.weight), 10, loss=loss)
        assert_allclose(raw(model), raw(expected), rtol=0, atol=1e-9)


def test_text_becomes_the_bag_of_words_alone():
    words = np.array(["good red", "bad blue thing", "red thing", "blue"])
    frame = pd.DataFrame(TRAIN.x[:, 30:34]).rename(columns=str)
    frame["text"] = words[TRAIN.x[:, 42].astype(int) % 2 + 2 * (TRAIN.x[:, 20] > 4)]
    data, start = cb.Pool(frame, TRAIN.y, text_features=["text"]), constant(FOCAL)
    model = gp.catboost.train(PARAMS, data, loss=BCE, constant=start)
    other = built_in(data, start, feature_calcers=["BoW"])
    assert_allclose(raw(model, data), raw(other, data) + start, rtol=0, atol=1e-12)
    assert model.feature_importances_[-1] > 1
    assert np.abs(raw(model, data) - raw(built_in(data, start), data) - start).max() > 0.1
    classifier = BoostingClassifier(cb.CatBoostClassifier(**PARAMS, text_features=("text",)), BCE)
    expected = gp.catboost.train(PARAMS, data, loss=BCE)
    margins = classifier.fit(frame, TRAIN.y).decision_function(frame)
    assert_allclose(margins, raw(expected, data), rtol=0, atol=1e-12)


def test_the_metric_is_the_weighted_mean_loss_of_the_model():
    valid = pool(TEST, weight=TEST.weight, offset=TEST.offset)
    data = pool(weight=TRAIN.weight, offset=OFFSET)
    for loss in (WCE, FOCAL):
        model = gp.catboost.train(PARAMS, data, 10, loss=loss, eval_set=valid)
        for part, rows, held in (("learn", TRAIN, data), ("validation", TEST, valid)):
            expected = np.average(loss.loss(rows.y, raw(model, held)), weights=rows.weight)
            assert_allclose(model.evals_result_[part][loss.name][-1], expected, rtol=1e-6)


def test_metrics_of_catboost_see_the_start():
    named = {"custom_metric": ["Logloss", "F1", "AUC"], "eval_metric": "PRAUC"}
    model = gp.catboost.train({**PARAMS, **named}, pool(), 10, loss=BCE, eval_set=pool(TEST))
    found = model.evals_result_["validation"]
    expected = np.mean(BCE.loss(TEST.y, raw(model)))
    keys = [key for key in found if key.startswith("Logloss")]
    assert_allclose(found[keys[0]][model.tree_count_ - 1], expected, rtol=1e-6)
    bare = gp.catboost.train(PARAMS, pool(), 10, loss=BCE)
    assert_allclose(raw(model), raw(bare, ntree_end=model.tree_count_), rtol=0, atol=1e-6)


def test_training_stops_early_by_the_loss_and_keeps_the_best_rounds():
    params = {**PARAMS, "learning_rate": 0.9}
    model = gp.catboost.train(
        params, pool(), 300, loss=WCE, eval_set=(TEST.x, TEST.y), early_stopping_rounds=7
    )
    history = model.evals_result_["validation"]["weighted_cross_entropy"]
    assert model.best_iteration_ == np.argmin(history) == len(history) - 8
    assert model.tree_count_ == model.best_iteration_ + 1 < 290
    whole = gp.catboost.train(
        {**params, "use_best_model": False}, pool(), 300, loss=WCE, evals=[pool(TEST)],
        early_stopping_rounds=7,
    )  # fmt: skip
    assert whole.tree_count_ == len(history)


def test_callbacks_see_every_round_and_can_end_the_training():
    class Stop:
        def __init__(self):
            self.seen = []

        def after_iteration(self, info):
            self.seen.append(info.metrics["learn"]["focal_loss"][-1])
            return info.iteration < 5

    stop = Stop()
    model = gp.catboost.train(PARAMS, pool(), loss=FOCAL, callbacks=[stop])
    assert model.tree_count_ == len(stop.seen) == 5
    expected = [np.mean(FOCAL.loss(TRAIN.y, raw(model, TRAIN.x, ntree_end=n))) for n in (1, 5)]
    assert_allclose([stop.seen[0], stop.seen[-1]], expected, rtol=1e-9)


def test_a_training_goes_on_from_its_snapshot(tmp_path):
    kept = {"save_snapshot": True, "snapshot_file": "progress", "snapshot_interval": 0}
    params = {**PARAMS, "train_dir": str(tmp_path)}

    class Interrupted:
        def after_iteration(self, info):
            return info.iteration < 20

    gp.catboost.train(params, pool(), loss=FOCAL, callbacks=[Interrupted()], **kept)
    assert (tmp_path / "progress").exists()
    resumed = gp.catboost.train(params, pool(), loss=FOCAL, **kept)
    whole = gp.catboost.train(PARAMS, pool(), loss=FOCAL)
    assert resumed.tree_count_ == 50
    assert_allclose(raw(resumed), raw(whole), rtol=0, atol=1e-12)


def test_a_model_is_continued_with_its_start_inside():
    for first in (
        gp.catboost.train(PARAMS, pool(), 10, loss=WCE),
        gp.catboost.train(PARAMS, pool(y=0.1 + 0.7 * TRAIN.y), 10, loss=FOCAL),
        cb.CatBoostClassifier(**PARAMS, **NO_FILES, boost_from_average=True).fit(TRAIN.x, TRAIN.y),
    ):
        rounds, before = first.tree_count_, raw(first)
        model = gp.catboost.train(PARAMS, pool(), 15, loss=FOCAL, init_model=first)
        assert model.tree_count_ == rounds + 15
        assert_allclose(raw(model, ntree_end=rounds), before, rtol=0, atol=1e-12)
        history = model.evals_result_["learn"]["focal_loss"]
        assert_allclose(history[-1], np.mean(FOCAL.loss(TRAIN.y, raw(model, TRAIN.x))), rtol=1e-6)
        assert_array_equal(raw(first), before)


def test_nothing_is_written_unless_it_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    gp.catboost.train(PARAMS, pool(), 3, loss=FOCAL, eval_set=pool(TEST))
    gp.catboost.cv(PARAMS, pool(), 3, loss=WCE)
    gp.sklearn.BoostingClassifier(cb.CatBoostClassifier(**PARAMS), FOCAL).fit(TRAIN.x, TRAIN.y)
    assert list(tmp_path.iterdir()) == []
    gp.catboost.train({**PARAMS, "train_dir": "kept"}, pool(), 3, loss=FOCAL)
    assert (tmp_path / "kept" / "learn_error.tsv").exists()


def test_what_is_passed_in_stays_as_it_is():
    data, valid = pool(weight=TRAIN.weight, offset=OFFSET), pool(TEST, offset=TEST.offset)
    params = {**PARAMS, "custom_metric": ["AUC"]}
    before, fields = dict(params), [np.array(data.get_weight()), np.array(data.get_baseline())]
    models = [gp.catboost.train(params, data, 5, loss=WCE, eval_set=valid) for _ in range(2)]
    assert params == before
    assert_array_equal(data.get_weight(), fields[0])
    assert_array_equal(data.get_baseline(), fields[1])
    assert_array_equal(raw(models[0]), raw(models[1]))


def test_threads_that_share_an_objective_get_the_same_models():
    objective, told = gp.catboost.objective(FOCAL, start=-0.4), gp.catboost.metric(FOCAL)
    params = {**PARAMS, **NO_FILES, "iterations": 8, "thread_count": 3}
    params |= {"loss_function": objective, "eval_metric": told}
    expected, found = raw(cb.CatBoost(params).fit(pool())), []
    threads = [
        threading.Thread(target=lambda: found.append(raw(cb.CatBoost(params).fit(pool()))))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(100)
    assert len(found) == 4
    for values in found:
        assert_allclose(values, expected, rtol=0, atol=1e-12)


ELSEWHERE = """
import pickle, sys
sys.modules["gradpair"] = None
import catboost as cb, numpy as np
x, expected = np.load("x.npy"), np.load("expected.npy")
models = [cb.CatBoostClassifier().load_model("m.cbm"), pickle.load(open("m.pickle", "rb"))]
models += [cb.CatBoostClassifier().load_model("m.json", format="json")]
for model in models:
    print(float(np.abs(model.predict_proba(x)[:, 1] - expected).max()) <= 1e-14)
    print(model.predict(x[:3]).tolist(), model.get_all_params()["loss_function"])
"""


@pytest.mark.parametrize("policy", ["SymmetricTree", "Depthwise"])
def test_a_saved_model_predicts_the_same_where_gradpair_is_not_installed(policy, tmp_path):
    model = gp.catboost.train({**PARAMS, "grow_policy": policy}, pool(), loss=WCE)
    expected = gp.sigmoid(raw(model))
    assert_allclose(model.predict_proba(TEST.x)[:, 1], expected, rtol=0, atol=1e-15)
    np.save(tmp_path / "x.npy", TEST.x)
    np.save(tmp_path / "expected.npy", expected)
    model.save_model(str(tmp_path / "m.cbm"))
    model.save_model(str(tmp_path / "m.json"), format="json")
    (tmp_path / "m.pickle").write_bytes(pickle.dumps(model))
    command = [sys.executable, "-c", ELSEWHERE]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    labels = (expected[:3] > 0.5).astype(int).tolist()
    assert done.stdout == f"True\n{labels} Logloss\n" * 3


def onnx_probability(model, tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    path = str(tmp_path / "m.onnx")
    model.save_model(path, format="onnx")
    session = runtime.InferenceSession(path)
    outputs = session.run(None, {session.get_inputs()[0].name: TEST.x.astype(np.float32)})
    return outputs[0], np.array([row[1] for row in outputs[1]])


def test_onnx_of_a_model_gives_its_probabilities(tmp_path):
    model = gp.catboost.train(PARAMS, pool(), loss=WCE)
    mended = gp.catboost.recalibrate(model, pool(TEST))
    for each in (model, mended):
        label, values = onnx_probability(each, tmp_path)
        assert_allclose(values, probability(each), rtol=0, atol=1e-6)
        assert_array_equal(label, each.predict(TEST.x))


def test_onnx_of_catboosts_own_bias_is_wrong_which_is_why_the_leaves_hold_the_start(tmp_path):
    own = cb.CatBoostClassifier(**PARAMS, **NO_FILES, boost_from_average=True)
    own.fit(DATA.x, DATA.y.astype(int))
    assert np.abs(onnx_probability(own, tmp_path)[1] - probability(own)).max() > 0.1
    moved = gp.catboost.to_native(own, BCE, constant=0.0)
    assert_allclose(raw(moved), raw(own), rtol=0, atol=1e-12)
    assert_allclose(onnx_probability(moved, tmp_path)[1], probability(own), rtol=0, atol=1e-6)


def test_shap_values_add_up_to_the_margin_with_the_start():
    model = gp.catboost.train(PARAMS, pool(), 10, loss=FOCAL)
    values = model.get_feature_importance(pool(TEST), type="ShapValues")
    assert_allclose(values.sum(axis=1), raw(model), rtol=0, atol=1e-9)
