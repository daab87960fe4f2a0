"""Losses as frozen records: parameters with their check, derivatives and links."""

from gradpair.losses._base import (
    BinaryCrossEntropy,
    FocalLoss,
    Loss,
    WeightedCrossEntropy,
    check_loss,
)

__all__ = ["BinaryCrossEntropy", "FocalLoss", "Loss", "WeightedCrossEntropy", "check_loss"]
