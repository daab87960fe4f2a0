"""The report in a real browser."""

import pytest
from sklearn.datasets import load_digits
from xgboost import XGBClassifier

from gradpair.compare import compare
from helpers import browser

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(browser.PROGRAM is None, reason="Chromium is not installed"),
]


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    x, digit = load_digits(return_X_y=True)
    folder = tmp_path_factory.mktemp("report")
    estimator = XGBClassifier(n_estimators=5, n_jobs=1)
    compare(x, digit == 8, estimator=estimator, cv=3, costs=(7.0, 0.3), out=folder)
    return (folder / "report.html").as_uri()


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    with browser.page(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_the_report_renders_without_errors_at_every_width(width, dark, report, page):
    page.logged.clear()
    page.open(report, width, dark=dark)
    assert page.value("document.documentElement.scrollWidth") <= width
    assert page.value("innerWidth") == width
    assert page.value("document.images.length") == 5
    drawn = "[...document.images].every(i => i.complete && i.naturalWidth > 300 && i.width > 300)"
    assert page.value(drawn)
    assert page.value("[...document.images].every(i => i.alt.length > 40)")
    picked = "[...document.images].map(i => i.currentSrc).join() "
    picked += "== [...document.querySelectorAll('source')].map(s => s.srcset).join()"
    assert page.value(picked) is dark
    top = "document.querySelector('.verdict').getBoundingClientRect().top"
    assert page.value(top) < 100
    small = "Math.min(...[...document.querySelectorAll('p, td, th, dd, figcaption')]"
    small += ".map(e => parseFloat(getComputedStyle(e).fontSize)))"
    assert page.value(small) >= 12
    assert page.logged == []
