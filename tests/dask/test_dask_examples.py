"""The examples of the page on many machines and of docstrings, on a cluster."""

import doctest
import importlib
import re
from pathlib import Path

import numpy as np
import pytest

from helpers.hosts import digits

pytest.importorskip("distributed")
pytestmark = pytest.mark.cluster

PAGE = Path(__file__).parents[2] / "docs/many_machines.md"


def sections():
    """The parts of the page that have examples for Dask."""
    text = PAGE.read_text(encoding="utf-8")
    found = re.findall(r"^## ([^\n]*Dask)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return [pytest.param(body, id=title.split()[0]) for title, body in found]


@pytest.mark.filterwarnings("ignore:Parameter n_jobs will be ignored")  # LightGBM, of all it trains
@pytest.mark.parametrize("section", sections())
def test_the_examples_of_the_page_run_one_after_the_other(client, section, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = digits()
    names = {"client": client, "weight": data.train.weight}
    names |= {"X": data.train.x, "y": data.train.y, "X_new": data.test.x, "y_new": data.test.y}
    blocks = re.findall(r"^```python\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)
    score = np.asarray(names["score"])
    assert score.shape == data.test.y.shape
    assert score[data.test.y == 1].mean() > 0.7 > 0.3 > score[data.test.y == 0].mean()


@pytest.mark.parametrize("module", ["gradpair.lightgbm.dask", "gradpair.xgboost.dask"])
def test_the_examples_of_docstrings_run(client, module):
    train = importlib.import_module(module).train
    (test,) = (t for t in doctest.DocTestFinder(recurse=False).find(train) if t.examples)
    test.globs = {"client": client}
    for example in test.examples:
        example.options.pop(doctest.SKIP, None)
    assert doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test).failed == 0
