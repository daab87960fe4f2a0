"""The examples of the page on many machines and of docstrings, on a cluster."""

import doctest
import importlib

import numpy as np
import pytest

from helpers.pages import run_section

pytest.importorskip("distributed")
pytestmark = pytest.mark.cluster


@pytest.mark.filterwarnings("ignore:Parameter n_jobs will be ignored")  # LightGBM, of all it trains
@pytest.mark.parametrize("host", ["XGBoost", "LightGBM"])
def test_the_examples_of_the_page_run_one_after_the_other(client, host, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = run_section(f"{host} on Dask", client=client)
    score, y = np.asarray(names["score"]), names["y_new"]
    assert score.shape == y.shape
    assert score[y == 1].mean() > 0.7 > 0.3 > score[y == 0].mean()


@pytest.mark.parametrize("module", ["gradpair.lightgbm.dask", "gradpair.xgboost.dask"])
def test_the_examples_of_docstrings_run(client, module):
    train = importlib.import_module(module).train
    (test,) = (t for t in doctest.DocTestFinder(recurse=False).find(train) if t.examples)
    test.globs = {"client": client}
    for example in test.examples:
        example.options.pop(doctest.SKIP, None)
    assert doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test).failed == 0
