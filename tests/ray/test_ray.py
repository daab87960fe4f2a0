"""Our training in each worker of Ray Train gives the model of one machine."""

import json
from pathlib import Path

import numpy as np
import pytest
import xgboost as xgb
from numpy.testing import assert_allclose, assert_array_equal

import gradpair as gp
from helpers.hosts import digits

pytest.importorskip("ray.train")
pytestmark = [
    pytest.mark.ray,
    pytest.mark.filterwarnings("default"),  # Ray's own are not ours
]

PARAMS = {"max_depth": 4, "eta": 0.3, "nthread": 1}
ROUNDS = 8
ROWS = digits(0.2)
WEIGHTED, FOCAL = gp.WeightedCrossEntropy(7.3), gp.FocalLoss(2.3)
CASES = {
    "weighted": (WEIGHTED, False),
    "focal": (FOCAL, False),
    "weighted_offsets": (WEIGHTED, True),
    "focal_offsets": (FOCAL, True),
}
CASE = pytest.mark.parametrize("case", CASES)


def parts():
    """Return which rows each worker has: all 1s, which weigh more, and some 0s, or only 0s."""
    ones, zeros = np.flatnonzero(ROWS.y == 1), np.flatnonzero(ROWS.y == 0)
    return np.concatenate([ones, zeros[:200]]), zeros[200:]


def held_out(rows):
    return rows % 5 == 0


def weights():
    return np.where(ROWS.y == 1, 10 * ROWS.weight, ROWS.weight)


def matrix(rows, *, offsets=False):
    offset = ROWS.offset[rows] if offsets else None
    return xgb.DMatrix(ROWS.x[rows], label=ROWS.y[rows], weight=weights()[rows], base_margin=offset)


def loop(config):
    """Train on a worker, and write down what it has then."""
    from ray import train  # noqa: PLC0415

    rank = train.get_context().get_world_rank()
    rows = parts()[rank]
    for name, (loss, offsets) in CASES.items():
        data, log = matrix(rows, offsets=offsets), {}
        booster = gp.xgboost.train(
            PARAMS, data, ROUNDS, loss=loss, evals=[(data, "train")], evals_result=log,
            verbose_eval=False,
        )  # fmt: skip
        write(config["folder"], name, rank, booster, log)
    held, log = held_out(rows), {}
    booster = gp.xgboost.train(
        PARAMS, matrix(rows[~held]), 300, loss=FOCAL, evals=[(matrix(rows[held]), "valid")],
        early_stopping_rounds=3, evals_result=log, verbose_eval=False,
    )  # fmt: skip
    write(config["folder"], "stopped", rank, booster, log)


def write(folder, name, rank, booster, log):
    told = {"model": booster.save_raw("json").decode(), "log": log}
    Path(folder, f"{name}-{rank}.json").write_text(json.dumps(told))


@pytest.fixture(scope="module")
def told(cluster):
    """Train in two workers; return what both have told of a case."""
    from ray.train import RunConfig, ScalingConfig  # noqa: PLC0415
    from ray.train.xgboost import XGBoostTrainer  # noqa: PLC0415

    trainer = XGBoostTrainer(
        loop,
        train_loop_config={"folder": cluster},
        scaling_config=ScalingConfig(num_workers=2),
        run_config=RunConfig(storage_path=cluster, name="loop"),
    )
    assert trainer.fit().error is None

    def read(name):
        found = [json.loads(Path(cluster, f"{name}-{rank}.json").read_text()) for rank in (0, 1)]
        boosters = [xgb.Booster(model_file=bytearray(one["model"], "utf-8")) for one in found]
        return boosters, [one["log"] for one in found]

    return read


@CASE
def test_both_workers_have_the_model_of_one_machine(case, told):
    loss, offsets = CASES[case]
    boosters, _ = told(case)
    everything = matrix(np.concatenate(parts()), offsets=offsets)
    expected = gp.xgboost.train(PARAMS, everything, ROUNDS, loss=loss)
    assert boosters[0].save_raw("json") == boosters[1].save_raw("json")
    assert boosters[0].get_dump() == expected.get_dump()
    assert_array_equal(boosters[0].predict(everything), expected.predict(everything))


@CASE
def test_both_workers_tell_the_weighted_mean_over_all_rows(case, told):
    loss, offsets = CASES[case]
    boosters, logs = told(case)
    margin = boosters[0].predict(
        matrix(np.arange(ROWS.y.size), offsets=offsets), output_margin=True
    )
    expected = np.average(loss.loss(ROWS.y, margin), weights=weights())
    assert logs[0] == logs[1]
    assert logs[0]["train"][loss.name][-1] == pytest.approx(expected, abs=1e-6)


def test_early_stopping_stops_both_workers_at_the_round_of_one_machine(told):
    boosters, logs = told("stopped")
    rows, log = np.concatenate(parts()), {}
    held = np.concatenate([held_out(part) for part in parts()])
    expected = gp.xgboost.train(
        PARAMS, matrix(rows[~held]), 300, loss=FOCAL, evals=[(matrix(rows[held]), "valid")],
        early_stopping_rounds=3, evals_result=log, verbose_eval=False,
    )  # fmt: skip
    for booster, own in zip(boosters, logs, strict=True):
        assert booster.best_iteration == expected.best_iteration < 290
        assert_allclose(own["valid"][FOCAL.name], log["valid"][FOCAL.name], rtol=0, atol=2e-6)
