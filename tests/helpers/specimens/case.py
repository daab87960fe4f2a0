"""A specimen with its verdict, and decorators that say the verdict where the specimen stands."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import gradpair as gp

BCE = gp.BinaryCrossEntropy()
ALPHA, GAMMA = 7.3, 2.0
SURROGATE, HARD, OVERFLOW = {"hessian-surrogate"}, {"soft-labels"}, {"numerical-warning"}

RIGHT, WRONG = [], []


@dataclass(frozen=True)
class Case:
    """An objective, how it is called, and the codes, all of them, that an audit must find."""

    objective: Any
    kind: str | None
    loss: Any
    errors: AbstractSet[str] = frozenset()
    warnings: AbstractSet[str] = frozenset()
    notes: AbstractSet[str] = frozenset()

    def __str__(self):
        name = getattr(self.objective, "__name__", type(self.objective).__name__)
        return f"{name}-{self.kind}"

    def audit(self, **kwargs):
        """Return the report."""
        return gp.check_objective(self.objective, kind=self.kind, loss=self.loss, **kwargs)


def right(loss=None, *, kind=None, **codes):
    """Declare that an audit must find no error in what is below, and only these codes."""
    return _declared(RIGHT, loss, kind, codes)


def wrong(loss=None, *, kind=None, **codes):
    """Declare what an audit must find in what is below."""
    return _declared(WRONG, loss, kind, codes)


def _declared(cases, loss, kind, codes):
    """Return a decorator that lists a case: for both hosts unless told, a class for its default."""

    def declare(specimen):
        objective = specimen() if isinstance(specimen, type) else specimen
        kinds = ("xgboost", "lightgbm") if kind is None else (kind,)
        for of_host in (None,) if isinstance(objective, gp.Loss) else kinds:
            cases.append(Case(objective, of_host, loss, **codes))
        return specimen

    return declare


def codes(report, severity):
    """Return the codes of a report's findings of one severity."""
    return {found.code for found in report.findings if found.severity == severity}


def weight_of(data):
    """Weights of host data, 1 where there are none."""
    weight = data.get_weight()
    return 1.0 if weight is None or not weight.size else weight
