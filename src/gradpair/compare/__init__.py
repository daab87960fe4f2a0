"""Does a loss help on my data? Candidates on the same folds, differences with intervals."""

from gradpair.compare._candidates import default_estimator
from gradpair.compare._compare import compare
from gradpair.compare._report import Comparison

__all__ = ["Comparison", "compare", "default_estimator"]
