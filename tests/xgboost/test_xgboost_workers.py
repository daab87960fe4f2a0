"""Workers of a cluster, each with a part of the rows, train the model of one machine."""

import json

import numpy as np
import pytest
from numpy.testing import assert_allclose
from xgboost import collective

import gradpair as gp
from helpers.shared_rows import ALL, CASES, HARD, LOSSES, OFFSET, VALID, WEIGHT, outcome, stopped
from helpers.workers import in_processes

CASE = pytest.mark.parametrize("case", CASES, ids=str)


@pytest.fixture(scope="module")
def told():
    """What two workers say."""
    return in_processes("helpers.shared_rows:everything")


@CASE
def test_workers_have_the_constant_of_all_rows(told, case):
    offset = OFFSET if case.offsets else None
    expected = gp.optimal_constant(
        LOSSES[case.loss], case.labels, offset=offset, sample_weight=WEIGHT
    )
    first, second = (worker["outcomes"][str(case)].constant for worker in told)
    assert first == second
    assert first == pytest.approx(expected, abs=1e-12)


@CASE
def test_workers_train_the_model_of_one_machine(told, case):
    first, second = (worker["outcomes"][str(case)].booster for worker in told)
    assert first.save_raw("json") == second.save_raw("json")
    data = case.data(ALL)
    expected = outcome(case, ALL).booster
    assert gp.xgboost.HOST.structures(first) == gp.xgboost.HOST.structures(expected)
    assert_allclose(first.predict(data), expected.predict(data), rtol=0, atol=1e-6)


@CASE
@pytest.mark.parametrize(("name", "rows"), [("train", ALL), ("valid", VALID)])
def test_workers_see_the_weighted_mean_of_the_loss_over_all_rows(told, case, name, rows):
    first, second = (worker["outcomes"][str(case)] for worker in told)
    assert first.history == second.history
    data, y, w = case.data(rows), case.labels[rows], WEIGHT[rows]
    for round_, value in enumerate(first.history[name], start=1):
        z = first.booster.predict(data, output_margin=True, iteration_range=(0, round_))
        mean = np.average(LOSSES[case.loss].loss(y, z.astype(float)), weights=w)
        assert value == pytest.approx(mean, abs=6e-7)  # XGBoost writes six decimals


def test_workers_stop_early_where_one_machine_does(told):
    expected = stopped(ALL)
    assert 1 < expected.best_iteration < expected.num_boosted_rounds() < 60
    for worker in told:
        assert worker["stopped"].best_iteration == expected.best_iteration
        assert worker["stopped"].best_score == pytest.approx(expected.best_score, abs=1e-6)


def test_offsets_of_one_workers_evaluation_set_put_the_start_of_both_into_the_first_tree(told):
    first, second = (worker["offsets"].save_raw("json") for worker in told)
    assert first == second
    learner = json.loads(first)["learner"]
    assert float(learner["learner_model_param"]["base_score"].strip("[]")) == 0.5


def test_a_machine_alone_reduces_nothing(monkeypatch):
    def reduced(*_):
        raise AssertionError

    monkeypatch.setattr(collective, "allreduce", reduced)
    assert outcome(CASES[-1], ALL).history["valid"]


def test_labels_of_one_class_are_refused_by_all_workers_alike(told):
    for worker in told:
        assert (
            f"(0 of class 0 and {HARD.size:,} of class 1 in all)" in worker["refusals"]["one class"]
        )


@pytest.mark.parametrize("beside", ["", " beside a constant", " beside a model"])
def test_a_bad_label_of_one_worker_is_told_to_the_others(told, beside):
    first, second = (worker["refusals"]["bad label" + beside] for worker in told)
    assert second.startswith("y_true must lie in [0, 1]; y_true[1] is 2.0.")
    assert first == f"worker 1 of 2 refused its rows: {second}"


def test_workers_without_any_rows_are_told_so(told):
    for worker in told:
        assert worker["refusals"]["no rows"].startswith("y_true is empty")


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("cv", "xgboost.cv runs on one machine alone"),
        ("recalibrate", "each would fit another line to its own rows"),
        ("native", "each would start at the labels of its own rows; pass totals="),
        ("fit", "each would fit another start on its own rows"),
    ],
)
def test_a_worker_refuses_what_it_would_do_with_its_own_rows_alone(told, call, reason):
    for worker in told:
        assert worker["refusals"][call].startswith(f"this is one of 2 workers, and {reason}")


def test_workers_start_alike_from_totals(told):
    expected, _ = gp.xgboost.native(LOSSES["weighted"], totals=(3.0, 7.0))
    for worker in told:
        assert worker["refusals"]["native of totals"] == expected


def test_a_metric_fails_on_all_workers_or_on_none(told):
    first, second = (worker["refusals"]["bad rows of a metric"] for worker in told)
    assert second.startswith("y_true must lie in [0, 1]")
    assert first == f"worker 1 of 2 refused its rows: {second}"
    for worker in told:
        assert "the weights sum to 0" in worker["refusals"]["weights of zero"]
        assert worker["refusals"]["good"] == pytest.approx(np.log(2), rel=1e-15)


def test_the_host_itself_does_not_cross_validate_on_workers(told):
    for worker in told:
        assert (
            "should not be used in distributed environment" in worker["refusals"]["cv of the host"]
        )
