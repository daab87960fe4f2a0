"""What metrics are called: names that experiment trackers and pruners can rely on."""

import re

import numpy as np
import pytest

import gradpair as gp
from helpers.hosts import HOST, digits
from helpers.table import LOSSES, GenericCrossEntropy

DATA = digits()
ALL = [*LOSSES, GenericCrossEntropy(7.3)]
# The rules of trackers for the names of metrics, each as its own check has it.
TRACKERS = {
    "mlflow": r"[/\w.\- :]+",
    "TensorBoard": r"[A-Za-z0-9_.\-/ ]+",
    "Weights & Biases": r"[A-Za-z_][\w.\-/ ]*",
}


def told(host, metric):
    """Return the name under which the host's estimators and its native API report a metric."""
    result = metric(DATA.y, DATA.offset, DATA.weight)
    estimator = result[0] if isinstance(result, tuple) else metric.__name__
    data = host.data(DATA.x, DATA.y)
    native = metric(DATA.offset, data.construct() if host.name == "lightgbm" else data)[0]
    assert estimator == native == metric.name
    return native


@HOST
@pytest.mark.parametrize("tracker", TRACKERS)
def test_every_tracker_takes_the_names_of_metrics(host, tracker):
    for loss in ALL:
        assert re.fullmatch(TRACKERS[tracker], told(host, host.module.metric(loss)))


@HOST
def test_a_key_for_a_pruner_is_the_same_while_alpha_is_searched(host):
    for name, make in (
        ("weighted_cross_entropy", gp.WeightedCrossEntropy),
        ("focal_loss", lambda alpha: gp.FocalLoss(2.0, alpha)),
    ):
        for alpha in (0.3, 7.3):
            log = {}
            data = host.data(DATA.x, DATA.y)
            host.train(data, 2, valid=data, loss=make(alpha), evals_result=log)
            assert {key: list(metrics) for key, metrics in log.items()} == {"valid": [name]}


@HOST
def test_a_name_of_the_users_own_is_left_alone(host):
    assert told(host, host.module.metric(gp.FocalLoss(), name="focal(2)")) == "focal(2)"
    with pytest.raises(TypeError, match=r"name must be a string; got 7\."):
        host.module.metric(gp.FocalLoss(), name=7)


class Renamed(GenericCrossEntropy):
    name = "cost-per-row.v2"


class Misnamed(GenericCrossEntropy):
    @property
    def name(self):
        return f"mine(alpha={self.alpha:g})"


class Größe(GenericCrossEntropy):  # noqa: PLC2401 - users may
    pass


@HOST
def test_a_subclass_is_named_by_its_class_or_names_itself(host):
    assert told(host, host.module.metric(Renamed(7.3))) == "cost-per-row.v2"
    assert told(host, host.module.metric(Größe(7.3))) == "größe"


@HOST
@pytest.mark.parametrize("where", ["metric", "train", "cv"])
def test_a_loss_whose_name_no_tracker_takes_is_refused_before_training(host, where):
    call = {
        "metric": lambda: host.module.metric(Misnamed(7.3)),
        "train": lambda: host.train(host.data(DATA.x, DATA.y), 2, loss=Misnamed(7.3)),
        "cv": lambda: host.module.cv({}, host.data(DATA.x, DATA.y), 2, loss=Misnamed(7.3)),
    }[where]
    with pytest.raises(ValueError, match=r"Misnamed\.name is 'mine\(alpha=7\.3\)'\. Rename it\."):
        call()
    assert np.isfinite(
        host.module.metric(Misnamed(7.3), name="mine").mean(DATA.y, DATA.offset, None)
    )
