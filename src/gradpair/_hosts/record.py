"""The list of hosts, and what the rest of the package needs to know of each."""

import importlib
import importlib.util
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from gradpair._hosts.subject import Subject

# A host's package, its extra and its kind of objective have one name; its module here exports HOST.
HOSTS = {
    "xgboost": "gradpair.xgboost",
    "lightgbm": "gradpair.lightgbm",
    "catboost": "gradpair.catboost",
}

# Keywords of fit and of predict in their estimators, which scikit-learn's metadata routing can
# request of BoostingClassifier, whose class is made before a host is imported.
FIT = {
    "xgboost": (
        "base_margin_eval_set callbacks eval_metric feature_weights sample_weight_eval_set verbose"
    ),
    "lightgbm": (
        "callbacks categorical_feature eval_init_score eval_metric eval_names eval_sample_weight "
        "feature_name"
    ),
    "catboost": (
        "callbacks cat_features early_stopping_rounds embedding_features eval_baseline "
        "eval_sample_weight log_cerr log_cout logging_level metric_period plot plot_file "
        "save_snapshot silent snapshot_file snapshot_interval text_features use_best_model verbose "
        "verbose_eval"
    ),
}
PREDICT = {
    "xgboost": "iteration_range",
    "lightgbm": "num_iteration start_iteration",
    "catboost": "ntree_end ntree_start",
}


@dataclass(frozen=True)
class Host:
    """A host as ``sklearn``, ``audit`` and the command line see it."""

    name: str
    title: str
    subject: type[Subject]  # how its native API calls an objective
    estimator_subject: type[Subject] | None  # how its estimator does, if as scikit-learn's would
    estimator: str  # the module that fits its estimator, which needs scikit-learn
    structures: Callable[[Any], list[Any]]  # of a booster, its trees without the leaves' values
    early_stopping: str | None = None  # the estimator's parameter of rounds without improvement
    # Parameters of the estimator with which it takes columns of categories, and those with which
    # its built-in objective neither weights classes nor starts elsewhere than it would.
    categorical: Mapping[str, Any] = field(default_factory=dict)
    plain: Mapping[str, Any] = field(default_factory=dict)
    # Those with which its built-in objective trains as other objectives do, and that of threads.
    settings: Mapping[str, Any] = field(default_factory=dict)
    threads: str = "n_jobs"
    # Where it takes no columns of categories as they are: features that it takes, and parameters.
    encoded: Callable[[Any], tuple[Any, Mapping[str, Any]]] | None = None
    # What its own fit takes of an evaluation set with weights, where that is neither of the names.
    evaluation: Callable[[Any, Any, Any, Any], Mapping[str, Any]] | None = None

    def with_categories(self, features: Any) -> tuple[Any, Mapping[str, Any]]:
        """Return a frame that has categories as the host takes it, and the parameters for it."""
        return (features, self.categorical) if self.encoded is None else self.encoded(features)

    def adapter(self) -> ModuleType:
        """Import the module that fits the host's estimator."""
        return importlib.import_module(self.estimator)


def load(name: str) -> Host:
    """Import a host's module, which says which extra to install if that cannot be done."""
    host: Host = importlib.import_module(HOSTS[name]).HOST
    return host


def installed() -> Iterator[Host]:
    """Yield the hosts whose package is there, in the order of the list."""
    for name in HOSTS:
        if importlib.util.find_spec(name) is not None:
            yield load(name)
