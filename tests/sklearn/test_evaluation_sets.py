"""Evaluation sets as eval_X and eval_y, and sets of few rows."""

import threading

import numpy as np
import pytest
import sklearn
from lightgbm import LGBMClassifier
from numpy.testing import assert_allclose
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

import gradpair as gp
from gradpair.sklearn import BoostingClassifier
from helpers.estimators import DATA, LOSS
from helpers.hosts import HOST

OLD, NEW = DATA.train, DATA.test
HALF = len(NEW.y) // 2
TWO = (NEW.x[:HALF], NEW.x[HALF:]), (NEW.y[:HALF], NEW.y[HALF:])


def fitted(host, **sets):
    return BoostingClassifier(host.estimator(), LOSS).fit(OLD.x, OLD.y, **sets, **host.quiet)


@HOST
@pytest.mark.parametrize(
    ("eval_X", "eval_y", "pairs"),
    [
        (NEW.x, NEW.y, [(NEW.x, NEW.y)]),
        (NEW.x.tolist(), NEW.y.tolist(), [(NEW.x, NEW.y)]),
        ((NEW.x,), (NEW.y,), [(NEW.x, NEW.y)]),
        (*TWO, list(zip(*TWO, strict=True))),
        (*map(list, TWO), list(zip(*TWO, strict=True))),
        ([x.tolist() for x in TWO[0]], [y.tolist() for y in TWO[1]], list(zip(*TWO, strict=True))),
    ],
    ids=["one", "one of lists", "a tuple of one", "a tuple", "a list", "a list of lists"],
)
def test_features_and_labels_apart_are_the_sets_of_pairs(host, eval_X, eval_y, pairs):
    model = fitted(host, eval_X=eval_X, eval_y=eval_y)
    assert model.evals_result_ == fitted(host, eval_set=pairs).evals_result_
    assert len(model.evals_result_) == len(pairs)


@HOST
def test_weights_and_offsets_of_evaluation_sets_belong_to_features_and_labels_apart(host):
    fields = {host.eval_weight: [NEW.weight], host.eval_offset: [NEW.offset]}
    model = fitted(host, offset=OLD.offset, eval_X=NEW.x, eval_y=NEW.y, **fields)
    (history,) = next(iter(model.evals_result_.values())).values()
    margin = model.decision_function(NEW.x, offset=NEW.offset).astype(float)
    expected = np.average(LOSS.loss(NEW.y, margin), weights=NEW.weight)
    assert history[-1] == pytest.approx(expected, abs=2e-6)


@HOST
def test_a_pipeline_transforms_the_features_of_evaluation_sets(host):
    scaler = StandardScaler().fit(OLD.x * 50)
    estimator, fit_params = host.early_stopping(3)
    model = BoostingClassifier(estimator, LOSS)
    requests = dict.fromkeys(["eval_X", "eval_y", *fit_params], True)
    with sklearn.config_context(enable_metadata_routing=True):
        pipeline = Pipeline(
            [("scale", StandardScaler()), ("model", model.set_fit_request(**requests))],
            transform_input=["eval_X"],
        )
        sets = {"eval_X": (OLD.x * 50, NEW.x * 50), "eval_y": (OLD.y, NEW.y)}
        pipeline.fit(OLD.x * 50, OLD.y, **sets, **fit_params)
    apart = [(scaler.transform(x), y) for x, y in zip(*sets.values(), strict=True)]
    expected = BoostingClassifier(estimator, LOSS)
    expected.fit(scaler.transform(OLD.x * 50), OLD.y, eval_set=apart, **fit_params)
    assert pipeline["model"].evals_result_ == expected.evals_result_
    assert pipeline["model"].best_iteration_ == expected.best_iteration_ < 199


@HOST
@pytest.mark.parametrize("rows", [NEW.y == 0, NEW.y == 1, np.arange(len(NEW.y)) == 4])
def test_evaluation_sets_of_one_class_or_one_row_are_evaluated(host, rows):
    model = fitted(host, eval_set=[(NEW.x[rows], NEW.y[rows])])
    (history,) = next(iter(model.evals_result_.values())).values()
    margin = model.decision_function(NEW.x[rows]).astype(float)
    assert_allclose(history[-1], LOSS.loss(NEW.y[rows], margin).mean(), atol=2e-6)


@HOST
def test_folds_without_positives_say_so(host):
    model = BoostingClassifier(host.estimator(2))
    x, y, folds = np.vstack([OLD.x, NEW.x]), np.sort(DATA.y), KFold(4)
    told = r"y has 1 class, in these numbers of rows: {0.0: \d+}.*StratifiedKFold"
    y[: len(y) * 3 // 4] = 0
    with pytest.raises(ValueError, match=told):
        cross_val_score(model, x, y, cv=folds, error_score="raise")
    search = GridSearchCV(model, {"loss": [gp.FocalLoss()]}, cv=folds, error_score="raise")
    with pytest.raises(ValueError, match=told):
        search.fit(x, y)


def test_the_callbacks_of_fit_are_the_users_own():
    seen = []

    class Callback:
        lock = threading.Lock()

        def __call__(self, env):
            seen.append((self, env.iteration))

    callback = Callback()
    model = BoostingClassifier(LGBMClassifier(n_estimators=4, verbose=-1, n_jobs=1))
    model.fit(OLD.x, OLD.y, callbacks=[callback])
    assert seen == [(callback, i) for i in range(4)]
