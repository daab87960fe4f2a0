"""How far the closed formula of calibrated=True is off, by rounds: docs/probabilities.md.

Of each set a third is held out. The numbers are the mean calibrated probability divided by the
share of positives, over the training rows and over those held out: 1 where the formula holds.
"""

import warnings

from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.model_selection import train_test_split
from xgboost import XGBClassifier

import gradpair as gp
from gradpair.sklearn import BoostingClassifier

SETS = {"breast cancer, malignant": (load_breast_cancer, 0), "digits, 8": (load_digits, 8)}
ROUNDS = (3, 10, 30, 80)


def ratios(x, y, loss, rounds):
    """Over training rows and over held-out rows."""
    parts = train_test_split(x, y, test_size=1 / 3, stratify=y, random_state=0)
    model = BoostingClassifier(XGBClassifier(n_estimators=rounds), loss, calibrated=True)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "calibrated=True")  # which is what is measured
        model.fit(parts[0], parts[2])
    for rows, labels in ((parts[0], parts[2]), (parts[1], parts[3])):
        yield model.predict_proba(rows)[:, 1].mean() / labels.mean()


def main():
    """Print the table."""
    print(f"{'set':26} {'loss':13} {'rounds':>6} {'training':>9} {'held out':>9}")
    for name, (load, positive) in SETS.items():
        x, label = load(return_X_y=True)
        y = (label == positive).astype(int)
        losses = {"WCE.balanced": gp.WeightedCrossEntropy.balanced(y), "focal(2)": gp.FocalLoss()}
        for title, loss in losses.items():
            for rounds in ROUNDS:
                train, held_out = ratios(x, y, loss, rounds)
                print(f"{name:26} {title:13} {rounds:6} {train:9.2f} {held_out:9.2f}")


if __name__ == "__main__":
    main()
