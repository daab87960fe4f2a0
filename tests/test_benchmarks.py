"""The benchmarks run; what they measure is not asked here."""

import importlib
import json
from pathlib import Path

import pytest

from helpers.installed import needs

FOLDER = Path(__file__).parents[1] / "benchmarks"
TINY = {
    "kernels": ["--rows", "300", "--quick"],
    "rounds": ["--rows", "300", "--rounds", "2", "--quick", "--only", "native;train, native;numpy"],
    "catboost_rounds": ["--rows", "300", "--rounds", "2", "--quick"],
    "constant": ["--rows", "300", "--quick"],
    "imports": ["--only", "numpy,gradpair", "--quick"],
    "memory": ["--rows", "300", "--quick"],
    "recalibration": ["--quick"],
    "honest": ["--quick"],
    "family": ["--quick"],
    "startup": ["--rows", "300", "--quick"],
    "scaling": ["--rows", "300", "--quick", "--workers", "2"],
}


def test_every_benchmark_is_tried():
    found = {path.stem for path in FOLDER.glob("*.py")} - {"_bench", "_data", "__main__", "summary"}
    assert found == set(TINY)


@pytest.mark.parametrize("name", TINY)
def test_a_benchmark_prints_a_table_and_writes_json(name, tmp_path, capsys, monkeypatch):
    if name == "catboost_rounds":
        needs("catboost")
    monkeypatch.syspath_prepend(str(FOLDER))
    importlib.import_module(name).main([*TINY[name], "--json", str(tmp_path / "result.json")])
    result = json.loads((tmp_path / "result.json").read_text())
    printed = capsys.readouterr().out
    assert f"### {result['title']}" in printed
    assert result["machine"]["cpu"] in printed
    table = [line for line in printed.splitlines() if line.startswith("| ")]
    assert len(table) == 2 + len(result["rows"]) > 3


def test_the_pages_quote_what_the_benchmarks_have_printed(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    summary = importlib.import_module("summary")
    for page in summary.PAGES:
        assert page.read_text() == summary.rendered(page.read_text())
    for result in (FOLDER / "results").glob("*.json"):
        told = json.loads(result.read_text())
        assert f"### {told['title']}" in result.with_suffix(".md").read_text()
