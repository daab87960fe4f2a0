"""What may use what."""

import inspect
import re
import sys


def test_the_module_uses_public_names_of_the_hosts_alone():
    for host in ("xgboost", "lightgbm"):
        module = sys.modules[f"gradpair.{host}._estimator"]
        private = re.findall(
            r"\b(?:lgb|xgb|trainer|fitted|estimator|booster_?|basic)\._\w+",
            inspect.getsource(module),
        )
        assert private == []
