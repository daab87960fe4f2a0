"""``gradpair demo``, as a user runs it."""

import re

import pytest

from helpers.process import command

DEMO = "-m", "gradpair", "demo", "--host", "xgboost", "lightgbm"
WITHOUT = """
import importlib.util, sys
import gradpair.__main__
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name in {missing!r} else find(name, *rest)
for name in {missing!r}:
    sys.modules[name] = None
sys.exit(gradpair.__main__.main(["demo", "--host", "xgboost", "lightgbm"]))
"""


def rows_of(text, name):
    """The numbers of a candidate: average precision, log loss and cost, in each host."""
    lines = [line for line in text.splitlines() if line.startswith(f"{name}  ")]
    return [[float(word) for word in line.split()[-3:]] for line in lines]


def test_the_demo_compares_losses_in_both_hosts():
    text = command(*DEMO)
    assert "1,797 rows, 9.7% positive.\nA missed 8 costs 10, a false alarm 1. 5 folds" in text
    assert max(map(len, text.splitlines())) <= 80
    for host in ("XGBoost", "LightGBM"):
        assert f"\n{host}: no loss is better than the built-in on this data: keep it\n" in text
    names = "built-in", "scale_pos_weight", "cross-entropy", "wce balanced", "focal(1)", "focal(2)"
    for name in names:
        for precision, log_loss, cost in rows_of(text, name):
            assert 0.9 < precision < 1
            assert 0.01 < log_loss < 0.1
            assert 0.01 < cost < 0.3
        assert len(rows_of(text, name)) == 2


def test_the_demo_shows_equal_trees_in_a_line():
    told = " ".join(command(*DEMO).splitlines()[-2:])
    assert told.count("50/50 equal") == 2
    assert float(re.search(r"max \|Δp\| (\d\.\de-\d\d)\.$", told)[1]) <= 1e-6


def test_the_demo_trains_the_focal_loss_of_any_gamma_too():
    text = command(*DEMO, "--gamma", "1.5")
    assert len(rows_of(text, "focal(1.5)")) == 2
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(
    ("missing", "title", "shown"),
    [("xgboost", "XGBoost", "LightGBM"), ("lightgbm", "LightGBM", "XGBoost")],
)
def test_the_demo_runs_with_one_host_and_says_how_to_get_the_other(missing, title, shown):
    text = command("-c", WITHOUT.format(missing=[missing]))
    assert f"gradpair.{missing} needs {title}: pip install 'gradpair[{missing}]'" in text
    assert f"\n{shown}: " in text
    assert text.count("50/50 equal") == 1


def test_the_demo_shows_the_hosts_that_are_named_alone():
    text = command("-m", "gradpair", "demo", "--host", "lightgbm")
    assert "\nLightGBM: " in text
    assert "XGBoost" not in text
    assert command("-m", "gradpair", "demo", "--host", "catbost", code=2) == ""


@pytest.mark.parametrize("missing", [["sklearn"], ["xgboost", "lightgbm"]])
def test_the_demo_without_its_data_or_any_host_fails_with_the_extras_to_install(missing):
    text = command("-c", WITHOUT.format(missing=missing), code=1)
    for name in missing:
        assert f"pip install 'gradpair[{name}]'" in text


def test_a_gamma_that_is_none_is_refused_with_the_usage():
    assert command("-m", "gradpair", "demo", "--gamma", "-1", code=2) == ""
