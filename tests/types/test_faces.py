"""What type checkers say of a user's code: slips are errors, also in modules imported lazily."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import gradpair as gp

RIGHT = """
import lightgbm as lgb
import numpy as np
import xgboost as xgb

import gradpair as gp
from gradpair.sklearn import BoostingClassifier

y = np.array([0, 1, 0, 1])
loss: gp.Loss = gp.WeightedCrossEntropy.balanced(y)
start: float = gp.optimal_constant(loss, y)
matrix, data = xgb.DMatrix(y.reshape(-1, 1), label=y), lgb.Dataset(y.reshape(-1, 1), y)
booster: xgb.Booster = gp.xgboost.train({}, matrix, 2, loss=gp.FocalLoss(alpha_t=0.25))
other: lgb.Booster = gp.lightgbm.train({}, data, 2, loss=loss)
clean: bool = gp.check_objective(loss).ok and gp.audit.check_objective(loss).ok
same: type = gp.sklearn.BoostingClassifier
model = BoostingClassifier(xgb.XGBClassifier(), loss)
"""

WRONG = """
import gradpair as gp

gp.FocalLos
gp.xgboost.trian
gp.lightgbm.trian
gp.sklearn.BoostingClassifer
gp.audit.check_objectiv
gp.catboots
gp.optimal_constant(gp.FocalLoss(), [0, 1], ofset=[0.5, 0.5])
"""
SLIPS = ["FocalLos", "trian", "trian", "BoostingClassifer", "check_objectiv", "catboots", "ofset"]


def mypy(file):
    """Return the lines and the messages of the errors that mypy finds in a file."""
    pytest.importorskip("mypy")
    python = ["--python-executable", sys.executable]
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", *python, file.name]
    told = checked(command, file)
    assert "error:" not in told.stderr
    pattern = rf"^{re.escape(file.name)}:(\d+): error: (.*)$"
    return [(int(line), message) for line, message in re.findall(pattern, told.stdout, re.M)]


def pyright(file):
    """Return the lines and the messages of the errors that pyright finds in a file."""
    pytest.importorskip("pyright")
    command = [sys.executable, "-m", "pyright", "--outputjson"]
    told = checked([*command, "--pythonpath", sys.executable, file.name], file)
    found = json.loads(told.stdout)["generalDiagnostics"]
    return [
        (item["range"]["start"]["line"] + 1, item["message"])
        for item in found
        if item["severity"] == "error"
    ]


def checked(command, file):
    """Run a checker where the file is, with the package that the tests run."""
    source = str(Path(gp.__file__).parents[1])
    return subprocess.run(
        command,
        cwd=file.parent,
        env={**os.environ, "MYPYPATH": source, "PYTHONPATH": source},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize("checker", [mypy, pyright], ids=lambda checker: checker.__name__)
def test_slips_are_errors_and_right_code_has_none(checker, tmp_path):
    for name, code in (("right.py", RIGHT), ("wrong.py", WRONG)):
        (tmp_path / name).write_text(code, encoding="utf-8")
    assert checker(tmp_path / "right.py") == []
    found = checker(tmp_path / "wrong.py")
    assert [line for line, _ in found] == list(range(4, 4 + len(SLIPS)))
    for slip, (_, message) in zip(SLIPS, found, strict=True):
        assert f'"{slip}"' in message
