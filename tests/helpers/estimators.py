"""What the tests of BoostingClassifier share."""

from sklearn.datasets import load_breast_cancer

import gradpair as gp
from helpers.hosts import digits

DATA = digits(0.3)
LOSS = gp.WeightedCrossEntropy(3.0)
FOCAL = gp.FocalLoss(1.7, 3.0)


def cancer_frame():
    return load_breast_cancer(as_frame=True).data
