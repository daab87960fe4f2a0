"""A worker of a cluster sees a part of the rows, and does not fit a start on it."""

import json
import subprocess
import sys

import numpy as np
import pytest
import xgboost as xgb
from xgboost.tracker import RabitTracker

import gradpair as gp
from helpers.hosts import digits

DATA = digits()
LOSS = gp.WeightedCrossEntropy(7.3)
WORKER = """
import json, sys
import numpy as np, xgboost as xgb
from xgboost.collective import CommunicatorContext, get_rank
import gradpair as gp
from gradpair.sklearn import BoostingClassifier

rows = np.load(sys.argv[2])
loss = gp.WeightedCrossEntropy(7.3)
told = {}

def fails(name, call):
    try:
        call()
    except ValueError as error:
        told[name] = str(error)

with CommunicatorContext(**json.loads(sys.argv[1])):
    part = slice(get_rank(), None, 2)
    x, y, offset = rows["x"][part], rows["y"][part], rows["offset"][part]
    data = xgb.DMatrix(x, label=y)
    params = {"nthread": 1, "max_depth": 3}
    fails("train", lambda: gp.xgboost.train(params, data, 2, loss=loss))
    fails("cv", lambda: gp.xgboost.cv(params, data, 2, loss=loss))
    estimator = xgb.XGBClassifier(n_estimators=2)
    fails("fit", lambda: BoostingClassifier(estimator, loss).fit(x, y))
    data.set_base_margin(offset)
    booster = gp.xgboost.train(params, data, 3, loss=loss, constant=0.25)
    told["model"] = booster.save_raw("json").decode()
    told["rank"] = get_rank()
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What two workers say, each with every other row."""
    file = tmp_path_factory.mktemp("workers") / "rows.npz"
    x = np.round(DATA.x / 4)  # few values, so that the workers' sketch is that of all rows
    np.savez(file, x=x, y=DATA.y, offset=DATA.offset)
    tracker = RabitTracker(host_ip="127.0.0.1", n_workers=2)
    tracker.start()
    command = [sys.executable, "-c", WORKER, json.dumps(tracker.worker_args()), file]
    workers = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    outputs = [worker.communicate(timeout=120) for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], outputs
    tracker.wait_for(timeout=30)
    return [json.loads(output.splitlines()[-1]) for output, _ in outputs]


@pytest.mark.parametrize("call", ["train", "cv", "fit"])
def test_a_worker_refuses_to_fit_the_start_on_its_own_rows(told, call):
    way_out = "pass base_score=" if call == "fit" else "pass constant=gradpair.optimal_constant"
    for worker in told:
        assert "this is one of 2 workers" in worker[call]
        assert way_out in worker[call]


def test_with_a_constant_the_workers_train_the_model_of_one_machine(told):
    assert sorted(worker["rank"] for worker in told) == [0, 1]
    models = [xgb.Booster(model_file=bytearray(worker["model"], "utf-8")) for worker in told]
    x = np.round(DATA.x / 4)
    data = xgb.DMatrix(x, label=DATA.y, base_margin=DATA.offset)
    params = {"nthread": 1, "max_depth": 3}
    expected = gp.xgboost.train(params, data, 3, loss=LOSS, constant=0.25).predict(data)
    for model in models:
        assert np.abs(model.predict(data) - expected).max() < 2e-6
