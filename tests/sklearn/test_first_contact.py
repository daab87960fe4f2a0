"""What is said to somebody who uses BoostingClassifier for the first time and slips."""

import inspect

import pytest
import sklearn
from lightgbm import LGBMClassifier, early_stopping
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import get_routing_for_object
from xgboost import XGBClassifier, XGBRegressor

import gradpair as gp
from gradpair._hosts import record
from gradpair.sklearn import BoostingClassifier
from helpers.estimators import DATA, LOSS
from helpers.hosts import HOST, LIGHTGBM, XGBOOST

WRITE = r"write BoostingClassifier\({}\(...\), loss=gradpair\.{}\)"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((gp.FocalLoss(1.7), XGBClassifier()), WRITE.format("XGBClassifier", r"FocalLoss\(gam.*")),
        ((LOSS, LGBMClassifier()), WRITE.format("LGBMClassifier", ".*alpha=3.0.*")),
        ((LOSS, LGBMClassifier), WRITE.format("LGBMClassifier", ".*alpha=3.0.*")),
        ((LOSS,), WRITE.format("XGBClassifier", r"WeightedCrossEntropy\(alpha=3.0\)")),
        ((gp.FocalLoss,), WRITE.format("XGBClassifier", r"FocalLoss\(gamma=2.0, alpha=1.0\)")),
        ((None, XGBClassifier()), "loss is an estimator, a XGBClassifier: pass it as estimator="),
        ((XGBRegressor(), XGBClassifier()), "loss is an estimator, a XGBClassifier"),
        ((LGBMClassifier,), r"estimator must be an instance.*: write LGBMClassifier\(\)"),
        ((None, gp.FocalLoss), r"not the class: write loss=gradpair.FocalLoss\(gamma=2.0, alpha"),
        ((None, gp.WeightedCrossEntropy), r"loss=gradpair.WeightedCrossEntropy\(alpha=...\)"),
        ((None, "focal"), r"not its name: write loss=gradpair.FocalLoss\(gamma=2.0, alpha=1.0\)"),
        ((None, "Focal Loss"), "write loss=gradpair.FocalLoss"),
        ((None, "weighted_cross_entropy"), "write loss=gradpair.WeightedCrossEntropy"),
        ((None, "foccal_loss"), "write loss=gradpair.FocalLoss"),
        ((None, "balanced"), "write loss=gradpair.WeightedCrossEntropy.balanced"),
        ((None, "binary:logistic"), r"write loss=gradpair.BinaryCrossEntropy\(\)"),
        ((None, ""), r"write loss=gradpair.BinaryCrossEntropy\(\)"),
        ((None, DATA.x), r"returns one; got ndarray of shape .{,60}$"),
        ((DATA.x, LOSS), r"or None; got ndarray of shape .{,60} In a pipeline or a search.*"),
        ((None, 3.0), r"loss must be a gradpair.Loss.*or a callable \(y_true, sample_weight\)"),
        (
            (XGBClassifier(objective=LOSS),),
            r"XGBClassifier\(objective=gradpair.WeightedCrossEntropy\(alpha=3.0\)\) passes a loss "
            r"to the host.*" + WRITE.format("XGBClassifier", ".*alpha=3.0.*"),
        ),
        (
            (LGBMClassifier(objective=gp.FocalLoss), None),
            WRITE.format("LGBMClassifier", r"FocalLoss\(gamma=2.0, alpha=1.0\)"),
        ),
    ],
    ids=str,
)
def test_estimator_and_loss_where_they_do_not_belong(args, message):
    with pytest.raises(TypeError, match=message):
        BoostingClassifier(*args).fit(DATA.x, DATA.y)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("n_estimators", r"write estimator=XGBClassifier\(n_estimators=...\) or estimator=LGBMCla"),
        ("num_leaves", r"write estimator=LGBMClassifier\(num_leaves=...\)"),
        ("alpha", r"write loss=gradpair.FocalLoss\(gamma=2.0, alpha=1.0\) or loss=gradpair.Weight"),
        ("gamma", r"estimator=XGBClassifier\(gamma=...\) or loss=gradpair.FocalLoss"),
        ("estimator__max_depth", r"set_params\(estimator__max_depth=...\)"),
        ("estimater", "is estimator meant?"),
        ("calibrate", "is calibrated meant?"),
        ("zzz", "there is no such keyword. It takes estimator, loss, calibrated, hessian"),
    ],
)
def test_unknown_keywords_of_the_constructor_are_explained(name, message):
    with pytest.raises(TypeError, match=rf"BoostingClassifier takes no {name}; .*{message}"):
        BoostingClassifier(XGBClassifier(), **{name: 7})


def test_the_signature_of_the_constructor_is_the_classes():
    names = list(inspect.signature(BoostingClassifier).parameters)
    assert names == ["estimator", "loss", "calibrated", "hessian"]
    model = clone(BoostingClassifier(XGBClassifier(), LOSS, calibrated=True))
    assert (model.loss, model.calibrated) == (LOSS, True)


@pytest.mark.parametrize(
    ("host", "name", "message"),
    [
        (XGBOOST, "callbacks", r"parameter of the estimator: XGBClassifier\(callbacks=...\)"),
        (XGBOOST, "early_stopping_rounds", r"XGBClassifier\(early_stopping_rounds=...\)"),
        (LIGHTGBM, "class_weight", r"LGBMClassifier\(class_weight=...\)"),
        (XGBOOST, "eval_sample_weight", "its name there is sample_weight_eval_set"),
        (LIGHTGBM, "sample_weight_eval_set", "its name there is eval_sample_weight"),
        (LIGHTGBM, "base_margin_eval_set", "its name there is eval_init_score"),
        (XGBOOST, "eval_sets", "is eval_set meant"),
        (LIGHTGBM, "sample_wieght", "is sample_weight meant"),
        (LIGHTGBM, "callback", "is callbacks meant"),
        (XGBOOST, "zzz", "there is no such keyword. It takes base_margin_eval_set, eval_X"),
    ],
)
def test_unknown_keywords_of_fit_are_explained(host, name, message):
    with pytest.raises(TypeError, match=rf"fit takes no {name} with .*{message}"):
        BoostingClassifier(host.estimator(2)).fit(DATA.x, DATA.y, **{name: 7})


@HOST
def test_every_keyword_of_the_hosts_fit_can_be_requested_or_is_refused(host):
    requests = get_routing_for_object(BoostingClassifier()).fit.requests
    keywords = set(inspect.signature(type(host.estimator()).fit).parameters) - {"self", "X", "y"}
    adapter = host.module.HOST.adapter()
    assert set(requests) >= keywords - set(adapter.REFUSED)
    assert not set(record.FIT[host.name].split()) & set(adapter.REFUSED)
    rounds = get_routing_for_object(BoostingClassifier()).predict_proba.requests
    own = inspect.signature(type(host.estimator()).predict_proba).parameters
    assert set(own) & set(rounds) == set(adapter.ROUNDS)


REACHED = [
    (XGBOOST, {"sample_weight_eval_set": [DATA.weight], "verbose": False}),
    (
        LIGHTGBM,
        {
            "eval_sample_weight": [DATA.weight],
            "eval_names": ["held out"],
            "callbacks": [early_stopping(3, verbose=False)],
        },
    ),
]


@pytest.mark.parametrize(("host", "given"), REACHED, ids=["xgboost", "lightgbm"])
def test_keywords_that_are_requested_reach_the_host(host, given):
    given = given | {"eval_set": [(DATA.x.copy(), DATA.y)]}
    expected = BoostingClassifier(host.estimator(5), LOSS).fit(DATA.x, DATA.y, **given)
    model = BoostingClassifier(host.estimator(5), LOSS)
    with sklearn.config_context(enable_metadata_routing=True):
        model.set_fit_request(**dict.fromkeys(given, True))
        Pipeline([("model", model)]).fit(DATA.x, DATA.y, **given)
    assert model.evals_result_ == expected.evals_result_
