"""The command itself."""

import subprocess
import sys

import pytest

import gradpair as gp
from helpers.process import command


def test_the_version_is_printed():
    assert command("-m", "gradpair", "--version").strip() == f"gradpair {gp.__version__}"


def test_no_command_prints_the_help():
    text = command("-m", "gradpair")
    assert text == command("-m", "gradpair", "--help")
    assert "usage: gradpair" in text
    for name in ("demo", "check"):
        assert f"\n    {name} " in text


def test_an_unknown_command_is_refused_with_the_usage():
    done = subprocess.run(
        [sys.executable, "-m", "gradpair", "dmeo"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "invalid choice: 'dmeo'" in done.stderr


@pytest.mark.parametrize(
    "args",
    [[], ["--help"], ["--version"], ["demo"], ["demo", "--help"], ["check", "gradpair:FocalLoss"]],
    ids=" ".join,
)
def test_a_reader_that_leaves_ends_a_command_without_a_word(args):
    """As with ``| head -1``, which closes the pipe while more is printed line by line."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "gradpair", *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    process.stdout.close()
    _, told = process.communicate(timeout=120)
    assert told == ""
    assert process.returncode in (0, 1, 2)  # 120 is an output that could not be flushed
