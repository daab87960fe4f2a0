"""What ``compare`` measures, on real data, against the hosts and scikit-learn themselves."""

import json
import os
import pickle
import signal
import sys
import time
import tracemalloc

import numpy as np
import pandas as pd
import polars as pl
import pytest
from lightgbm import LGBMClassifier
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score
from sklearn.model_selection import GroupKFold, RepeatedStratifiedKFold, StratifiedKFold
from xgboost import XGBClassifier

import gradpair as gp
from gradpair._hosts import record
from gradpair.compare import compare, default_estimator
from gradpair.compare._candidates import Trainer, candidates
from gradpair.compare._inputs import checked
from gradpair.compare._validation import folds_of, recalibration
from gradpair.sklearn import BoostingClassifier
from helpers import toy_host

SMALL = {
    "xgboost": XGBClassifier(n_estimators=12, max_depth=3, n_jobs=1),
    "lightgbm": LGBMClassifier(n_estimators=12, num_leaves=6, n_jobs=1, verbose=-1),
}


@pytest.fixture(scope="module")
def eights():
    x, digit = load_digits(return_X_y=True)
    return x, (digit == 8).astype(int)


@pytest.fixture(scope="module")
def found(eights):
    """A comparison with all that is compared by default."""
    return compare(*eights, estimator=SMALL["xgboost"], cv=3, costs=(7.0, 0.3))


@pytest.mark.parametrize("host", SMALL)
@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
def test_the_built_in_is_the_users_estimator_on_the_same_rows(host, weighted, eights):
    x, y = eights
    weight = np.random.default_rng(0).uniform(0.3, 7, y.size) if weighted else None
    estimator = clone(SMALL[host])
    got = compare(
        x, y, estimator=estimator, losses=["bce"], cv=3, sample_weight=weight, costs=(7.0, 0.3)
    )
    data = checked(x, y, weight, (7.0, 0.3), None)
    for fold in folds_of(3, data, None, 0):
        train, inner, test = (data.take(rows) for rows in (fold.train, fold.inner, fold.test))
        own = clone(estimator).fit(train.features, train.y, sample_weight=train.weight)
        p = own.predict_proba(test.features)[:, 1].astype(float)
        adapter = record.load(host).adapter()
        margins = adapter.margin(own, inner.features)
        line = recalibration(margins, inner)
        recalibrated = gp.sigmoid(
            line.slope * adapter.margin(own, test.features).astype(float) + line.shift
        )
        w = {"sample_weight": test.weight}
        costs = np.where(test.y == 1, 7.0, 0.3)

        def cost(alarms, y=test.y, costs=costs, w=test.weight):
            return np.average(costs * (alarms != y), weights=w)

        expected = {
            "average_precision": average_precision_score(test.y, p, **w),
            "roc_auc": roc_auc_score(test.y, p, **w),
            "log_loss_raw": log_loss(test.y, p, **w),
            "log_loss": log_loss(test.y, recalibrated, **w),
            "brier_raw": brier_score_loss(test.y, p, **w),
            "brier": brier_score_loss(test.y, recalibrated, **w),
            "cost": cost(recalibrated >= 0.3 / 7.3),
            "cost_at_half": cost(p >= 0.5),
        }
        scored = dict(got.folds[fold.number].scores["built-in"])
        assert scored.pop("seconds") > 0
        assert scored == pytest.approx(expected, rel=1e-5)


def test_a_fold_splits_the_rows_in_three_with_both_classes_in_each(eights):
    x, y = eights
    data = checked(x, y, None, None, None)
    for fold in folds_of(None, data, None, 3):
        parts = fold.train, fold.inner, fold.test
        assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(y.size))
        assert fold.inner.size / (fold.inner.size + fold.train.size) == pytest.approx(0.2, abs=0.01)
        assert [y[part].mean() for part in parts] == pytest.approx([y.mean()] * 3, abs=0.01)


def test_the_default_folds_are_scikit_learns_five_twice(eights):
    x, y = eights
    data = checked(x, y, None, None, None)
    cv = RepeatedStratifiedKFold(n_splits=5, n_repeats=2, random_state=7)
    for fold, (_, test) in zip(folds_of(None, data, None, 7), cv.split(x, y), strict=True):
        assert np.array_equal(fold.test, test)


def test_groups_stay_together(eights):
    x, y = eights
    group = np.arange(y.size) // 9
    data = checked(x, y, None, None, None)
    for cv in (None, GroupKFold(4)):
        for fold in folds_of(cv, data, group, 0):
            parts = [set(group[part]) for part in (fold.train, fold.inner, fold.test)]
            assert sum(map(len, parts)) == len(set.union(*parts))


def test_the_candidates_are_those_of_the_documentation(found):
    assert found.settings["candidates"] == [
        "built-in",
        "scale_pos_weight",
        "cross-entropy: BinaryCrossEntropy()",
        "wce balanced",
        "focal(1): FocalLoss(gamma=1.0, alpha=1.0)",
        "focal(2): FocalLoss(gamma=2.0, alpha=1.0)",
    ]
    assert len(found.results) == 6 * 3 * 9
    assert set(found.means.columns) == set(found.results["metric"])


def test_a_loss_around_another_is_named_by_its_numbers_first(eights):
    trainer, _ = Trainer.of(SMALL["xgboost"], checked(*eights, None, None, None))
    words = ["smoothing:0.1:focal:2", "shift:0.5:-0.2:smoothing:0.3:bce", "smoothing:0.2:wce"]
    plain, double, made = candidates(words, trainer)[1:]
    assert plain.name == "smoothing 0.1 focal(2)"
    assert plain.loss == gp.LabelSmoothing(gp.FocalLoss(2.0), 0.1)
    assert double.name == "shift 0.5 -0.2 smoothing 0.3 cross-entropy"
    smoothed = gp.LabelSmoothing(gp.BinaryCrossEntropy(), 0.3)
    assert double.loss == gp.MarginShift(smoothed, 0.5, -0.2)
    assert made.name == "smoothing 0.2 wce balanced"
    y = eights[1]
    expected = gp.LabelSmoothing(gp.WeightedCrossEntropy.balanced(y), 0.2)
    assert pickle.loads(pickle.dumps(made.loss))(y, None) == expected
    got = compare(*eights, estimator=SMALL["xgboost"], losses=words[:1], cv=2)
    assert got.scored == ["built-in", "smoothing 0.1 focal(2)"]


def test_a_loss_is_called_in_tables_as_on_the_command_line(eights):
    called = {
        "wce:3": "wce(3): WeightedCrossEntropy(alpha=3.0)",
        "focal:2:0.5": "focal(2, 0.5): FocalLoss(gamma=2.0, alpha=0.5, alpha_t=0.333333)",
        "asymmetric:0:4": "asymmetric(0, 4): " + repr(gp.AsymmetricLoss(0.0, 4.0)),
        "asymmetric:1:4:.05": "asymmetric(1, 4, 0.05): " + repr(gp.AsymmetricLoss(1.0, 4.0, 0.05)),
        "gce:0.7": "gce(0.7): GeneralizedCrossEntropy(q=0.7)",
        "poly:-.5": "poly(-0.5): PolyLoss(epsilon=-0.5)",
        "smoothing:.1:gce:.5": "smoothing 0.1 gce(0.5): "
        + repr(gp.LabelSmoothing(gp.GeneralizedCrossEntropy(0.5), 0.1)),
    }
    got = compare(*eights, estimator=SMALL["xgboost"], losses=list(called), cv=2)
    assert got.settings["candidates"][1:] == list(called.values())
    assert got.failures == {}
    assert got.scored[1:] == [told.partition(":")[0] for told in called.values()]


def test_every_candidate_is_trained_on_the_same_rows(eights):
    same = {"a": gp.FocalLoss(1.5, 0.3), "b": gp.FocalLoss(1.5, 0.3)}
    got = compare(*eights, estimator=SMALL["lightgbm"], losses=same, cv=3)
    for fold in got.folds:
        a, b = ({k: v for k, v in fold.scores[n].items() if k != "seconds"} for n in "ab")
        assert a == b
        assert fold.curves["a"] == fold.curves["b"]


def test_weights_of_the_built_in_and_its_start_are_not_those_of_the_losses(eights):
    configured = clone(SMALL["xgboost"]).set_params(scale_pos_weight=7.0, base_score=0.3)
    got = compare(*eights, estimator=configured, losses=["bce", "spw"], cv=3)
    plain = compare(*eights, estimator=SMALL["xgboost"], losses=["bce", "spw"], cv=3)
    for name in ("cross-entropy", "scale_pos_weight"):
        assert np.array_equal(got.values(name, "log_loss"), plain.values(name, "log_loss"))
    assert not np.allclose(got.values("built-in", "brier"), plain.values("built-in", "brier"))
    assert configured.scale_pos_weight == 7.0


@pytest.mark.parametrize("host", SMALL)
def test_early_stopping_watches_the_inner_rows(host, eights):
    x, y = eights
    data = checked(x, y, np.linspace(0.3, 7, y.size), None, None)
    fold = folds_of(3, data, None, 0)[0]
    train, inner = data.take(fold.train), data.take(fold.inner)
    estimator = default_estimator(host, rounds=400).set_params(learning_rate=0.4)
    trainer, _ = Trainer.of(estimator, data)
    named = {c.name: c for c in candidates(["bce", "focal:2"], trainer)}
    own = clone(estimator)
    adapter = record.load(host).adapter()
    given = trainer._evaluation(own, inner, adapter, own=True)
    own.fit(train.features, train.y, sample_weight=train.weight, **given)
    rounds = own.best_iteration if host == "xgboost" else own.best_iteration_
    assert 0 < rounds < 380
    got = trainer.fit(named["built-in"], train, inner).margin(x)
    assert np.array_equal(got, adapter.margin(own, x))
    for loss, name in ((gp.BinaryCrossEntropy(), "cross-entropy"), (gp.FocalLoss(2), "focal(2)")):
        ours = BoostingClassifier(estimator, loss)
        sets = {"eval_set": [(inner.features, inner.y)], adapter.EVAL_WEIGHT: [inner.weight]}
        sets |= {"verbose": False} if host == "xgboost" else {}
        ours.fit(train.features, train.y, train.weight, **sets)
        assert 0 < ours.best_iteration_ < 380
        got = trainer.fit(named[name], train, inner).margin(x)
        assert np.array_equal(got, ours.decision_function(x))


def test_frames_with_categories_and_missing_values_go_to_the_host_as_they_are():
    x, y = load_breast_cancer(return_X_y=True, as_frame=True)
    frame = x.iloc[:, :4].set_axis(list("abcd"), axis=1)
    frame.loc[::7, "b"] = np.nan
    frame["text"] = np.where(x.iloc[:, 5] > 0.1, "high", "low")
    frame.loc[::11, "text"] = None
    before = frame.copy()
    texts = {}
    for name, estimator in SMALL.items():
        got = [
            compare(form, y.map({0: "no", 1: "yes"}), estimator=estimator, losses=["bce"], cv=2)
            for form in (frame, frame.astype({"text": "category"}), pl.from_pandas(frame))
        ]
        texts[name] = [json.dumps(c.values("cross-entropy", "log_loss").tolist()) for c in got]
        assert not got[0].failures
        assert len(set(texts[name])) == 1
        assert (got[0].settings["negative"], got[0].settings["positive"]) == ("no", "yes")
    pd.testing.assert_frame_equal(frame, before)


def test_sparse_features_are_taken(eights):
    x, y = eights
    cv = StratifiedKFold(3)
    got = [
        compare(form, y, estimator=SMALL["xgboost"], losses=["wce:3"], cv=cv)
        for form in (sparse.csr_matrix(x), sparse.csc_array(x))
    ]
    assert not got[0].failures
    assert np.array_equal(*(c.values("wce(3)", "brier") for c in got))


def test_a_candidate_that_fails_is_told_and_the_others_go_on(eights):
    calls = []

    def failing(y, w):
        calls.append(y.size)
        if len(calls) == 2:
            msg = "no loss\ntoday"
            raise RuntimeError(msg)
        return gp.BinaryCrossEntropy()

    losses = {"mine": failing, "focal": gp.FocalLoss(0.7)}
    got = compare(*eights, estimator=SMALL["lightgbm"], losses=losses, cv=3)
    assert got.failures == {"mine": "RuntimeError: no loss today"}
    assert len(calls) == 2
    assert got.scored == ["built-in", "focal"]
    assert got.verdict.splitlines()[-1] == "mine failed: RuntimeError: no loss today"
    assert "mine              failed" in str(got)
    assert "mine,1,failed,1\n" in got.to_csv()


def test_without_the_built_in_there_is_no_verdict(eights):
    broken = clone(SMALL["xgboost"]).set_params(max_depth=-3)
    got = compare(*eights, estimator=broken, losses=["bce"], cv=2)
    assert got.verdict.startswith("the built-in objective failed: there is nothing to compare with")
    assert "XGBoostError" in got.failures["built-in"]
    assert "failed" in got.to_html()


def test_folds_at_a_time_change_nothing(eights, found):
    told = []
    got = compare(
        *eights,
        estimator=SMALL["xgboost"],
        cv=3,
        costs=(7.0, 0.3),
        n_jobs=2,
        progress=lambda *now: told.append(now),
    )
    for name in found.scored:
        assert np.array_equal(got.values(name, "log_loss"), found.values(name, "log_loss"))
    assert sorted(done for done, _, _ in told) == list(range(1, 19))
    assert {total for _, total, _ in told} == {18}


def test_a_host_that_is_added_to_the_list_is_compared(monkeypatch, eights):
    monkeypatch.setitem(record.HOSTS, "toy_host", "helpers.toy_host")
    monkeypatch.setitem(sys.modules, "toy_host", toy_host)
    x, y = eights
    got = compare(x[:600], y[:600], estimator=toy_host.ToyClassifier(n_estimators=4), cv=3)
    assert got.scored == ["built-in", "cross-entropy", "wce balanced", "focal(1)", "focal(2)"]
    assert got.values("built-in", "brier") == pytest.approx(got.values("cross-entropy", "brier"))


def test_candidates_share_the_rows_of_a_fold():
    x = np.random.default_rng(0).normal(size=(20_000, 60))
    y = (x[:, 0] + np.random.default_rng(1).normal(size=len(x)) > 1.5).astype(int)
    peaks = []
    for losses in (["bce"], ["bce", "wce", "wce:3", "focal:1", "focal:2"]):
        estimator = clone(SMALL["lightgbm"]).set_params(n_estimators=2)
        tracemalloc.start()
        compare(x, y, estimator=estimator, losses=losses, cv=2)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]


def test_an_interrupted_comparison_goes_on_from_its_finished_folds(tmp_path, eights):
    settings = {"estimator": SMALL["xgboost"], "losses": ["bce", "focal:2"], "cv": 4}
    whole = compare(*eights, **settings)
    fits = []

    def stop(done, total, name):
        fits.append(name)
        if done == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare(*eights, **settings, out=tmp_path, progress=stop)
    kept = pd.read_csv(tmp_path / "results.csv")
    assert sorted(kept["fold"].unique()) == [0, 1]
    with (tmp_path / "progress.jsonl").open("a") as file:
        file.write('{"fold": 2, "n_tr')  # as a power cut leaves it
    with pytest.raises(FileExistsError, match=r"2 of 4 folds .* resume it, or name another"):
        compare(*eights, **settings, out=tmp_path)
    with pytest.raises(ValueError, match="another comparison: candidates was"):
        compare(*eights, **(settings | {"losses": ["bce"]}), out=tmp_path, resume=True)
    x, y = eights
    with pytest.raises(ValueError, match="another comparison: data was"):
        compare(np.where(x == 3, 4, x), y, **settings, out=tmp_path, resume=True)
    fits.clear()
    got = compare(
        *eights, **settings, out=tmp_path, resume=True, progress=lambda *now: fits.append(now)
    )
    assert fits[0] == (7, 12, "built-in")
    assert len(fits) == 6
    for name in whole.scored:
        assert np.array_equal(got.values(name, "log_loss"), whole.values(name, "log_loss"))
    assert len(pd.read_csv(tmp_path / "results.csv")) == 3 * 4 * 9
    assert "focal(2)" in (tmp_path / "report.html").read_text()
    again = compare(*eights, **settings, out=tmp_path)  # what is finished may be replaced
    assert again.verdict == whole.verdict


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_ctrl_c_is_noticed_where_a_host_swallows_it(n_jobs, eights):
    before = signal.getsignal(signal.SIGINT)

    def swallowing(y, w):
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.2)
        except KeyboardInterrupt:
            pass
        return gp.BinaryCrossEntropy()

    with pytest.raises(KeyboardInterrupt):
        compare(*eights, estimator=SMALL["xgboost"], losses=swallowing, cv=3, n_jobs=n_jobs)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_first_ctrl_c_waits_for_the_running_training_and_a_second_does_not(eights, capsys):
    reached = []

    def interrupted(y, w):
        for time_ in ("first", "second"):
            signal.raise_signal(signal.SIGINT)
            reached.append(time_)

    with pytest.raises(KeyboardInterrupt):
        compare(*eights, estimator=SMALL["xgboost"], losses=interrupted, cv=3)
    assert reached == ["first"]
    assert capsys.readouterr().err.count("interrupt again to stop at once") == 1
