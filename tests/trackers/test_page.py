"""The examples of the page on trackers run as they stand."""

import re
from pathlib import Path

import pytest

from helpers.hosts import digits

mlflow = pytest.importorskip("mlflow")
pytest.importorskip("optuna_integration")

PAGE = Path(__file__).parents[2] / "docs/trackers.md"


@pytest.mark.filterwarnings("default")  # mlflow's own are not ours
def test_the_examples_of_the_page_on_trackers_run_one_after_the_other(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path / 'runs.db'}")
    mlflow.set_experiment("page")
    rows = digits()
    names = {
        "X": rows.train.x, "y": rows.train.y, "X_new": rows.test.x, "y_new": rows.test.y
    }  # fmt: skip
    try:
        blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
        assert len(blocks) == 4
        for block in blocks:
            exec(compile(block, str(PAGE), "exec"), names)
    finally:
        mlflow.xgboost.autolog(disable=True)
    model = names["booster"]
    assert 0 < float(model.predict(names["dvalid"]).mean()) < 1
