"""The command itself."""

import gradpair as gp
from helpers.process import command


def test_the_version_is_printed():
    assert command("-m", "gradpair", "--version").strip() == f"gradpair {gp.__version__}"


def test_no_command_prints_the_usage_and_fails():
    assert command("-m", "gradpair", code=2) == ""
