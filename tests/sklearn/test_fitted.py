"""What BoostingClassifier fits: the host's model, its attributes, its classes."""

import pickle
import subprocess
import sys

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError
from xgboost import XGBClassifier

import gradpair as gp
from gradpair._hosts import record
from gradpair.sklearn import BoostingClassifier
from helpers.estimators import DATA, FOCAL, LOSS
from helpers.hosts import HOST
from helpers.installed import needs

# Few rounds are far from where the closed formula holds.
pytestmark = pytest.mark.filterwarnings("ignore:calibrated=True:UserWarning")


@HOST
def test_cross_entropy_is_the_bare_host_classifier(host):
    start = gp.optimal_constant(gp.BinaryCrossEntropy(), DATA.train.y)
    bare = host.estimator(50, **host.start(start)).fit(DATA.train.x, DATA.train.y)
    ours = BoostingClassifier(host.estimator(50)).fit(DATA.train.x, DATA.train.y)
    assert ours.constant_ == start
    expected = bare.predict_proba(DATA.test.x)
    assert_allclose(ours.predict_proba(DATA.test.x), expected, atol=1e-6)
    assert_array_equal(ours.predict(DATA.test.x), bare.predict(DATA.test.x))
    assert_allclose(ours.feature_importances_, bare.feature_importances_, rtol=1e-4)


@HOST
@pytest.mark.parametrize("loss", [LOSS, FOCAL], ids=lambda loss: loss.name)
def test_the_model_is_the_one_that_train_makes(host, loss):
    rows = DATA.train
    estimator = host.classifier(host.objective, 20, learning_rate=0.3)
    ours = BoostingClassifier(estimator, loss).fit(rows.x, rows.y, rows.weight)
    booster = host.train(host.data(rows.x, rows.y, rows.weight), 20, loss=loss)
    assert_allclose(
        ours.decision_function(DATA.test.x), host.margin(booster, DATA.test.x), atol=2e-5
    )
    assert host.structures(ours.booster_) == host.structures(booster)


@HOST
@pytest.mark.parametrize("loss", [LOSS, FOCAL], ids=lambda loss: loss.name)
@pytest.mark.parametrize("calibrated", [False, True])
def test_predictions_agree_with_each_other_and_with_the_loss(host, loss, calibrated):
    model = BoostingClassifier(host.estimator(), loss, calibrated=calibrated)
    model.fit(DATA.train.x, DATA.train.y)
    raw = BoostingClassifier(host.estimator(), loss).fit(DATA.train.x, DATA.train.y)
    margin = raw.decision_function(DATA.test.x)
    expected = loss.calibrated_probability(margin) if calibrated else gp.sigmoid(margin)
    probability = model.predict_proba(DATA.test.x)
    assert probability.shape == (len(margin), 2)
    assert_allclose(probability[:, 1], expected, atol=1e-6)
    assert_allclose(probability.sum(axis=1), 1, atol=1e-6)
    log_odds = model.decision_function(DATA.test.x)
    assert_allclose(gp.sigmoid(log_odds), probability[:, 1], atol=1e-6)
    positive = margin > 0  # calibrated or not
    assert_array_equal(model.predict(DATA.test.x), positive.astype(float))
    assert model.score(DATA.test.x, DATA.test.y) == np.mean(positive == DATA.test.y)


@HOST
def test_the_model_predicts_the_same_without_gradpair(host, tmp_path):
    model = BoostingClassifier(host.estimator(), LOSS, calibrated=True)
    model.fit(DATA.train.x, DATA.train.y)
    expected = model.predict_proba(DATA.test.x)
    assert_allclose(model.estimator_.predict_proba(DATA.test.x), expected, atol=1e-6)
    assert b"gradpair" not in pickle.dumps(model.estimator_)
    assert_allclose(host.probability(model.booster_, DATA.test.x), expected[:, 1], atol=1e-6)
    joblib.dump(model.estimator_, tmp_path / "model.joblib")
    np.save(tmp_path / "x.npy", DATA.test.x)
    code = (
        "import sys; sys.modules['gradpair'] = None\n"
        "import joblib, numpy as np\n"
        f"model = joblib.load({str(tmp_path / 'model.joblib')!r})\n"
        f"p = model.predict_proba(np.load({str(tmp_path / 'x.npy')!r}))\n"
        f"np.save({str(tmp_path / 'p.npy')!r}, p)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
    assert_allclose(np.load(tmp_path / "p.npy"), expected, atol=1e-6)


@HOST
def test_the_host_estimator_keeps_the_users_parameters(host):
    estimator = host.estimator(learning_rate=0.25)
    before = estimator.get_params()
    model = BoostingClassifier(estimator, LOSS).fit(DATA.train.x, DATA.train.y)
    assert repr(estimator.get_params()) == repr(before)
    assert model.estimator_.get_params() == pytest.approx(before, nan_ok=True)
    if host.name == "lightgbm":
        assert model.estimator_.objective_ == "binary"
    with pytest.raises(NotFittedError):
        estimator.predict(DATA.test.x)
    assert model.n_features_in_ == 64


@HOST
@pytest.mark.parametrize(
    "labels", [["no", "yes"], [-1, 1], [False, True], [3, 7], [2.0, 5.0]], ids=str
)
def test_any_two_classes_are_encoded_in_their_order(host, labels):
    encoded = BoostingClassifier(host.estimator(), LOSS).fit(DATA.train.x, DATA.train.y)
    y = np.array(labels)[DATA.train.y.astype(int)]
    model = BoostingClassifier(host.estimator(), LOSS)
    valid = np.array(labels)[DATA.test.y.astype(int)]
    model.fit(DATA.train.x, y, eval_set=[(DATA.test.x, valid)], **host.quiet)
    assert model.classes_.tolist() == labels
    predicted = encoded.predict(DATA.test.x).astype(int)
    assert model.predict(DATA.test.x).tolist() == [labels[i] for i in predicted]
    told = next(iter(next(iter(model.evals_result_.values())).values()))[-1]
    margin = encoded.decision_function(DATA.test.x).astype(float)
    assert told == pytest.approx(LOSS.loss(DATA.test.y, margin).mean(), abs=2e-6)
    assert set(np.unique(model.predict(DATA.test.x))) == set(labels)


def test_without_an_estimator_the_installed_host_is_taken():
    model = BoostingClassifier().fit(DATA.train.x, DATA.train.y)
    assert isinstance(model.estimator_, XGBClassifier)
    assert model.loss_ == gp.BinaryCrossEntropy()
    code = (
        "import sys; sys.modules['xgboost'] = None\n"
        "import numpy as np\nfrom gradpair.sklearn import BoostingClassifier\n"
        "X = np.arange(80.0).reshape(-1, 1)\n"
        "print(type(BoostingClassifier().fit(X, X[:, 0] > 50).estimator_).__name__)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    assert done.stdout.split()[-1] == "LGBMClassifier"


@pytest.mark.parametrize("name", record.HOSTS)
def test_without_an_estimator_training_is_silent_and_leaves_no_files(
    name, monkeypatch, tmp_path, capfd
):
    needs(name)
    monkeypatch.setattr(record, "HOSTS", {name: record.HOSTS[name]})
    monkeypatch.chdir(tmp_path)
    model = BoostingClassifier().fit(DATA.train.x, DATA.train.y)
    assert type(model.estimator_).__module__.split(".")[0] == name
    assert capfd.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []


def test_without_any_host_the_error_says_what_to_install():
    code = (
        "import sys; sys.modules.update(dict.fromkeys(['xgboost', 'lightgbm', 'catboost']))\n"
        "from gradpair.sklearn import BoostingClassifier\n"
        "try:\n    BoostingClassifier().fit([[1], [2]], [0, 1])\n"
        "except ModuleNotFoundError as e:\n    print(e)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert "pip install 'gradpair[xgboost]'" in done.stdout
