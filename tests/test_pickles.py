"""Pickles and import paths of 0.1.0, when every module lay in one folder, still lead home."""

import base64
import importlib
import pickle

import numpy as np
import pytest
from lightgbm import LGBMClassifier
from numpy.testing import assert_array_equal
from xgboost import XGBClassifier

import gradpair as gp
from gradpair.sklearn import BoostingClassifier

FOCAL, WEIGHTED = gp.FocalLoss(1.7, 3.0), gp.WeightedCrossEntropy(7.3)
OPTIONS = {"start": 0.3, "hessian_floor": 0.01}

# pickle.dumps of each, as 0.1.0 made it when every module lay in one folder.
PICKLED = [
    (
        gp.BinaryCrossEntropy(),
        "gASVLQAAAAAAAACMD2dyYWRwYWlyLmxvc3Nlc5SMEkJpbmFyeUNyb3NzRW50cm9weZSTlCmBlC4=",
    ),
    (
        WEIGHTED,
        (
            "gASVRAAAAAAAAACMD2dyYWRwYWlyLmxvc3Nlc5SMFFdlaWdodGVkQ3Jvc3NFbnRyb3B5lJOUKYGUfZSM"
            "BWFscGhhlEdAHTMzMzMzM3NiLg=="
        ),
    ),
    (
        FOCAL,
        (
            "gASVSwAAAAAAAACMD2dyYWRwYWlyLmxvc3Nlc5SMCUZvY2FsTG9zc5STlCmBlH2UKIwFZ2FtbWGURz/7"
            "MzMzMzMzjAVhbHBoYZRHQAgAAAAAAAB1Yi4="
        ),
    ),
    (
        gp.xgboost.objective(FOCAL, **OPTIONS),
        (
            "gASVugAAAAAAAACMEGdyYWRwYWlyLnhnYm9vc3SUjAlPYmplY3RpdmWUk5QpgZR9lCiMBGxvc3OUjA9n"
            "cmFkcGFpci5sb3NzZXOUjAlGb2NhbExvc3OUk5QpgZR9lCiMBWdhbW1hlEc/+zMzMzMzM4wFYWxwaGGU"
            "R0AIAAAAAAAAdWKMBXN0YXJ0lEc/0zMzMzMzM4wHaGVzc2lhbpSMCHBvc2l0aXZllIwNaGVzc2lhbl9m"
            "bG9vcpRHP4R64UeuFHt1Yi4="
        ),
    ),
    (
        gp.xgboost.metric(WEIGHTED, start=0.3, name="wce"),
        (
            "gASVnQAAAAAAAACMEGdyYWRwYWlyLnhnYm9vc3SUjAZNZXRyaWOUk5QpgZR9lCiMBGxvc3OUjA9ncmFk"
            "cGFpci5sb3NzZXOUjBRXZWlnaHRlZENyb3NzRW50cm9weZSTlCmBlH2UjAVhbHBoYZRHQB0zMzMzMzNz"
            "YowFc3RhcnSURz/TMzMzMzMzjAVpbnB1dJSMA3Jhd5SMBG5hbWWUjAN3Y2WUdWIu"
        ),
    ),
    (
        gp.lightgbm.objective(FOCAL, **OPTIONS),
        (
            "gASVuwAAAAAAAACMEWdyYWRwYWlyLmxpZ2h0Z2JtlIwJT2JqZWN0aXZllJOUKYGUfZQojARsb3NzlIwP"
            "Z3JhZHBhaXIubG9zc2VzlIwJRm9jYWxMb3NzlJOUKYGUfZQojAVnYW1tYZRHP/szMzMzMzOMBWFscGhh"
            "lEdACAAAAAAAAHVijAVzdGFydJRHP9MzMzMzMzOMB2hlc3NpYW6UjAhwb3NpdGl2ZZSMDWhlc3NpYW5f"
            "Zmxvb3KURz+EeuFHrhR7dWIu"
        ),
    ),
    (
        gp.lightgbm.metric(WEIGHTED, start=0.3, name="wce"),
        (
            "gASVngAAAAAAAACMEWdyYWRwYWlyLmxpZ2h0Z2JtlIwGTWV0cmljlJOUKYGUfZQojARsb3NzlIwPZ3Jh"
            "ZHBhaXIubG9zc2VzlIwUV2VpZ2h0ZWRDcm9zc0VudHJvcHmUk5QpgZR9lIwFYWxwaGGUR0AdMzMzMzMz"
            "c2KMBXN0YXJ0lEc/0zMzMzMzM4wFaW5wdXSUjANyYXeUjARuYW1llIwDd2NllHViLg=="
        ),
    ),
]


@pytest.mark.parametrize(("expected", "pickled"), PICKLED, ids=lambda value: type(value).__name__)
def test_what_0_1_0_pickled_still_loads(expected, pickled):
    loaded = pickle.loads(base64.b64decode(pickled))
    assert loaded == expected
    assert type(loaded) is type(expected)


@pytest.mark.parametrize(("made", "_"), PICKLED, ids=lambda value: type(value).__name__)
def test_pickles_name_public_modules_alone(made, _):
    text = pickle.dumps(made, protocol=0).decode()
    assert "gradpair" in text
    assert "gradpair._" not in text
    assert "._" not in text


@pytest.mark.parametrize(
    "estimator",
    [
        XGBClassifier(n_estimators=3, max_depth=2, n_jobs=1),
        LGBMClassifier(n_estimators=3, n_jobs=1, verbose=-1),
    ],
    ids=["xgboost", "lightgbm"],
)
@pytest.mark.parametrize("loss", [FOCAL, gp.WeightedCrossEntropy.balanced])
def test_a_fitted_estimator_is_pickled_as_0_1_0_did(estimator, loss):
    """By the same names, and with the same attributes: so what it pickled is loaded."""
    x = np.random.default_rng(0).normal(size=(200, 3))
    model = BoostingClassifier(estimator, loss).fit(x, x[:, 0] > 0.5)
    pickled = pickle.dumps(model, protocol=0)
    assert b"cgradpair.sklearn\nBoostingClassifier\n" in pickled
    assert set(vars(model)) == {
        "estimator", "loss", "calibrated", "hessian", "classes_", "loss_", "constant_",
        "estimator_", "best_iteration_", "evals_result_", "n_features_in_", "_needs_offset",
        "_calibrates", "_boundary", "_start",
    }  # fmt: skip
    assert_array_equal(pickle.loads(pickled).predict_proba(x), model.predict_proba(x))
    del model._start, model._boundary  # came later, for ranges of rounds and for decisions
    loaded = pickle.loads(pickle.dumps(model))
    assert_array_equal(loaded.predict_proba(x), model.predict_proba(x))
    assert_array_equal(loaded.predict(x), model.predict(x))


@pytest.mark.parametrize(
    ("module", "names"),
    {
        "costs": ["cost_weights"],
        "intercept": ["optimal_constant"],
        "kernels": ["kernel_context", "set_kernel"],
        "losses": ["BinaryCrossEntropy", "FocalLoss", "Loss", "WeightedCrossEntropy"],
    }.items(),
)
def test_modules_of_0_1_0_are_imported_by_their_old_paths(module, names):
    found = importlib.import_module(f"gradpair.{module}")
    for name in names:
        assert getattr(found, name) is getattr(gp, name)
