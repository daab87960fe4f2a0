"""The user's own metrics, which see what they expect beside a custom objective."""

import dataclasses
import inspect
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Self

from gradpair._hosts.callables import MetricCallable
from gradpair._links import sigmoid
from gradpair._validation import Array


@dataclass(frozen=True)
class ShiftedMetric:
    """A user's own metric, called with the margins that include the start."""

    metric: Callable[[Array, Any], Any]
    start: float

    def __call__(self, preds: Array, data: Any) -> Any:
        """Call the metric at ``preds + start``."""
        return self.metric(preds + preds.dtype.type(self.start), data)


@dataclass(frozen=True)
class ProbabilityMetric:
    """A user's own metric for a host's estimator, called with probabilities.

    The hosts pass it margins beside a custom objective, and probabilities beside a built-in one.
    """

    metric: Callable[..., Any]
    start: float

    @property
    def __name__(self) -> str:
        """What XGBoost calls the metric."""
        return str(getattr(self.metric, "__name__", type(self.metric).__name__))

    @property
    def __signature__(self) -> inspect.Signature:
        """The metric's own, since LightGBM counts its parameters."""
        return inspect.signature(self.metric)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return itself: LightGBM's estimators copy metrics, and the user's may not be copied."""
        return self

    def __call__(self, y_true: Array, raw: Array, *args: Any, **kwargs: Any) -> Any:
        """Call the metric at ``sigmoid(raw + start)``."""
        return self.metric(y_true, sigmoid(raw + self.start), *args, **kwargs)


def estimator_metric(metric: Callable[..., Any], start: float) -> Callable[..., Any]:
    """Give a user's metric what it expects: probabilities, or margins if it is one of ours."""
    if isinstance(metric, MetricCallable) and metric.input == "raw":
        return dataclasses.replace(metric, start=metric.start + start)
    return ProbabilityMetric(metric, start)


def distinct(metrics: Iterable[Callable[..., Any]]) -> list[Callable[..., Any]]:
    """Return metrics of which no two of ours share the name that they have by default.

    The further ones get a number, since hosts write what has one name into one history.
    """
    named: list[Callable[..., Any]] = []
    seen = Counter[str]()
    for given in metrics:
        if isinstance(given, MetricCallable) and given.name == _default_name(given):
            seen[given.name] += 1
            number = seen[given.name]
            name = given.name if number == 1 else f"{given.name}-{number}"
            named.append(dataclasses.replace(given, name=name))
        else:
            named.append(given)
    return named


def _default_name(metric: MetricCallable) -> str:
    return type(metric).of(metric.loss, metric.start, metric.input, None).name
