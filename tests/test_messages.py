"""What a first try that goes wrong is told: what to write instead, and never a whole array."""

import re

import lightgbm as lgb
import numpy as np
import pytest
import xgboost as xgb

import gradpair as gp
from gradpair import functional
from helpers.hosts import HOST, digits

DATA = digits()
Y, Z = DATA.y, DATA.offset
LOSS = gp.FocalLoss(2.0, 0.3)
X_MATRIX = xgb.DMatrix(DATA.x, label=Y)


def told(call, kind=TypeError):
    """Return the message of a call that fails."""
    with pytest.raises(kind) as caught:
        call()
    message = str(caught.value)
    assert len(message) < 500
    assert "\n" not in message
    return message


LONG = np.linspace(-3.0, 3.0, 5000)
# What is called, the exception, and a part of its message.
SWAPPED = {
    "labels for the loss": (lambda: gp.optimal_constant(Y, LOSS), TypeError, "(1797,)"),
    "labels for alpha": (lambda: gp.WeightedCrossEntropy(Y), TypeError, "(1797,)"),
    "a list for alpha": (lambda: gp.FocalLoss(2.0, [0.0] * 5000), TypeError, "of type list"),
    "labels for gamma": (lambda: gp.FocalLoss(Y), TypeError, "ndarray of shape (1797,)"),
    "a matrix for the loss": (
        lambda: gp.xgboost.objective(DATA.x),
        TypeError,
        "ndarray of shape (1797, 64) and dtype float64",
    ),
    "labels for totals": (lambda: gp.xgboost.native(gp.BinaryCrossEntropy(), totals=Y), ValueError,
        "(weight of the 1s, weight of the 0s)"),
    "labels for the start": (lambda: gp.lightgbm.metric(LOSS, start=Y), TypeError, "start must be"),
    "labels for the constant": (
        lambda: gp.xgboost.train({}, X_MATRIX, 2, loss=LOSS, constant=Y),
        TypeError,
        "constant must be a number; got ndarray of shape (1797,)",
    ),
    "labels under audit": (lambda: gp.check_objective(LONG), TypeError, "(5000,)"),
    "labels for the audit's loss": (
        lambda: gp.check_objective(max, kind="xgboost", loss=LONG), TypeError, "(5000,)"
    ),
    "margins for labels": (
        lambda: gp.BinaryCrossEntropy().loss(LONG, np.full(5000, 0.5)),
        ValueError,
        "raw_prediction does: are they swapped? y_true comes first.",
    ),
    "margins for labels, as functions": (
        lambda: functional.focal_loss_gradient(LONG, np.zeros(5000), 2.0),
        ValueError,
        "y_true[0] is -3.0",
    ),
    "margins for labels of an objective": (
        lambda: gp.lightgbm.objective(LOSS)(LONG, np.zeros(5000)),
        ValueError,
        "y_true[0] is -3.0",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SWAPPED)
def test_what_came_is_described_and_not_printed(name):
    call, kind, part = SWAPPED[name]
    message = told(call, kind)
    assert part in message
    assert "..." not in message or "list" in message
    assert message.count("0.0") < 8


@pytest.mark.parametrize("make", [gp.WeightedCrossEntropy, lambda alpha: gp.FocalLoss(2.0, alpha)])
@pytest.mark.parametrize("alpha", ["balanced", {0: 1.0, 1: 9.0}, None])
def test_an_alpha_that_is_no_number_names_the_one_that_balances_the_classes(make, alpha):
    message = told(lambda: make(alpha))
    assert f"alpha must be a number; got {alpha!r} of type" in message
    assert "gradpair.WeightedCrossEntropy.balanced(y_true)" in message


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        (gp.FocalLoss, "write FocalLoss(gamma=2.0, alpha=1.0)."),
        (gp.WeightedCrossEntropy, "write WeightedCrossEntropy(alpha=...)."),
        (gp.BinaryCrossEntropy, "write BinaryCrossEntropy()."),
        (dict, "not the class dict: write gradpair.WeightedCrossEntropy(alpha=9.0)."),
        ("focal", "such as gradpair.WeightedCrossEntropy(alpha=9.0); got 'focal' of type str."),
        (None, "got None of type NoneType."),
        (gp.WeightedCrossEntropy.balanced, "gradpair.WeightedCrossEntropy.balanced(y_true)"),
        (gp.lightgbm.objective(LOSS), f"not the Objective that is made of one: pass {LOSS!r}."),
        (gp.xgboost.metric(LOSS), f"not the Metric that is made of one: pass {LOSS!r}."),
    ],
    ids=str,
)
@HOST
def test_what_is_no_loss_is_told_what_to_write(host, wrong, right):
    data = host.data(DATA.x, Y)
    for call in (
        lambda: host.train(data, 2, loss=wrong),
        lambda: host.module.cv({}, data, 2, loss=wrong),
        lambda: host.module.objective(wrong),
        lambda: host.module.metric(wrong),
        lambda: gp.optimal_constant(wrong, Y),
    ):
        assert right in told(call)


@pytest.mark.parametrize("labels", [["no", "yes", "no"], np.array(["0", "1", "0"])], ids=str)
def test_labels_that_are_words_are_told_how_to_be_numbers(labels):
    for call in (
        lambda: gp.optimal_constant(LOSS, labels),
        lambda: LOSS.loss(labels, np.zeros(3)),
        lambda: gp.WeightedCrossEntropy.balanced(labels),
        lambda: gp.cost_weights(labels, false_negative=2.0, false_positive=1.0),
        lambda: gp.xgboost.native(gp.BinaryCrossEntropy(), labels),
        lambda: functional.focal_loss(labels, np.zeros(3), 2.0),
    ):
        assert told(call).endswith(
            "Encode the two classes as 0 and 1, for example with (y == 'yes').astype(int)."
        )


def native_calls(host):
    """The ways in which a user hands a loss to the host itself, as objective and as metric."""
    data = host.data(DATA.x, Y)
    ours = host.module.objective(LOSS)
    if host.name == "xgboost":
        yield lambda: xgb.train(host.params, data, 2, obj=LOSS)
        yield lambda: xgb.cv(host.params, data, 2, obj=LOSS)
        evals = [(data, "train")]
        yield lambda: xgb.train(host.params, data, 2, obj=ours, evals=evals, custom_metric=LOSS)
    else:
        yield lambda: lgb.train({**host.params, "objective": LOSS}, data, 2)
        yield lambda: lgb.cv({**host.params, "objective": LOSS}, data, 2)
        params = {**host.params, "objective": ours}
        yield lambda: lgb.train(params, data, 2, valid_sets=[data], feval=LOSS)


@HOST
def test_a_loss_that_the_host_calls_says_what_to_pass(host):
    for call in native_calls(host):
        message = told(call)
        assert message.startswith(repr(LOSS))
        assert f"pass gradpair.{host.name}.objective(loss)" in message
        assert f"gradpair.{host.name}.metric(loss)" in message
        assert f"gradpair.{host.name}.train(..., loss=loss)" in message


@HOST
@pytest.mark.parametrize("weight", [None, DATA.weight], ids=["unweighted", "weighted"])
def test_a_loss_that_an_estimator_calls_says_what_to_pass(host, weight):
    model = host.classifier(LOSS)
    message = told(lambda: model.fit(DATA.x, Y, sample_weight=weight))
    assert "pass gradpair.<host>.objective(loss)" in message
    assert "gradpair.sklearn.BoostingClassifier" in message


@HOST
def test_a_loss_among_the_parameters_of_our_training_says_where_it_goes(host):
    data = host.data(DATA.x, Y)
    message = told(lambda: host.train(data, 2, params={"objective": LOSS}, loss=LOSS), ValueError)
    assert "here it is made of loss=: drop it and pass the loss" in message


@pytest.mark.parametrize(
    ("y", "weight", "counts"),
    [
        (np.zeros(1200), None, "class 1 with a positive weight (1,200 of class 0 and 0 of class 1"),
        (np.ones(40), None, "class 0 with a positive weight (0 of class 0 and 40 of class 1"),
        (Y, 1 - Y, "class 1 with a positive weight (1,623 of class 0 and 174 of class 1"),
    ],
    ids=["zeros", "ones", "ones of weight 0"],
)
def test_one_class_is_refused_with_the_rows_of_each(y, weight, counts):
    message = told(lambda: gp.optimal_constant(LOSS, y, sample_weight=weight), ValueError)
    assert message.startswith(f"y_true has no row of {counts} in all)")
    assert message.endswith("stratify splits and folds by the label.")


@HOST
def test_training_rows_of_one_class_are_refused_with_the_rows_of_each(host):
    data = host.data(DATA.x, np.zeros(Y.size))
    message = told(lambda: host.train(data, 2, loss=LOSS), ValueError)
    assert "1,797 of class 0 and 0 of class 1" in message


@HOST
def test_arguments_that_no_training_has_are_named(host):
    data = host.data(DATA.x, Y)
    assert re.search(r"unexpected keyword argument 'los'", told(lambda: host.train(data, 2, los=1)))
    assert re.search(r"keyword-only argument: 'loss'", told(lambda: host.train(data, 2)))
