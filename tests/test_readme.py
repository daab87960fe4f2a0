"""The examples of the README and the docs run as they stand."""

import re

import pytest

from helpers.installed import needs
from helpers.pages import MANY_MACHINES, PAGES, ROOT, blocks, run, sections

# They need trackers or engines, and run in the folders of tests that have their names.
ELSEWHERE = [ROOT / "docs/trackers.md", MANY_MACHINES]


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if page not in ELSEWHERE],
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_the_python_blocks_of_a_page_run_one_after_the_other(page, tmp_path, monkeypatch, capsys):
    if page.name == "catboost.md":
        needs("catboost")
    monkeypatch.chdir(tmp_path)
    run(page.read_text())


def test_each_example_of_the_page_on_many_machines_has_a_test_that_runs_it():
    tests = "".join(path.read_text() for path in sorted((ROOT / "tests").rglob("test_*.py")))
    told = sections(MANY_MACHINES)
    ran = set(re.findall(r'run_section\("([^"]*)"', tests))
    ran |= {heading for heading in told if heading.endswith(" on Dask")}  # by tests/dask
    assert ran == {heading for heading, text in told.items() if blocks(text)}
    before, *_ = MANY_MACHINES.read_text().partition("\n## ")
    assert blocks(before) == []


def test_the_readme_has_examples():
    assert len(blocks((ROOT / "README.md").read_text())) >= 5


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
