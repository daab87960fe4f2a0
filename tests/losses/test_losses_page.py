"""The page of all losses has every one of them, with a picture of what the code computes."""

import importlib
import json
import re
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from helpers.table import CASES, PICTURED

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "losses.md").read_text(encoding="utf-8")
CURVE = re.compile(r'<g id="((?:loss|gradient|hessian) of [01])">\s*<path d="(.*?)"', re.DOTALL)


@pytest.fixture(scope="module")
def pictures():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(DOCS / "measure"))
        yield importlib.import_module("pictures")


def curves(path):
    """The curves of a picture, as points."""
    found = CURVE.findall(path.read_text(encoding="utf-8"))
    return {name: np.array(re.findall(r"[\d.]+", data), float) for name, data in found}


def test_the_pictures_show_what_the_code_computes(pictures, tmp_path):
    pictures.draw(tmp_path)
    committed = {path.name for path in pictures.PLACE.iterdir()}
    assert committed == {path.name for path in tmp_path.iterdir()}
    for path in tmp_path.iterdir():
        drawn, kept = curves(path), curves(pictures.PLACE / path.name)
        assert drawn.keys() == kept.keys()
        assert len(drawn) == 6
        for name, points in drawn.items():
            assert_allclose(
                kept[name], points, atol=0.05, err_msg="docs/measure/pictures.py --write"
            )


def test_the_list_of_pictures_is_what_the_code_draws(pictures):
    assert pictures.rendered(PAGE) == PAGE, "python docs/measure/pictures.py --write"


def test_every_loss_has_a_picture_and_a_line_in_the_table():
    public = {type(case.loss) for case in CASES}
    assert [type(loss) for loss in PICTURED] == list(dict.fromkeys(map(type, PICTURED)))
    assert set(map(type, PICTURED)) == public
    table = PAGE[: PAGE.index("## On real data")]
    for kind in public:
        assert f"| `{kind.__name__}" in table


def test_no_loss_was_better_than_the_built_in_objective_as_the_page_says():
    results = DOCS.parent / "benchmarks" / "results" / "family.json"
    rows = json.loads(results.read_text(encoding="utf-8"))["rows"]
    assert len({row["set"] for row in rows}) == 5
    assert [row for row in rows if row["better"]] == []
