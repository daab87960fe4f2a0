"""What may use what."""

import importlib
import inspect
import re

import pytest


@pytest.mark.parametrize("host", ["lightgbm", "xgboost"])
def test_an_estimator_uses_public_names_of_its_host_alone(host):
    module = importlib.import_module(f"gradpair.{host}._estimator")
    private = re.findall(
        r"\b(?:lgb|xgb|trainer|fitted|estimator|booster_?|basic)\._\w+", inspect.getsource(module)
    )
    assert private == []
