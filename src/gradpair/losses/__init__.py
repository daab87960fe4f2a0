"""Losses as frozen records: parameters with their check, derivatives, links, kernels."""

from gradpair.losses._asymmetric import AsymmetricLoss
from gradpair.losses._base import Loss
from gradpair.losses._check import called, check_loss, forms, number_names, parameters
from gradpair.losses._cross_entropy import BinaryCrossEntropy, WeightedCrossEntropy
from gradpair.losses._focal import FocalLoss
from gradpair.losses._generalized import GeneralizedCrossEntropy
from gradpair.losses._kernel import REACH, Kernel
from gradpair.losses._margin import MarginShift
from gradpair.losses._poly import PolyLoss
from gradpair.losses._smoothing import LabelSmoothing

__all__ = [
    "REACH",
    "AsymmetricLoss",
    "BinaryCrossEntropy",
    "FocalLoss",
    "GeneralizedCrossEntropy",
    "Kernel",
    "LabelSmoothing",
    "Loss",
    "MarginShift",
    "PolyLoss",
    "WeightedCrossEntropy",
    "called",
    "check_loss",
    "forms",
    "number_names",
    "parameters",
]
