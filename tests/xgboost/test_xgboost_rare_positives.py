"""Evaluation sets and folds of one class, and training sets of one."""

import warnings

import numpy as np
import pytest
import xgboost as xgb

import gradpair as gp
from gradpair.sklearn import BoostingClassifier
from helpers.hosts import XGBOOST, digits

DATA = digits()
LOSS = gp.WeightedCrossEntropy(7.3)
NAME = gp.xgboost.metric(LOSS).name
ZEROS, ONES = (np.flatnonzero(DATA.y == label) for label in (0, 1))


def matrix(rows):
    return xgb.DMatrix(DATA.x[rows], label=DATA.y[rows])


@pytest.mark.parametrize("rows", [ZEROS[:50], ONES[:50], ZEROS[:1], ONES[:1]], ids=len)
@pytest.mark.parametrize("offsets", [False, True])
def test_an_evaluation_set_of_one_class_or_of_one_row_has_a_loss(rows, offsets):
    log, train, valid = {}, matrix(np.arange(DATA.y.size)), matrix(rows)
    if offsets:
        train.set_base_margin(DATA.offset)
        valid.set_base_margin(DATA.offset[rows])
    booster = gp.xgboost.train(
        XGBOOST.params, train, 5, loss=LOSS, evals=[(valid, "v")], evals_result=log,
        verbose_eval=False, early_stopping_rounds=3,
    )  # fmt: skip
    margins = booster.predict(valid, output_margin=True)
    expected = LOSS.loss(DATA.y[rows], margins.astype(float)).mean()
    assert log["v"][NAME][-1] == pytest.approx(expected, rel=1e-5, abs=1e-6)
    if not offsets:
        model = BoostingClassifier(XGBOOST.estimator(5), LOSS)
        model.fit(DATA.x, DATA.y, eval_set=[(DATA.x[rows], DATA.y[rows])], verbose=False)
        assert np.isfinite(model.evals_result_["validation_0"][NAME]).all()


def test_a_fold_without_positives_to_test_on_is_evaluated():
    third = np.arange(0, ZEROS.size // 3)
    folds = [(np.setdiff1d(np.arange(DATA.y.size), ZEROS[third]), ZEROS[third])]
    folds += [(np.arange(DATA.y.size - 1), np.array([DATA.y.size - 1]))]
    data = matrix(np.arange(DATA.y.size))
    result = gp.xgboost.cv(XGBOOST.params, data, 4, loss=LOSS, folds=folds, as_pandas=False)
    assert np.isfinite(result[f"test-{NAME}-mean"]).all()


def test_a_fold_without_positives_to_train_on_is_named():
    folds = [(np.arange(DATA.y.size), ZEROS), (ZEROS, ONES)]
    data = matrix(np.arange(DATA.y.size))
    with pytest.raises(ValueError, match=r"fold 1.*class 1.*stratified=True") as caught:
        gp.xgboost.cv(XGBOOST.params, data, 4, loss=LOSS, folds=folds)
    assert "rows of both classes" in str(caught.value)


def test_rare_positives_are_folded_where_the_user_stratifies():
    rows = np.concatenate([ZEROS, ONES[:3]])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ValueError, match="no row of class 1"):
            gp.xgboost.cv(XGBOOST.params, matrix(ZEROS), 2, loss=LOSS, nfold=3)
    result = gp.xgboost.cv(
        XGBOOST.params, matrix(rows), 3, loss=LOSS, nfold=3, stratified=True, as_pandas=False
    )
    assert len(result[f"test-{NAME}-mean"]) == 3


def test_a_training_set_of_one_class_is_refused():
    for rows, missing in ((ZEROS, 1), (ONES, 0)):
        with pytest.raises(ValueError, match=f"no row of class {missing}"):
            gp.xgboost.train(XGBOOST.params, matrix(rows), 4, loss=LOSS)
        # With a constant there is nothing to fit.
        gp.xgboost.train(XGBOOST.params, matrix(rows), 2, loss=LOSS, constant=-1.0)
