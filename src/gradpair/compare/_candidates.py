"""What is compared: the host's built-in objective, and losses in its place."""

import copy
import functools
import inspect
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from gradpair._hosts import record
from gradpair._validation import Array
from gradpair.compare._inputs import Data, has_categories
from gradpair.losses import (
    BinaryCrossEntropy,
    Loss,
    WeightedCrossEntropy,
    called,
    check_loss,
    forms,
    number_names,
    parameters,
)
from gradpair.sklearn import BoostingClassifier

BUILT_IN = "built-in"
DEFAULT = ("spw", "bce", "wce", "focal:1", "focal:2")
_PATIENCE = 20  # rounds of the default estimator without a better metric


class Fitted(NamedTuple):
    """A model as it is scored."""

    margin: Callable[[Any], Array]
    seconds: float


@dataclass(frozen=True)
class Candidate:
    """A name, and how to train: the built-in objective (None), its weight of positives, a loss."""

    name: str
    loss: Any = None  # a Loss, a callable (y, w) -> Loss, or "spw"

    def __str__(self) -> str:
        if self.loss is None or isinstance(self.loss, str):
            return self.name
        return f"{self.name}: {self.loss!r}" if isinstance(self.loss, Loss) else self.name


@dataclass(frozen=True)
class Trainer:
    """The host and its estimator, the same for all candidates."""

    host: record.Host
    estimator: Any

    @classmethod
    def of(cls, estimator: Any, data: Data) -> tuple["Trainer", Data]:
        """Check the estimator, or make the default one, and let it take categories.

        The data come back with the features as the host takes them.
        """
        if isinstance(estimator, str | None):
            estimator = default_estimator(estimator)
            host = _host_of(estimator)
        else:
            host, estimator = _host_of(estimator), _with(estimator, {})
        if has_categories(data.features):
            features, params = host.with_categories(data.features)
            estimator, data = _with(estimator, params), data._replace(features=features)
        return cls(host, estimator), data

    @property
    def stops_early(self) -> bool:
        """Whether the estimator wants an evaluation set."""
        params = self.estimator.get_params(deep=False)
        named = [value for name, value in params.items() if "early_stopping" in name]
        return any(value and value > 0 for value in named) or bool(params.get("callbacks"))

    def fit(self, candidate: Candidate, train: Data, inner: Data) -> Fitted:
        """Train a candidate; the inner rows are for early stopping alone."""
        adapter = self.host.adapter()
        estimator = _with(self.estimator, {})
        began = time.perf_counter()
        if candidate.loss is None or candidate.loss == "spw":
            if candidate.loss:
                alpha = WeightedCrossEntropy.balanced(train.y, train.weight).alpha
                plain = _known(estimator, self.host.plain)
                estimator = _with(estimator, {**plain, "scale_pos_weight": alpha})
            estimator.fit(
                train.features,
                train.y,
                **({} if train.weight is None else {"sample_weight": train.weight}),
                **self._evaluation(estimator, inner, adapter, own=True),
            )
            seconds = time.perf_counter() - began
            return Fitted(lambda features: np.asarray(adapter.margin(estimator, features)), seconds)
        estimator = _with(estimator, _known(estimator, self.host.plain))
        ours = BoostingClassifier(estimator, candidate.loss)
        given = self._evaluation(estimator, inner, adapter, own=False)
        ours.fit(train.features, train.y, train.weight, **given)
        return Fitted(ours.decision_function, time.perf_counter() - began)

    def _evaluation(self, estimator: Any, inner: Data, adapter: Any, *, own: bool) -> Any:
        """Return what fit takes of the inner rows, as its version of the host names it."""
        if not self.stops_early:
            return {}
        known = inspect.signature(estimator.fit).parameters
        given: dict[str, Any]
        if own and self.host.evaluation is not None:
            given = dict(self.host.evaluation(estimator, inner.features, inner.y, inner.weight))
            return {**given, "verbose": False}
        if own and "eval_X" in known:  # LightGBM since 4.7
            given = {"eval_X": (inner.features,), "eval_y": (inner.y,)}
        else:
            given = {"eval_set": [(inner.features, inner.y)]}
        if inner.weight is not None:
            given[adapter.EVAL_WEIGHT] = [inner.weight]
        if "verbose" in known:  # XGBoost prints every round otherwise
            given["verbose"] = False
        return given


def candidates(losses: Any, trainer: Trainer) -> list[Candidate]:
    """Return the built-in objective and what is compared with it."""
    if losses is None:
        known = trainer.host.plain
        losses = [text for text in DEFAULT if text != "spw" or "scale_pos_weight" in known]
    if isinstance(losses, Mapping):
        found = [Candidate(str(name), _made(loss).loss) for name, loss in losses.items()]
    elif isinstance(losses, str | Loss) or not isinstance(losses, Iterable):
        found = [_made(losses)]
    else:
        found = [_made(loss) for loss in losses]
    if not found:
        msg = "losses is empty; name what to compare with the built-in objective, of "
        msg += f"{_known_losses()}."
        raise ValueError(msg)
    names = [BUILT_IN, *(candidate.name for candidate in found)]
    if double := sorted({name for name in names if names.count(name) > 1}):
        msg = f"two candidates are named {double[0]!r}; pass a dict of names and losses."
        raise ValueError(msg)
    return [Candidate(BUILT_IN), *found]


def _made(loss: Any) -> Candidate:
    """Return a candidate of a loss, of a callable that makes one of labels, or of its name."""
    if isinstance(loss, str):
        return _parsed(loss)
    if callable(loss) and not isinstance(loss, Loss | type):
        own = loss == WeightedCrossEntropy.balanced
        named = getattr(loss, "__qualname__", type(loss).__name__)
        return Candidate("wce balanced" if own else named, loss)
    return Candidate(_name(check_loss(loss)), loss)


def _name(loss: Loss) -> str:
    if type(loss) is BinaryCrossEntropy:
        return "cross-entropy"
    for word, kind in called().items():
        if type(loss) is not kind:
            continue
        fields = parameters(kind)
        values = [getattr(loss, fields[name].name) for name in number_names(kind)]
        if "loss" in fields:  # numbers first: tables are narrow
            inner = _name(getattr(loss, fields["loss"].name))
            return " ".join([word, *(f"{value:g}" for value in values), inner])
        while len(values) > _least(kind) and values[-1] == list(fields.values())[-1].default:
            values.pop()
        return f"{word}({', '.join(format(value, 'g') for value in values)})"
    return repr(loss)


def _least(kind: type[Loss]) -> int:
    return kind._called[1] if kind._called else 0


def _parsed(text: str) -> Candidate:
    """Return the candidate that a command line names: a word, numbers, perhaps a loss inside."""
    word, *rest = text.strip().lower().split(":")
    if (word, rest) == ("spw", []):
        return Candidate("scale_pos_weight", "spw")
    if (word, rest) == ("wce", []):
        return _made(WeightedCrossEntropy.balanced)
    made: Any = called().get(word)
    if made is not None:
        most = len(number_names(made))
        inside = rest[most:] if "loss" in parameters(made) else []
        numbers = _numbers(rest[: len(rest) - len(inside)])
        if numbers is not None and _least(made) <= len(numbers) <= most:
            if "loss" not in parameters(made):
                return _made(made(*numbers))
            if inside and inside != ["spw"]:
                return _around(word, made, numbers, _parsed(":".join(inside)))
    msg = f"unknown loss {text!r}; the known ones are {_known_losses()}."
    raise ValueError(msg)


def _numbers(words: list[str]) -> list[float] | None:
    try:
        return [float(word) for word in words]
    except ValueError:
        return None


def _known_losses() -> str:
    return f"{', '.join(['spw', 'wce', *forms()])}, where LOSS is any of them but spw"


def _around(word: str, wrapper: Any, numbers: list[float], inner: Candidate) -> Candidate:
    """Return the candidate of a loss around another one, which may be made of labels."""
    if isinstance(inner.loss, Loss):
        return _made(wrapper(inner.loss, *numbers))
    name = " ".join([word, *(f"{number:g}" for number in numbers), inner.name])
    return Candidate(name, functools.partial(_made_around, wrapper, numbers, inner.loss))


def _made_around(
    wrapper: Any, numbers: list[float], make: Any, y: Array, weight: Array | None
) -> Loss:
    """Make a loss of labels, and the one around it."""
    made: Loss = wrapper(make(y, weight), *numbers)
    return made


def _with(estimator: Any, changes: Mapping[str, Any]) -> Any:
    """Return an unfitted copy with other parameters, of which None is the host's default.

    As scikit-learn's clone, which refuses CatBoost's estimators that hold a list; and CatBoost
    takes None for a value if it is set, and not if it is passed to the constructor.
    """
    params = copy.deepcopy(estimator.get_params(deep=False))
    return type(estimator)(**{**params, **changes})


def _known(estimator: Any, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that the estimator has."""
    return {name: value for name, value in params.items() if name in estimator.get_params()}


def default_estimator(host: str | None = None, rounds: int = 200) -> Any:
    """Return what ``compare`` trains where no estimator is given.

    Parameters
    ----------
    host : str or None
        ``"xgboost"``, ``"lightgbm"``, ...; None is the first that is installed.
    rounds : int
        How many rounds at most: training stops when 20 in a row have not bettered the metric.

    Returns
    -------
    XGBClassifier, LGBMClassifier or CatBoostClassifier
        With the host's defaults for the rest.

    Raises
    ------
    ValueError
        A host that gradpair does not have.
    ModuleNotFoundError
        No host is installed.

    Examples
    --------
    >>> from gradpair.compare import default_estimator
    >>> default_estimator("lightgbm", rounds=50).n_estimators
    50
    """
    known = _host_named(host)
    adapter = known.adapter()
    stopping = {known.early_stopping: _PATIENCE} if known.early_stopping else {}
    settings = {**known.settings, **stopping, **adapter.QUIET}
    return adapter.ESTIMATOR(n_estimators=rounds, **settings)


def _host_named(name: str | None) -> record.Host:
    """Return the host of this name, or the first that is installed."""
    if name is not None:
        if name not in record.HOSTS:
            msg = f"unknown host {name!r}; gradpair has {', '.join(record.HOSTS)}."
            raise ValueError(msg)
        return record.load(name)
    for host in record.installed():
        return host
    extras = " or ".join(f"'gradpair[{name}]'" for name in record.HOSTS)
    msg = f"gradpair.compare needs a host: pip install {extras}"
    raise ModuleNotFoundError(msg)


def _host_of(estimator: Any) -> record.Host:
    kinds = []
    for host in record.installed():
        kind = host.adapter().ESTIMATOR
        if isinstance(estimator, kind):
            return host
        kinds.append(kind.__name__)
    msg = (
        f"estimator must be an {' or '.join(kinds)}, the name of a host, or None; got "
        f"{type(estimator).__name__}. Preprocessing comes before, losses go into losses=."
    )
    raise TypeError(msg)
