"""What BoostingClassifier refuses, and what it says then."""

import re

import numpy as np
import pytest
import xgboost as xgb
from lightgbm import LGBMClassifier
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from xgboost import XGBClassifier

import gradpair as gp
from gradpair.sklearn import BoostingClassifier
from helpers.estimators import DATA, LOSS
from helpers.hosts import HOST, LIGHTGBM, XGBOOST


def named(value):
    """The name of a host; what else is a parameter gets pytest's."""
    return getattr(value, "name", None)


@pytest.mark.parametrize(
    ("host", "params", "message"),
    [
        (XGBOOST, {"scale_pos_weight": 9.0}, r"scale_pos_weight .*alpha=9.0"),
        (XGBOOST, {"objective": gp.xgboost.objective(LOSS)}, "objective is a callable"),
        (XGBOOST, {"objective": "reg:squarederror"}, "objective must be 'binary:logistic'"),
        (XGBOOST, {"base_score": 1.5}, "base_score must be a probability"),
        (LIGHTGBM, {"scale_pos_weight": 9.0}, r"scale_pos_weight .*alpha=9.0"),
        (LIGHTGBM, {"is_unbalance": True}, r"is_unbalance .*balanced"),
        (LIGHTGBM, {"unbalance": True}, r"unbalance .*balanced"),
        (LIGHTGBM, {"pos_bagging_fraction": 0.5}, "pos_bagging_fraction has no effect"),
        (LIGHTGBM, {"neg_bagging_fraction": 0.5}, "neg_bagging_fraction has no effect"),
        (LIGHTGBM, {"objective": gp.lightgbm.objective(LOSS)}, "objective is a callable"),
        (LIGHTGBM, {"objective": "cross_entropy"}, "objective must be 'binary'"),
        (LIGHTGBM, {"metric": "mape"}, "computed from raw scores"),
    ],
    ids=named,
)
def test_parameters_that_would_be_ignored_are_refused(host, params, message):
    model = BoostingClassifier(host.estimator(**params), LOSS)
    with pytest.raises(ValueError, match=message):
        model.fit(DATA.x, DATA.y)
    with pytest.raises(NotFittedError):
        model.predict(DATA.x)


@pytest.mark.parametrize(
    ("host", "fit_params", "message"),
    [
        (XGBOOST, {"base_margin": DATA.offset}, "pass it as offset="),
        (LIGHTGBM, {"init_score": DATA.offset}, "pass it as offset="),
        (XGBOOST, {"xgb_model": "model.json"}, r"gradpair.xgboost.train\(xgb_model=\)"),
        (LIGHTGBM, {"init_model": "model.txt"}, r"gradpair.lightgbm.train\(init_model=\)"),
        (LIGHTGBM, {"eval_class_weight": ["balanced"]}, "eval_sample_weight="),
        (LIGHTGBM, {"eval_metric": "mape"}, "computed from raw scores"),
        (XGBOOST, {"eval_X": DATA.x}, "eval_X was passed alone; pass eval_y too"),
        (LIGHTGBM, {"eval_y": DATA.y}, "eval_y was passed alone; pass eval_X too"),
        (LIGHTGBM, {"eval_X": (DATA.x, DATA.x), "eval_y": (DATA.y,)}, "holds 2 sets, so eval_y"),
        (XGBOOST, {"eval_X": (DATA.x,), "eval_y": DATA.y}, "eval_y must be a tuple of as many"),
        (
            LIGHTGBM,
            {"eval_set": [(DATA.x, DATA.y)], "eval_X": DATA.x, "eval_y": DATA.y},
            "but not as both",
        ),
        (XGBOOST, {"eval_set": 3}, "list of pairs .* got a int"),
        (LIGHTGBM, {"early_stopping_rounds": 5}, r"callbacks=\[lightgbm.early_stopping"),
        (LIGHTGBM, {"eval_set": [(DATA.x, DATA.y)], "eval_names": "new"}, "list of 1 names"),
        (XGBOOST, {"eval_set": [DATA.x, DATA.y]}, "list of pairs .* got a ndarray in it"),
        (XGBOOST, {"offset": DATA.offset, "eval_set": [(DATA.x, DATA.y)]}, "base_margin_eval"),
        (LIGHTGBM, {"offset": DATA.offset, "eval_set": [(DATA.x, DATA.y)]}, "eval_init_score"),
        (XGBOOST, {"eval_set": [(DATA.x, DATA.y + 5)]}, r"labels of eval_set are \[5.0, 6.0\]"),
        (LIGHTGBM, {"eval_set": [(DATA.x, DATA.y)], "eval_sample_weight": []}, "one entry for"),
        (XGBOOST, {"eval_set": [(DATA.x[:, 1:], DATA.y)]}, "64 features"),
    ],
    ids=named,
)
def test_arguments_of_fit_that_cannot_be_honoured_are_refused(host, fit_params, message):
    with pytest.raises(ValueError, match=message):
        BoostingClassifier(host.estimator(), LOSS).fit(DATA.x, DATA.y, **fit_params)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (DATA.y * 0.7, r"Unknown label type: continuous.*np.column_stack\(\[1 - y, y\]\)"),
        (DATA.y * 0, r"y has 1 class, in these numbers of rows: {0.0: 1797}.*StratifiedKFold"),
        (np.arange(DATA.y.size) % 3, "y has 3 classes"),
        (np.column_stack([DATA.y, DATA.y]), "each row must sum to 1"),
        (np.column_stack([DATA.y - 1, 2 - DATA.y]), r"y_true must lie in \[0, 1\]"),
        (DATA.y[1:], "inconsistent numbers of samples"),
        (
            np.where(DATA.y == 1, "a", None),
            r"y has missing labels: \d+ of 1797, the first in row 0. Drop",
        ),
    ],
)
@HOST
def test_labels_of_other_than_two_classes_are_refused(host, y, message):
    with pytest.raises(ValueError, match=message):
        BoostingClassifier(host.estimator()).fit(DATA.x, y)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((make_pipeline(XGBClassifier()),), "BoostingClassifier goes inside of it"),
        ((XGBClassifier,), r"an instance, not the class: write XGBClassifier\(\)"),
        ((type("Mine", (LGBMClassifier,), {})(),), "is a Mine; .* not its subclasses"),
        ((LGBMClassifier(metric=len),), "metric must be a name or a list of names"),
        (
            (xgb.XGBRegressor(),),
            "estimator must be one of xgboost.XGBClassifier, lightgbm.LGBMClassifier, ",
        ),
        ((None, "focal"), "loss must be a gradpair.Loss"),
        ((None, gp.WeightedCrossEntropy), "loss must be an instance, not the class"),
        ((None, lambda _y, _w: 3.0), "loss must be a gradpair.Loss.*got 3.0"),
    ],
    ids=lambda given: re.sub(" at 0x[0-9a-f]+", "", str(given)),
)
def test_what_is_not_an_estimator_or_a_loss_is_refused(args, message):
    with pytest.raises(TypeError, match=message):
        BoostingClassifier(*args).fit(DATA.x, DATA.y)


def test_calibrated_must_be_a_truth_value_and_hessian_a_policy():
    with pytest.raises(TypeError, match="calibrated must be True or False"):
        BoostingClassifier(calibrated="sigmoid").fit(DATA.x, DATA.y)
    with pytest.raises(ValueError, match="hessian must be"):
        BoostingClassifier(hessian="Exact").fit(DATA.x, DATA.y)


def test_class_weight_and_soft_labels_exclude_each_other():
    model = BoostingClassifier(LIGHTGBM.estimator(class_weight="balanced"))
    with pytest.raises(ValueError, match="class_weight needs hard labels"):
        model.fit(DATA.x, np.column_stack([1 - 0.9 * DATA.y, 0.9 * DATA.y]))


@HOST
def test_what_is_not_fitted_says_so(host):
    model = BoostingClassifier(host.estimator())
    for use in (model.predict, model.predict_proba, model.decision_function):
        with pytest.raises(NotFittedError):
            use(DATA.x)
    assert not hasattr(model, "booster_")
    assert not hasattr(model, "feature_importances_")


@HOST
@pytest.mark.parametrize(
    "given",
    [
        {"y": np.where(DATA.y == 1, None, "a")},
        {"sample_weight": -DATA.weight},
        {"eval_set": [(DATA.x, DATA.y)]},  # of other features
        {"callback": 3},
    ],
    ids=["labels", "weights", "sets", "keywords"],
)
def test_a_fit_that_fails_leaves_the_model_as_it_was(host, given):
    model = BoostingClassifier(host.estimator(2), LOSS)
    with pytest.raises((ValueError, TypeError)):
        model.fit(DATA.x[:, :5], **{"y": DATA.y, **given})
    assert list(vars(model)) == ["estimator", "loss", "calibrated", "hessian"]
    before = dict(vars(model.fit(DATA.x, DATA.y)))
    with pytest.raises((ValueError, TypeError)):
        model.fit(DATA.x[:, :5], **{"y": DATA.y, **given})
    assert vars(model) == before
    assert model.predict(DATA.x).shape == DATA.y.shape
