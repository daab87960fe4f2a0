"""How a comparison is shown: text, notebook, page, pictures."""

import base64
import re
import subprocess
import sys
from html.parser import HTMLParser

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt
from sklearn.datasets import load_digits
from xgboost import XGBClassifier

import gradpair as gp
from gradpair.compare import compare
from gradpair.compare._report import number

mpl.use("agg")
KINDS = "differences", "precision-recall", "reliability", "reliability-raw", "cost"


@pytest.fixture(scope="module")
def found():
    x, digit = load_digits(return_X_y=True)
    y = np.where(digit == 8, "<8>", "rest & more")
    losses = {"a <b> & a name that is long": gp.FocalLoss(0.7), "bce": "bce"}
    estimator = XGBClassifier(n_estimators=8, max_depth=3, n_jobs=1)
    return compare(
        x, y, positive="<8>", estimator=estimator, losses=losses, cv=3, costs=(700.0, 0.3)
    )


class Parser(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.text, self.open = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in ("img", "meta", "link", "source", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if data.strip() and "style" not in self.open:
            self.text.append(data.strip())


def test_the_page_is_whole_and_alone(found):
    page = Parser(found.to_html())
    assert page.open == []
    images = [attributes for tag, attributes in page.elements if tag == "img"]
    assert len(images) == 5
    for attributes in images:
        assert len(attributes["alt"]) > 40
        kind, _, data = attributes["src"].partition(",")
        assert kind == "data:image/svg+xml;base64"
        assert base64.b64decode(data).startswith(b"<?xml")
    for _, attributes in page.elements:
        for name in ("src", "href", "srcset"):
            assert attributes.get(name, "data:").startswith("data:")
    assert not re.search(r"https?:|url\(|@import|<script", found.to_html())


def test_the_page_says_the_verdict_first_and_how_to_repeat_it(found):
    page = Parser(found.to_html())
    words = page.text[1:]
    assert page.text[0].startswith("gradpair compare: ")
    assert words[:2] == ["gradpair compare", found.verdict_lines[0]]
    told = " ".join(words)
    for part in ("xgboost 3.", "700 for a missed", "RepeatedStratifiedKFold", "max_depth=3"):
        assert part.replace("xgboost 3.", "xgboost ") in told
    assert "a <b> & a name that is long" in told
    assert f"{gp.__version__}" in told


def test_the_text_fits_80_columns(found):
    text = str(found)
    assert max(map(len, text.splitlines())) <= 80
    assert text.startswith("XGBClassifier, 1,797 rows, 174 of them <8> (9.68%), 3 folds.\n\n")
    assert "\na <b> & a name …  " in text
    assert found.verdict_lines[0] in text


def test_a_notebook_shows_the_verdict_and_a_table(found):
    page = Parser(found._repr_html_())
    assert page.text[0] == found.verdict_lines[0]
    assert "a <b> & a name that is long" in page.text
    assert page.open == []


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.12345, "0.1235"), (12.345, "12.345"), (1234.56, "1234.6"), (9999999.0, "1e+07")],
)
def test_a_number_takes_six_characters(value, text):
    assert number(value) == text


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_is_a_display_of_scikit_learns_kind(kind, found):
    display = found.plot(kind)
    assert display.ax_.figure is display.figure_
    assert display.ax_.get_xlabel()
    figure, ax = plt.subplots()
    assert display.plot(ax=ax) is display
    assert (display.ax_, display.figure_) == (ax, figure)
    plt.close("all")


def test_a_picture_of_another_kind_is_refused(found):
    with pytest.raises(ValueError, match="kind must be one of differences, precision-recall"):
        found.plot("roc")


def test_the_pictures_show_what_was_measured(found):
    drawn = found.plot("cost").ax_
    curve = next(line for line in drawn.lines if line.get_label() == "built-in")
    x, y = curve.get_data()
    implied = 0.3 / 700.3
    mean = found.values("built-in", "cost").mean()
    assert np.interp(0.001, x, y) >= mean * 0.5
    assert found.settings["threshold"] == pytest.approx(implied)
    never = found.folds[0].positives / found.folds[0].n_test * 700
    assert found.folds[0].curves["built-in"]["cost"][-1] == pytest.approx(never, rel=0.3)
    area = np.mean([np.mean(f.curves["bce"]["precision"]) for f in found.folds])
    assert area == pytest.approx(found.values("bce", "average_precision").mean(), abs=0.01)
    for fold in found.folds:
        predicted, observed = (
            fold.curves["bce"][f"{n}_recalibrated"] for n in ("predicted", "observed")
        )
        assert np.all(np.diff(predicted) >= 0)
        assert observed[-1] > 0.8 > 0.2 > observed[0]
    plt.close("all")


@pytest.mark.parametrize("missing", ["matplotlib", "pandas", "jinja2", "sklearn"])
def test_a_missing_package_names_the_extra(missing):
    code = f"""
import sys
class Missing:
    def find_spec(name, *rest):
        if name.partition(".")[0] == {missing!r}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Missing)
import numpy as np
try:
    from gradpair.compare import compare, default_estimator
    x = np.random.default_rng(0).normal(size=(300, 2))
    estimator = default_estimator("lightgbm", rounds=2).set_params(n_jobs=1)
    found = compare(x, x[:, 0] > 0, estimator=estimator, losses="bce", cv=2)
    print(found.verdict)
    found.results if {missing!r} == "pandas" else found.to_html()
except ModuleNotFoundError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    told = done.stdout.splitlines()
    title = "scikit-learn" if missing == "sklearn" else missing
    assert told[-1] == f"gradpair.compare needs {title}: pip install 'gradpair[compare]'"
    assert len(told) == (1 if missing == "sklearn" else 2)


def test_importing_it_loads_none_of_what_only_shows():
    code = (
        "import sys, sklearn.model_selection, sklearn.metrics; before = set(sys.modules);"
        "import gradpair.compare, gradpair.__main__; new = set(sys.modules) - before;"
        "print([m for m in ('matplotlib', 'pandas', 'jinja2', 'rich', 'xgboost') if m in new])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
