"""What ``compare`` refuses, and what it says."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from xgboost import XGBClassifier

import gradpair as gp
from gradpair.compare import compare
from gradpair.sklearn import BoostingClassifier

X, Y = load_breast_cancer(return_X_y=True)
FEW = np.arange(Y.size) < 3


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"y": np.zeros(Y.size)}, r"two classes; it has 1 class: 0\.0\."),
        ({"y": np.arange(Y.size) % 3}, r"it has 3 classes: 0, 1, 2\. Name the positive one with"),
        ({"y": np.where(FEW, np.nan, Y)}, "y has missing labels; drop these rows"),
        ({"y": np.where(FEW, None, "a")}, "y has missing labels; drop these rows"),
        ({"y": Y[:-1]}, "inconsistent numbers of samples"),
        ({"positive": "yes"}, "positive is 'yes'; y has 0, 1"),
        (
            {"y": FEW, "cv": 5},
            r"fold 4 of 5 has 0 rows of True to score on; y has 3 rows of True .*Use fewer folds",
        ),
        ({"y": np.arange(Y.size) < 2, "cv": 2}, "has 1 row of True to train on"),
        ({"y": np.sort(Y), "cv": KFold(3)}, "fold 1 of 3 has 0 rows of 1 to score on"),
        ({"cv": 1}, "cv must be at least 2 folds; got 1"),
        ({"cv": 1000}, "the rows cannot be split: .*Use fewer folds, or more rows"),
        ({"sample_weight": np.where(FEW, -1.0, 1.0)}, "sample_weight must be finite and at least"),
        ({"sample_weight": np.ones(3)}, "sample_weight must have shape"),
        ({"sample_weight": Y}, "sample_weight is 0 for all rows of a class"),
        ({"groups": np.ones(3)}, "groups must have one value per row"),
        ({"costs": (1.0,)}, r"costs must be a pair \(false_negative, false_positive\)"),
        ({"costs": 7.0}, r"costs must be a pair"),
        ({"costs": (-1.0, 3.0)}, "cost false_negative must be finite and at least 0"),
        ({"costs": (0.0, 0.0)}, "costs are both 0"),
        ({"losses": ["bce", "wcee:3"]}, "unknown loss 'wcee:3'; the known ones are spw, wce, asym"),
        ({"losses": "focal:x"}, "unknown loss 'focal:x'"),
        ({"losses": "focal"}, "unknown loss 'focal'"),
        ({"losses": "asymmetric:0"}, "unknown loss 'asymmetric:0'"),
        ({"losses": "gce:0.7:1"}, "unknown loss 'gce:0.7:1'; the known ones are .*gce:Q, poly:E"),
        ({"losses": "gce:7"}, "q must lie between 0 and 1; got 7"),
        ({"losses": "smoothing:0.1"}, "unknown loss 'smoothing:0.1'"),
        ({"losses": "smoothing:x:bce"}, "unknown loss 'smoothing:x:bce'"),
        ({"losses": "smoothing:0.1:spw"}, "wce:ALPHA, where LOSS is any of them but spw"),
        ({"losses": "shift:1:2:wcee"}, "unknown loss 'wcee'"),
        ({"losses": "smoothing:2:bce"}, "smoothing must be below 1"),
        ({"losses": "wce:-1"}, "alpha must be positive"),
        ({"losses": []}, "losses is empty; name what to compare"),
        ({"losses": ["bce", gp.BinaryCrossEntropy()]}, "two candidates are named 'cross-entropy'"),
        ({"losses": {"built-in": "bce"}}, "two candidates are named 'built-in'"),
        ({"estimator": "catboots"}, "unknown host 'catboots'; gradpair has xgboost, lightgbm"),
        ({"n_jobs": 0}, "n_jobs must be None or an integer other than 0"),
        ({"resume": True}, "name it with out="),
        (
            {"X": pd.DataFrame({"t": pd.date_range("2026-01-01", periods=Y.size)})},
            "column 't' holds dates",
        ),
        ({"X": pd.DataFrame(index=range(Y.size))}, "X has no columns"),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else "",
)
def test_a_comparison_that_cannot_be_made_is_refused_in_words(changed, said):
    estimator = XGBClassifier(n_estimators=2, n_jobs=1)
    with pytest.raises(ValueError, match=said):
        compare(**({"X": X, "y": Y, "estimator": estimator, "losses": ["bce"]} | changed))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"estimator": LogisticRegression()}, "XGBClassifier or LGBMClassifier.* got LogisticR"),
        ({"estimator": BoostingClassifier()}, "got BoostingClassifier.* losses go into losses="),
        ({"losses": [gp.FocalLoss]}, "an instance, not the class"),
        ({"losses": [3]}, "loss must be a gradpair.Loss"),
    ],
)
def test_what_is_of_another_kind_is_refused_in_words(changed, said):
    with pytest.raises(TypeError, match=said):
        compare(X, Y, **changed)


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(NotADirectoryError, match="is no folder"):
        compare(X, Y, losses=["bce"], out=tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"
