"""``gradpair demo``, as a user runs it."""

import re

import pytest

from helpers.process import command

WITHOUT = """
import importlib.util, sys
import gradpair.__main__
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name in {missing!r} else find(name, *rest)
for name in {missing!r}:
    sys.modules[name] = None
sys.exit(gradpair.__main__.main(["demo"]))
"""


def test_the_demo_shows_equal_trees_in_both_hosts():
    text = command("-m", "gradpair", "demo")
    assert "1,257 rows to train on,\n540 held out, 9.7% positive" in text
    assert max(map(len, text.splitlines())) <= 80
    assert text.count("50/50 equal") == 2
    rows = [line.split() for line in text.splitlines() if "equal" in line]
    assert all(float(row[4]) <= 1e-6 for row in rows if row[2] == "50/50")
    assert re.search(r"differ by at most \d\.\de-\d\d\.$", text.strip())


def test_the_demo_fits_80_columns_whatever_gamma_is():
    lines = command("-m", "gradpair", "demo", "--gamma", "0.000123456").splitlines()
    assert max(map(len, lines)) <= 80
    assert sum("FocalLoss(" in line for line in lines) == 2


def test_the_demo_trains_the_focal_loss_too():
    text = command("-m", "gradpair", "demo", "--gamma", "1.5")
    rows = [line.split() for line in text.splitlines() if "FocalLoss(gamma=1.5)" in line]
    assert len(rows) == 2
    for _, start, log_loss, precision in rows:
        assert float(start) == pytest.approx(0.0)  # balanced classes
        assert float(log_loss) < 0.5
        assert float(precision) > 0.9
    assert text.count("50/50 equal") == 2


@pytest.mark.parametrize(
    ("missing", "title", "shown"),
    [("xgboost", "XGBoost", "LightGBM"), ("lightgbm", "LightGBM", "XGBoost")],
)
def test_the_demo_runs_with_one_host_and_says_how_to_get_the_other(missing, title, shown):
    text = command("-c", WITHOUT.format(missing=[missing]))
    assert f"gradpair.{missing} needs {title}: pip install 'gradpair[{missing}]'" in text
    assert f"\n{shown}" in text
    assert text.count("50/50 equal") == 1


@pytest.mark.parametrize("missing", [["sklearn"], ["xgboost", "lightgbm"]])
def test_the_demo_without_its_data_or_any_host_fails_with_the_extras_to_install(missing):
    text = command("-c", WITHOUT.format(missing=missing), code=1)
    for name in missing:
        assert f"pip install 'gradpair[{name}]'" in text


def test_a_gamma_that_is_none_is_refused_with_the_usage():
    assert command("-m", "gradpair", "demo", "--gamma", "-1", code=2) == ""
