"""A host is one module and one entry in the list: the classifier and the demo find it there."""

import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import gradpair as gp
from gradpair.__main__ import main
from gradpair._hosts import record
from gradpair.sklearn import BoostingClassifier
from helpers import toy_host
from helpers.hosts import digits

DATA = digits(0.3)
LOSS = gp.WeightedCrossEntropy(3.0)


@pytest.fixture(autouse=True)
def toy(monkeypatch):
    """The list of hosts with one more, which is installed."""
    monkeypatch.setitem(sys.modules, "toy_host", toy_host)
    monkeypatch.setitem(record.HOSTS, "toy_host", "helpers.toy_host")


def test_the_classifier_fits_its_estimator():
    train, test = DATA.train, DATA.test
    model = BoostingClassifier(toy_host.ToyClassifier(20), LOSS).fit(train.x, train.y)
    weight = np.where(train.y == 1, LOSS.alpha, 1.0)
    builtin = toy_host.ToyClassifier(20).fit(train.x, train.y, weight)
    expected = toy_host.margin(builtin, test.x)
    assert_allclose(model.decision_function(test.x), expected, rtol=0, atol=1e-12)
    assert np.ptp(expected) > 0.5
    assert model.booster_ == model.estimator_.model_
    calibrated = BoostingClassifier(toy_host.ToyClassifier(20), LOSS, calibrated=True)
    actual = calibrated.fit(train.x, train.y).decision_function(test.x)
    assert_allclose(actual, expected - np.log(LOSS.alpha), atol=1e-12)


def test_it_is_cloned_searched_and_refuses_as_other_hosts_do():
    model = BoostingClassifier(toy_host.ToyClassifier(5), LOSS)
    again = clone(model).fit(DATA.x, DATA.y)
    assert_array_equal(again.predict(DATA.x), model.fit(DATA.x, DATA.y).predict(DATA.x))
    search = GridSearchCV(model, {"estimator__n_estimators": [1, 30], "loss__alpha": [1.0, 3.0]})
    assert search.fit(DATA.x, DATA.y).best_params_["estimator__n_estimators"] == 30
    with pytest.raises(ValueError, match="fit takes no margin; pass it as offset="):
        model.fit(DATA.x, DATA.y, margin=DATA.offset)


def test_where_it_is_the_only_host_its_estimator_is_the_default(monkeypatch):
    monkeypatch.setattr(record, "HOSTS", {"toy_host": "helpers.toy_host"})
    model = BoostingClassifier().fit(DATA.x, DATA.y)
    assert type(model.estimator_) is toy_host.ToyClassifier
    with pytest.raises(TypeError, match=r"must be one of .*helpers\.ToyClassifier, or None; got 3"):
        BoostingClassifier(3).fit(DATA.x, DATA.y)


def test_the_demo_trains_it_beside_the_others(capsys):
    assert main(["demo", "--gamma", "2"]) == 0
    told = capsys.readouterr().out
    rows = told[told.index("\nToy: ") :].splitlines()[3:8]
    names = [row[:20].strip() for row in rows]
    assert names == ["built-in", "cross-entropy", "wce balanced", "focal(1)", "focal(2)"]
    assert "Toy 50/50 equal" in told.replace("\n", " ")
