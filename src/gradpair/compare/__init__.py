"""Does a loss help on my data? Candidates on the same folds, differences with intervals."""

try:
    import sklearn  # noqa: F401
except ModuleNotFoundError as error:
    msg = "gradpair.compare needs scikit-learn: pip install 'gradpair[compare]'"
    raise ModuleNotFoundError(msg, name=error.name) from error

from gradpair.compare._candidates import default_estimator
from gradpair.compare._compare import compare
from gradpair.compare._report import Comparison

__all__ = ["Comparison", "compare", "default_estimator"]
