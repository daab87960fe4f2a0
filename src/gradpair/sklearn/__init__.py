"""scikit-learn: a classifier around XGBClassifier or LGBMClassifier that trains with a loss."""

from gradpair.sklearn._classifier import BoostingClassifier

__all__ = ["BoostingClassifier"]
