"""``gradpair compare``, as a user runs it."""

import csv
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer

from gradpair.__main__ import main
from helpers.process import command

QUICK = ("--host", "xgboost", "--folds", "2", "--repeats", "1", "--rounds", "4")


@pytest.fixture(scope="module")
def frame():
    x, y = load_breast_cancer(return_X_y=True, as_frame=True)
    rows = x.iloc[:, :5].copy()
    rows.columns = ["radius [mm]", "texture<", "c", "d", "e"]
    rows.loc[::9, "c"] = np.nan
    rows["kind"] = np.where(x.iloc[:, 7] > 0.05, "high", "low")
    rows.loc[::13, "kind"] = None
    rows["w"] = np.random.default_rng(0).uniform(0.3, 7, len(rows))
    rows["finding"] = np.where(y == 0, "malignant", "benign")
    rows["grade"] = np.arange(len(rows)) % 3
    rows["bad"] = np.where(np.arange(len(rows)) == 4, -2.0, 1.0)
    rows["one"] = 1
    rows["rare"] = (np.arange(len(rows)) < 3).astype(int)
    rows["gap"] = np.where(np.arange(len(rows)) == 4, np.nan, y)
    return rows


@pytest.fixture(scope="module")
def folder(tmp_path_factory, frame):
    folder = tmp_path_factory.mktemp("tables")
    frame.to_csv(folder / "rows.csv", index=False)
    frame.to_csv(folder / "rows.csv.gz", index=False)
    frame.to_csv(folder / "rows.tsv", index=False, sep="\t")
    frame.to_parquet(folder / "rows.parquet")
    frame.to_feather(folder / "rows.feather")
    x = frame[["c", "d", "e"]].to_numpy()
    y = (frame["finding"] == "malignant").to_numpy()
    np.savez(folder / "rows.npz", X=x, finding=y, w=frame["w"], names=np.array(list("cde")))
    np.save(folder / "rows.npy", np.column_stack([x, y]))
    (folder / "rows.txt").write_text("a,b\n1,2\n")
    (folder / "broken.parquet").write_text("a,b\n1,2\n")
    (folder / "broken.npz").write_text("a,b\n1,2\n")
    (folder / "empty.csv").write_text("")
    (folder / "headed.csv").write_text("a,finding\n")
    np.save(folder / "line.npy", np.arange(4.0))
    return folder


@pytest.fixture
def run(capsys):
    def run(*args, code=0):
        assert main(["compare", *map(str, args)]) == code
        return capsys.readouterr()

    return run


LEFT = ("--drop", "grade", "bad", "one", "rare", "gap")


@pytest.mark.parametrize("host", ["xgboost", "lightgbm"])
def test_text_categories_and_missing_values_are_compared(host, folder, run):
    out, err = run(
        folder / "rows.csv", "--target", "finding", "--weight", "w", *LEFT, *QUICK, "--host", host,
        "--losses", "bce,focal:1.5", "wce", "--cost-fn", "7", "--cost-fp", "0.3",
    )  # fmt: skip
    assert not err
    assert max(map(len, out.splitlines())) <= 80
    assert "569 rows, 212 of them malignant (37.26%), 2 folds." in out
    for name in ("built-in", "cross-entropy", "focal(1.5)", "wce balanced"):
        assert f"\n{name} " in out
    assert "failed" not in out
    assert "cost per row" in out


def table_of(out):
    """The rows of the table, without the seconds."""
    return [line.split()[:-1] for line in out.splitlines() if line.startswith("built-in  ")]


def test_the_same_table_gives_the_same_whatever_its_file(folder, run):
    args = ("--target", "finding", *LEFT, *QUICK, "--losses", "bce")
    files = ("csv", "csv.gz", "tsv", "parquet", "feather")
    tables = [table_of(run(folder / f"rows.{suffix}", *args)[0]) for suffix in files]
    assert tables[0]
    assert all(table == tables[0] for table in tables)


def test_numpy_files_have_columns_by_name_or_by_position(folder, run):
    args = (*QUICK, "--losses", "bce")
    named, _ = run(folder / "rows.npz", "--target", "finding", "--weight", "w", *args)
    assert "212 of them True" in named
    plain, _ = run(folder / "rows.npz", "--target", "finding", "--drop", "w", *args)
    placed, _ = run(folder / "rows.npy", "--target", "3", *args)
    assert table_of(plain) == table_of(placed) != table_of(named)
    fewer, _ = run(folder / "rows.npz", "--target", "finding", "--drop", "w", "c", *args)
    assert table_of(fewer) != table_of(plain)


def test_the_positive_class_may_be_named(folder, run):
    args = (*QUICK, "--losses", "bce", "--drop", "bad", "one", "rare", "gap")
    out, _ = run(folder / "rows.csv", "--target", "finding", "--positive", "benign", *args, "grade")
    assert "357 of them benign" in out
    out, _ = run(folder / "rows.csv", "--target", "grade", "--positive", "2", *args, "finding")
    assert "189 of them 2" in out


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["nowhere.csv"], "nowhere.csv is no file; name a table"),
        (["."], "is no file; name a table"),
        (["rows.txt"], "rows.txt is no table that can be read: expected .csv,"),
        (["broken.parquet"], "broken.parquet cannot be read as a table: "),
        (["broken.npz"], "broken.npz cannot be read as a table: "),
        (["empty.csv"], "empty.csv cannot be read as a table: "),
        (["headed.csv"], "headed.csv has no rows."),
        (["line.npy"], "line.npy has 1 dimensions; a table has two"),
        (["rows.csv", "--target", "findings"], "has no column 'findings'; it has radius [mm], "),
        (["rows.csv", "--weight", "weights"], "has no column 'weights'"),
        (["rows.csv", "--drop", "nothing"], "has no column 'nothing'"),
        (["rows.csv", "--target", "grade"], "it has 3: 0, 1, 2. Name the positive one with"),
        (["rows.csv", "--target", "one"], "'one' must have two classes; it has 1: 1."),
        (["rows.csv", "--target", "rare"], "y has 3 rows of 1 and 566 of 0. Use fewer folds"),
        (["rows.csv", "--target", "gap"], "1 rows have no 'gap'; drop them first"),
        (["rows.csv", "--positive", "bad"], "column 'finding' has no 'bad'; it has malignant, "),
        (["rows.csv", "--weight", "bad"], "'bad' has -2 in row 5"),
        (["rows.csv", "--weight", "kind"], "'kind' must hold numbers to be weights"),
        (["rows.csv", "--weight", "finding"], "cannot be both the target and the weight"),
        (["rows.csv", "--losses", "bce,focl:2"], "unknown loss 'focl:2'; the known ones are"),
        (["rows.csv", "--losses", "focal:-2"], "gamma must "),
        (["rows.csv", "--cost-fn", "3"], "pass both --cost-fn and --cost-fp, or neither"),
        (["rows.csv", "--cost-fn", "-3", "--cost-fp", "1"], "the cost false_negative must be"),
        (["rows.csv", "--folds", "1"], "--folds must be at least 2; got 1"),
        (["rows.csv", "--rounds", "0"], "--rounds must be at least 1"),
        (["rows.csv", "--resume"], "--resume goes on from a folder; name it with --out"),
        (["rows.csv", "--out", "rows.csv"], "rows.csv is no folder"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_is_told_in_one_line(args, said, folder, run, monkeypatch):
    monkeypatch.chdir(folder)
    target = [] if "--target" in args else ["--target", "finding"]
    out, err = run(*args[:1], *target, *args[1:], code=2)
    assert not out
    (line,) = err.splitlines()
    assert line.startswith("gradpair compare: ")
    assert said in line


def test_results_and_report_are_in_the_folder(folder, tmp_path, run):
    args = ("--target", "finding", *LEFT, *QUICK, "--losses", "bce", "--out", tmp_path / "a/b")
    out, _ = run(folder / "rows.csv", *args)
    assert out.endswith(f"The report is {tmp_path / 'a/b/report.html'}.\n")
    with (tmp_path / "a/b/results.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["candidate", "fold", "metric", "value"]
    assert len(rows) == 2 * 2 * 9
    assert sorted(path.name for path in (tmp_path / "a/b").iterdir()) == [
        "progress.jsonl",
        "report.html",
        "results.csv",
    ]


def start(*args, **settings):
    return subprocess.Popen(
        [sys.executable, "-m", "gradpair", "compare", *map(str, args)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **settings,
    )  # fmt: skip


def test_ctrl_c_keeps_the_finished_folds_and_resume_goes_on(folder, tmp_path):
    args = (
        folder / "rows.csv", "--target", "finding", *LEFT, "--host", "xgboost", "--losses", "bce",
        "--folds", "40", "--repeats", "1", "--rounds", "30", "--out", tmp_path,
    )  # fmt: skip
    running = start(*args)
    deadline = time.monotonic() + 60
    results = tmp_path / "results.csv"
    while not (results.exists() and len(results.read_text().splitlines()) > 20):
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert (running.returncode, out) == (130, "")
    assert "the running training ends first" in err
    said = f"gradpair compare: interrupted; finished folds are in {tmp_path}; go on with --resume."
    assert err.splitlines()[-1] == said
    kept = pd.read_csv(results)
    assert 0 < kept["fold"].nunique() < 40
    out = command("-m", "gradpair", "compare", *map(str, args), "--resume")
    assert "40 folds." in out
    whole = pd.read_csv(results)
    assert whole["fold"].nunique() == 40
    pd.testing.assert_frame_equal(whole[: len(kept)], kept)


def test_progress_shows_on_a_terminal_alone(folder):
    pty = pytest.importorskip("pty")
    args = (folder / "rows.csv", "--target", "finding", *LEFT, *QUICK, "--losses", "bce")
    ours, theirs = pty.openpty()
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "80"}
    done = subprocess.Popen(
        [sys.executable, "-m", "gradpair", "compare", *map(str, args)],
        stdout=theirs, stderr=theirs, env=environment,
    )  # fmt: skip
    os.close(theirs)
    told = b""
    try:
        while part := os.read(ours, 4096):
            told += part
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    assert done.wait(60) == 0
    assert b"\xe2\x94\x81" in told  # a bar
    assert b"no loss is better" in told
    assert "━" not in command("-m", "gradpair", "compare", *map(str, args))
