"""``gradpair check``, as a user runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gradpair.__main__ import main
from gradpair._hosts import record

MODULE = """
import sys

import numpy as np
import gradpair as gp

loss = gp.FocalLoss(gamma=2.0)

class Holder:
    @staticmethod
    def objective(preds, data):
        w = data.get_weight() if data.get_weight().size else 1.0
        p, q = gp.sigmoid(preds), gp.sigmoid(-preds)
        return w * (p - data.get_label()), w * p * q

def unweighted(preds, data):
    p, q = gp.sigmoid(preds), gp.sigmoid(-preds)
    return p - data.get_label(), p * q

def log_loss(y_true, raw_prediction):
    return np.logaddexp(0, raw_prediction) - y_true * raw_prediction

def broken_loss(y_true, raw_prediction):
    raise RuntimeError("no loss\\ntoday")

def leaving(preds, data):
    sys.exit(0)

def leaving_loss(y_true, raw_prediction):
    sys.exit(0)

class LeavingLoss(gp.Loss):
    _loss = _gradient_hessian = None

    def __init__(self):
        sys.exit(0)

def nothing_for_lists(labels, margins, weights):
    return [0.0 for _ in labels], [0.0 for _ in labels]

def accented(preds, data):
    raise ValueError("d\u00e9j\u00e0 vu")
"""


def command(*args, code=0):
    """Run a command with this interpreter and return what it prints."""
    done = subprocess.run(
        [sys.executable, *args], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == code, done.stderr
    assert not done.stderr or code
    return done.stdout


@pytest.fixture
def check(folder, monkeypatch, capsys):
    """Return a function that runs ``gradpair check`` in the folder and returns what it prints."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", list(sys.path))

    def run(*args, code):
        assert main(["check", *args]) == code
        return capsys.readouterr()

    return run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with modules of a user's."""
    folder = tmp_path_factory.mktemp("user")
    (folder / "mine.py").write_text(MODULE, encoding="utf-8")
    (folder / "loud.py").write_text("from mine import unweighted\nprint('imported')\n")
    (folder / "exits.py").write_text("import sys; sys.exit('over\\nand out')")
    return folder


@pytest.mark.parametrize("place", ["mine", "mine.py"])
def test_check_runs_on_a_module_and_on_a_file_and_succeeds_if_all_is_right(place, check):
    out, _ = check(f"{place}:loss", code=0)
    assert out == "FocalLoss(gamma=2.0, alpha=1.0) as loss: nothing found.\n"
    args = ("--kind", "xgboost", "--loss", f"{place}:log_loss")
    out, _ = check(f"{place}:Holder.objective", *args, code=0)
    assert out == "Holder.objective as xgboost: nothing found.\n"


def test_check_takes_a_class_of_losses_for_its_default(check):
    out, _ = check("gradpair:FocalLoss", code=0)
    assert out == "FocalLoss(gamma=2.0, alpha=1.0) as loss: nothing found.\n"
    args = ("--kind", "xgboost", "--loss", "gradpair:BinaryCrossEntropy")
    out, _ = check("mine:unweighted", *args, code=1)
    assert "1 error" in out


def test_check_runs_on_a_file_elsewhere(folder):
    assert "nothing found" in command("-m", "gradpair", "check", f"{folder / 'mine.py'}:loss")


def test_check_fails_on_an_error_and_prints_the_report_plain_into_a_pipe(check):
    out, _ = check("mine:unweighted", "--kind", "xgboost", code=1)
    assert out.startswith("unweighted as xgboost: 1 error.\n\nerror [weights-dropped] ")
    assert "\x1b" not in out


def test_check_prints_the_report_as_json_and_nothing_else(check):
    out, err = check("loud:unweighted", "--kind", "xgboost", "--json", code=1)
    told = json.loads(out)
    assert (told["ok"], told["kind"]) == (False, "xgboost")
    assert [found["code"] for found in told["findings"]] == ["weights-dropped"]
    assert "imported" in err


def test_check_colours_severities_on_a_terminal(check, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    out, _ = check("mine:unweighted", "--kind", "xgboost", code=1)
    assert "\x1b[1;31merror\x1b[0m [weights-dropped]" in out


def test_check_does_without_rich(check, monkeypatch):
    monkeypatch.setitem(sys.modules, "rich.console", None)
    out, _ = check("mine:loss", code=0)
    assert "nothing found" in out


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["mine"], "expected module:attribute or path/to/file.py:attribute; got 'mine'."),
        (["mine:"], "got 'mine:'."),
        (["mine:nothing"], "mine has no attribute 'nothing'."),
        (["nowhere:loss"], "cannot import nowhere: ModuleNotFoundError: No module named 'nowhere'"),
        (["nowhere.py:loss"], "cannot import nowhere.py: FileNotFoundError"),
        (["exits.py:loss"], "cannot import exits.py: SystemExit: over and out"),
        (["mine:unweighted"], "ValueError: kind must say how the objective is called"),
        (["mine:loss", "--kind", "xgboost"], "ValueError: a loss is audited without kind"),
        (
            ["gradpair:WeightedCrossEntropy"],
            "needs alpha: write loss = WeightedCrossEntropy(alpha=..",
        ),
        (
            ["gradpair:LabelSmoothing"],
            "needs loss and smoothing: write loss = LabelSmoothing(loss=..",
        ),
        (
            ["gradpair:FocalLoss(2)"],
            "has no attribute 'FocalLoss(2)'. Name an instance, not a call",
        ),
        (["mine:loss", "--loss", "mine:nothing"], "mine has no attribute 'nothing'."),
        (["mine:loss", "--loss", "mine:broken_loss"], "RuntimeError: no loss today"),
        (["mine:loss", "--loss", "mine:leaving_loss"], "SystemExit: 0"),
        (["mine:LeavingLoss"], "SystemExit: 0"),
    ],
    ids=" ".join,
)
def test_check_says_in_one_line_why_it_cannot_run(args, said, check):
    out, err = check(*args, code=2)
    assert not out
    (line,) = err.splitlines()
    assert line.startswith("gradpair check: ")
    assert said in line


def test_check_takes_an_objective_that_exits_for_a_wrong_one(check):
    out, _ = check("mine:leaving", "--kind", "xgboost", code=1)
    assert "error [raises] The objective raises SystemExit: 0" in out


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["text", "json"])
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no full device")
def test_check_says_in_one_line_that_its_report_cannot_be_written(options, folder):
    with Path("/dev/full").open("w") as full:
        done = written_to(full, f"{folder / 'mine.py'}:loss", *options)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("gradpair check: OSError: ")


def test_check_says_in_one_line_that_its_report_cannot_be_encoded(folder):
    target = (f"{folder / 'mine.py'}:accented", "--kind", "xgboost")
    done = written_to(subprocess.PIPE, *target, PYTHONIOENCODING="ascii:strict")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("gradpair check: UnicodeEncodeError: ")


def test_check_is_silent_when_nobody_reads_its_report(folder):
    reader, writer = os.pipe()
    os.close(reader)
    done = written_to(writer, f"{folder / 'mine.py'}:loss")
    os.close(writer)
    assert (done.returncode, done.stderr) == (2, "")


def written_to(stdout, *args, **environment):
    """Run ``gradpair check`` with its output going elsewhere."""
    return subprocess.run(
        [sys.executable, "-m", "gradpair", "check", *args],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        check=False,
        env=os.environ | environment,
    )


def test_check_takes_a_host_that_is_added_to_the_list(check, monkeypatch, capsys):
    monkeypatch.setitem(record.HOSTS, "toy_host", "helpers.toy_host")
    with pytest.raises(SystemExit):
        main(["check", "--help"])
    assert "--kind {xgboost,lightgbm,catboost,toy_host,sklearn}" in capsys.readouterr().out
    args = ("--kind", "toy_host", "--loss", "mine:log_loss")
    out, _ = check("mine:nothing_for_lists", *args, code=1)
    assert out.startswith("nothing_for_lists as toy_host: ")


def test_check_refuses_an_unknown_kind_with_the_usage(folder):
    target = f"{folder / 'mine.py'}:unweighted"
    assert command("-m", "gradpair", "check", target, "--kind", "pyboost", code=2) == ""
