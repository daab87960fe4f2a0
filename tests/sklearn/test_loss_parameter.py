"""The loss as a parameter: callables, nested parameters, soft labels."""

import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from xgboost import XGBClassifier

import gradpair as gp
from gradpair.sklearn import BoostingClassifier
from helpers.estimators import DATA, FOCAL, LOSS
from helpers.hosts import HOST


@HOST
def test_a_callable_loss_is_resolved_on_the_training_rows(host):
    rows = DATA.train
    labels = np.where(rows.y == 1, "yes", "no")
    model = BoostingClassifier(host.estimator(), gp.WeightedCrossEntropy.balanced)
    model.fit(rows.x, labels, rows.weight)
    assert model.loss_ == gp.WeightedCrossEntropy.balanced(rows.y, rows.weight)
    assert model.constant_ == pytest.approx(0, abs=1e-12)
    assert model.loss == gp.WeightedCrossEntropy.balanced


def test_parameters_of_the_loss_are_got_and_set_as_nested_ones():
    model = BoostingClassifier(XGBClassifier(), FOCAL)
    assert model.get_params()["loss__gamma"] == 1.7
    assert "loss__gamma" not in model.get_params(deep=False)
    assert model.set_params(loss__gamma=0.4, estimator__max_depth=2) is model
    assert model.loss == gp.FocalLoss(0.4, 3.0)
    assert gp.FocalLoss(1.7, 3.0) == FOCAL
    assert model.estimator.max_depth == 2
    model.set_params(loss=gp.WeightedCrossEntropy(2.0), loss__alpha=5.0)
    assert model.loss == gp.WeightedCrossEntropy(5.0)
    assert clone(model).get_params(deep=False).keys() == model.get_params(deep=False).keys()
    assert clone(model).loss == model.loss


@dataclasses.dataclass(frozen=True)
class Times(gp.Loss):
    """A multiple of another loss, whose parameter has the name of a method."""

    inner: gp.Loss = dataclasses.field(metadata={"parameter": "loss"})
    factor: float = 2.0

    def _loss(self, y_true, raw_prediction):
        return self.factor * self.inner.loss(y_true, raw_prediction)

    def _gradient_hessian(self, y_true, raw_prediction):
        gradient, hessian = self.inner.gradient_hessian(y_true, raw_prediction)
        return self.factor * gradient, self.factor * hessian


def test_a_loss_within_a_loss_has_parameters_too():
    model = BoostingClassifier(XGBClassifier(), Times(Times(FOCAL), 3.0))
    names = [name for name in model.get_params() if name.startswith("loss__")]
    within = ["loss__loss__loss__gamma", "loss__loss__loss__alpha", "loss__loss__factor"]
    assert names == ["loss__loss", "loss__loss__loss", *within, "loss__factor"]
    assert model.set_params(**model.get_params()).loss == Times(Times(FOCAL), 3.0)
    model.set_params(loss__loss__loss__gamma=0.4, loss__factor=5.0)
    assert model.loss == Times(Times(gp.FocalLoss(0.4, 3.0)), 5.0)
    model.set_params(loss__loss=gp.WeightedCrossEntropy(2.0), loss__loss__alpha=7.0)
    assert model.loss == Times(gp.WeightedCrossEntropy(7.0), 5.0)
    assert clone(model).loss == model.loss
    with pytest.raises(ValueError, match=r"'beta' for loss WeightedCrossEntropy\(alpha=7.0\), whi"):
        model.set_params(loss__loss__beta=1.0)
    with pytest.raises(ValueError, match=r"Invalid parameter 'inner' for loss .*\['loss', 'fac"):
        model.set_params(loss__inner=FOCAL)
    assert model.loss == Times(gp.WeightedCrossEntropy(7.0), 5.0)


def test_a_search_varies_the_parameters_of_a_loss_within_a_loss():
    grid = {"loss__loss__gamma": [0.0, 3.0], "loss__factor": [1.0, 2.0]}
    model = BoostingClassifier(XGBClassifier(n_estimators=3, n_jobs=1), Times(FOCAL))
    search = GridSearchCV(model, grid, cv=2, scoring="neg_log_loss").fit(DATA.x, DATA.y)
    scores = search.cv_results_["mean_test_score"].reshape(2, 2)  # of factor and of gamma
    assert len({*scores.ravel()}) == 4
    assert search.best_estimator_.loss_.inner.gamma == search.best_params_["loss__loss__gamma"]


def test_only_fields_that_can_be_set_are_parameters():
    @dataclasses.dataclass(frozen=True)
    class Derived(gp.Loss):
        k: float
        square: float = dataclasses.field(init=False, default=0.0)
        _loss = _gradient_hessian = gp.BinaryCrossEntropy._loss

    model = BoostingClassifier(None, Derived(3.0))
    assert [name for name in model.get_params() if "__" in name] == ["loss__k"]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"loss__gama": 2.0}, r"Invalid parameter 'gama' for loss FocalLoss.*'gamma', 'alpha'"),
        ({"loss__gamma": -2.0}, "gamma must be at least 0"),
        ({"loss": None, "loss__gamma": 2.0}, "Invalid parameter 'gamma' for loss None"),
        ({"estimator__max_depth": 2}, "estimator is None"),
        ({"objective": "binary"}, "Invalid parameter 'objective'"),
    ],
)
def test_an_invalid_parameter_is_refused_and_nothing_is_changed(params, message):
    model = BoostingClassifier(None, FOCAL)
    with pytest.raises(ValueError, match=message):
        model.set_params(calibrated=True, **params)
    assert model.loss == FOCAL
    assert model.calibrated is False


@HOST
def test_the_hessian_policy_reaches_training(host):
    fits = {
        policy: BoostingClassifier(host.estimator(), gp.FocalLoss(2.0), hessian=policy)
        .fit(DATA.train.x, DATA.train.y)
        .decision_function(DATA.test.x)
        for policy in (None, "positive", "exact")
    }
    assert_array_equal(fits[None], fits["positive"])
    assert np.abs(fits["exact"] - fits["positive"]).max() > 0.01


@HOST
def test_soft_labels_are_probabilities_of_both_classes(host):
    rows, rng = DATA.train, np.random.default_rng(1)
    soft = np.where(rng.random(rows.y.size) < 0.5, rows.y, np.abs(rows.y - 0.2))
    model = BoostingClassifier(host.estimator(), LOSS)
    model.fit(rows.x, np.column_stack([1 - soft, soft]), rows.weight)
    assert model.constant_ == pytest.approx(
        gp.optimal_constant(LOSS, soft, sample_weight=rows.weight)
    )
    assert model.classes_.tolist() == [0, 1]
    offset = {"offset": rows.offset}
    model.fit(rows.x, np.column_stack([1 - soft, soft]), rows.weight, **offset)
    assert model.constant_ == pytest.approx(
        gp.optimal_constant(LOSS, soft, sample_weight=rows.weight, **offset)
    )
    model.fit(rows.x, np.column_stack([1 - soft, soft]), rows.weight)
    twice = BoostingClassifier(host.estimator(), LOSS)
    source = np.repeat(np.arange(soft.size), 2)
    weight = np.column_stack([1 - soft, soft]).ravel() * np.repeat(rows.weight, 2)
    kept = weight > 0
    twice.fit(rows.x[source][kept], np.tile([0, 1], soft.size)[kept], weight[kept])
    assert_allclose(
        model.decision_function(DATA.test.x), twice.decision_function(DATA.test.x), atol=1e-6
    )


@HOST
def test_a_student_learns_the_probabilities_of_a_teacher(host):
    teacher = BoostingClassifier(host.estimator(40)).fit(DATA.train.x, DATA.train.y)
    probability = teacher.predict_proba(DATA.train.x)
    student = BoostingClassifier(host.estimator(40))
    student.fit(DATA.train.x, probability, eval_set=[(DATA.train.x, probability)], **host.quiet)
    assert np.abs(student.predict_proba(DATA.train.x) - probability).mean() < 0.03
    history = next(iter(student.evals_result_.values()))["binary_cross_entropy"]
    ours = gp.BinaryCrossEntropy().loss(
        probability[:, 1].astype(float), student.decision_function(DATA.train.x).astype(float)
    )
    assert history[-1] == pytest.approx(ours.mean(), abs=2e-6)


@HOST
def test_sets_with_hard_and_with_soft_labels_are_evaluated_side_by_side(host):
    rows, new = DATA.train, DATA.test
    soft = np.column_stack([0.9 - 0.8 * new.y, 0.1 + 0.8 * new.y])
    model = BoostingClassifier(host.estimator(), LOSS)
    model.fit(rows.x, rows.y, eval_set=[(new.x, new.y), (new.x, soft)], **host.quiet)
    histories = [next(iter(metrics.values()))[-1] for metrics in model.evals_result_.values()]
    margin = model.decision_function(new.x).astype(float)
    expected = [LOSS.loss(y, margin).mean() for y in (new.y, soft[:, 1])]
    assert_allclose(histories, expected, atol=2e-6)
