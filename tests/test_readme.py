"""The examples of the README and the docs run as they stand."""

import re
from pathlib import Path

import numpy as np
import pytest

from helpers.hosts import digits

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page):
    return re.findall(r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


# They need trackers or a cluster, and run in tests/trackers and tests/dask.
ELSEWHERE = [ROOT / "docs/trackers.md", ROOT / "docs/many_machines.md"]


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if page not in ELSEWHERE],
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_the_python_blocks_of_a_page_run_one_after_the_other(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    data = digits()
    x = data.x - data.x.mean()  # a reader's features are of any sign
    names = {
        "X": np.ascontiguousarray(x[::2]),
        "y": data.y[::2].astype(int),
        "X_new": np.ascontiguousarray(x[1::2]),
        "y_new": data.y[1::2].astype(int),
        "weight": data.weight[::2],
    }
    for block in blocks(page):
        exec(compile(block, str(page), "exec"), names)


def test_the_readme_has_examples():
    assert len(blocks(ROOT / "README.md")) >= 5


def test_relative_links_lead_somewhere():
    for page in PAGES:
        for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_the_readme_has_no_link_that_a_package_index_would_break():
    text = (ROOT / "README.md").read_text()
    assert re.findall(r"\]\((?!https?:)([^)]+)", text) == []
    pages = re.findall(r"`((?:docs|benchmarks)/[\w/]+\.md)`", text)
    assert {ROOT / page for page in pages} >= set((ROOT / "docs").glob("*.md"))
    for page in pages:
        assert (ROOT / page).exists(), page
    assert "`pip install gradpair`" in text
