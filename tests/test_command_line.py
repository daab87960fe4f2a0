"""The command line, as a user runs it."""

import re
import subprocess
import sys

import pytest

import gradpair as gp

WITHOUT = """
import importlib.util, sys
import gradpair.__main__
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name in {missing!r} else find(name, *rest)
for name in {missing!r}:
    sys.modules[name] = None
sys.exit(gradpair.__main__.main(["demo"]))
"""


def command(*args, code=0):
    """Run a command with this interpreter and return what it prints."""
    done = subprocess.run(
        [sys.executable, *args], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == code, done.stderr
    assert not done.stderr or code
    return done.stdout


def test_the_demo_shows_equal_trees_in_both_hosts():
    text = command("-m", "gradpair", "demo")
    assert "1,257 rows to train on, 540 held out, 9.7% positive" in text
    assert text.count("50/50 equal") == 2
    rows = [line.split() for line in text.splitlines() if "equal" in line]
    assert all(float(row[4]) <= 1e-6 for row in rows if row[2] == "50/50")
    assert re.search(r"differ by at most \d\.\de-\d\d\.$", text.strip())


def test_the_demo_trains_the_focal_loss_too():
    text = command("-m", "gradpair", "demo", "--gamma", "1.5")
    rows = [line.split() for line in text.splitlines() if "FocalLoss(gamma=1.5)" in line]
    assert len(rows) == 2
    for _, start, log_loss, precision, _ in rows:
        assert float(start) == pytest.approx(0.0)  # balanced classes
        assert float(log_loss) < 0.5
        assert float(precision) > 0.9
    assert text.count("50/50 equal") == 2


@pytest.mark.parametrize(
    ("missing", "said", "shown"),
    [
        (["xgboost"], "XGBoost is not installed: pip install 'gradpair[xgboost]'", "LightGBM"),
        (["lightgbm"], "LightGBM is not installed: pip install 'gradpair[lightgbm]'", "XGBoost"),
    ],
)
def test_the_demo_runs_with_one_host_and_says_how_to_get_the_other(missing, said, shown):
    text = command("-c", WITHOUT.format(missing=missing))
    assert said in text
    assert f"\n{shown}" in text
    assert text.count("50/50 equal") == 1


@pytest.mark.parametrize("missing", [["sklearn"], ["xgboost", "lightgbm"]])
def test_the_demo_without_its_data_or_any_host_fails_with_the_extras_to_install(missing):
    text = command("-c", WITHOUT.format(missing=missing), code=1)
    for name in missing:
        assert f"pip install 'gradpair[{name}]'" in text


def test_a_gamma_that_is_none_is_refused_with_the_usage():
    assert command("-m", "gradpair", "demo", "--gamma", "-1", code=2) == ""


def test_the_version_is_printed():
    assert command("-m", "gradpair", "--version").strip() == f"gradpair {gp.__version__}"


def test_no_command_prints_the_usage_and_fails():
    assert command("-m", "gradpair", code=2) == ""
