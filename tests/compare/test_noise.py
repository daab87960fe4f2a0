"""What is noise is not called a gain, and many rows fit into little memory."""

import subprocess
import sys

import numpy as np
import pytest
from lightgbm import LGBMClassifier
from xgboost import XGBClassifier

import gradpair as gp
from gradpair.compare import compare

pytestmark = pytest.mark.slow
SETS = 40
ESTIMATORS = (
    LGBMClassifier(n_estimators=15, num_leaves=6, n_jobs=1, verbose=-1),
    XGBClassifier(n_estimators=15, max_depth=3, n_jobs=1),
)
# Nearly cross-entropy: other trees, but none that is better than the built-in objective's.
EQUAL = {
    "a": gp.WeightedCrossEntropy(1.04),
    "b": gp.WeightedCrossEntropy(0.96),
    "c": gp.FocalLoss(0.03),
    "d": gp.FocalLoss(0.05, 1.02),
}


def rows(seed, signal):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(500, 8))
    z = signal * (x[:, 0] + x[:, 1] * x[:, 2]) - 1.7
    return x, (rng.uniform(size=len(x)) < gp.sigmoid(z)).astype(int)


@pytest.mark.parametrize(
    ("signal", "losses"), [(0.0, None), (1.5, EQUAL)], ids=["pure noise", "equal candidates"]
)
def test_at_most_one_in_twenty_comparisons_calls_noise_a_gain(signal, losses):
    false = []
    for seed in range(SETS):
        estimator = ESTIMATORS[seed % 2]
        found = compare(*rows(seed, signal), estimator=estimator, losses=losses, costs=(5.0, 1.0))
        assert not found.failures
        assert not found.verdict.startswith("too few")
        if not found.verdict.startswith("no loss is better"):
            false.append(found.verdict)
    assert len(false) <= 0.05 * SETS, false


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in other units elsewhere")
def test_half_a_million_rows_of_fifty_columns_take_less_than_six_gibibytes():
    code = """
import resource, numpy as np
from gradpair.compare import compare, default_estimator
x = np.random.default_rng(0).normal(size=(500_000, 50))
y = (x[:, 0] + np.random.default_rng(1).normal(size=len(x)) > 2).astype(int)
compare(x, y, estimator=default_estimator("xgboost", rounds=10), losses=["focal:2"], cv=2)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=600
    )
    assert int(done.stdout) < 6 * 2**20
