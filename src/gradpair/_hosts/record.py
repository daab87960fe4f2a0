"""The list of hosts, and what the rest of the package needs to know of each."""

import importlib
import importlib.util
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from gradpair._hosts.subject import Subject

# A host's package, its extra and its kind of objective have one name; its module here exports HOST.
HOSTS = {"xgboost": "gradpair.xgboost", "lightgbm": "gradpair.lightgbm"}


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
