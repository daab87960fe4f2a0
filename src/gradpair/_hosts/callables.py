"""Objectives and metrics as callables for both APIs of a host."""

import re
from abc import ABC
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import ArrayLike

from gradpair import _blocks, _validation
from gradpair._hosts.params import check_type
from gradpair._kernels import run
from gradpair._links import logit
from gradpair._validation import Array, Rows
from gradpair.losses import Loss, check_loss

Hessian = Literal["exact", "positive"]
HESSIAN_FLOOR = 1e-16  # XGBoost's own, kRtEps


@dataclass(frozen=True)
class HostCallable(ABC):
    """A function of predictions and labels, at ``start`` above the predictions.

    The hosts call it as ``(preds, data)`` in their native API and as
    ``(y_true, y_pred, sample_weight)`` in their estimators. XGBoost's estimators look for the name
    ``sample_weight``; LightGBM's count three parameters.
    """

    host: ClassVar[str]  # its name in the list of hosts
    data_type: ClassVar[type]

    loss: Loss
    start: float

    def __post_init__(self) -> None:
        check_loss(self.loss)
        object.__setattr__(self, "start", _validation.real("start", self.start))

    def rows(self, first: Any, second: Any, sample_weight: ArrayLike | None) -> Rows:
        """Return labels, margins and weights, whichever API called, before a look at values."""
        if hasattr(second, "get_label"):
            name = f"this callable is for {self.host}, and its data"
            check_type(name, second, self.data_type, "Make one for that host.")
            labels, raw, weight = second.get_label(), first, second.get_weight()
            if weight is not None and not np.size(weight):  # XGBoost's way to say none
                weight = None
        else:
            labels, raw, weight = first, second, sample_weight
        raw = _validation.floats("raw_prediction", raw)
        if not raw.size:  # (0, 0) of a worker without rows (seen in XGBoost 3.4.1)
            raw = raw.ravel()
        if raw.ndim != 1:
            msg = (
                f"raw_prediction must have shape (n_samples,); got {raw.shape}. "
                f"gradpair is for one binary target."
            )
            raise ValueError(msg)
        y = _validation.numeric("y_true", labels)
        _validation.one_per_row("y_true", y, raw.size)
        if weight is not None:
            weight = _validation.numeric("sample_weight", weight)
            _validation.one_per_row("sample_weight", weight, raw.size)
        return y, raw, weight


@dataclass(frozen=True)
class ObjectiveCallable(HostCallable):
    """Gradient and hessian of a loss, as both APIs of a host want them."""

    hessian: Hessian | None
    hessian_floor: float

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.hessian not in ("exact", "positive", None):
            msg = f"hessian must be 'exact', 'positive' or None; got {self.hessian!r}."
            raise ValueError(msg)
        policy = self.hessian or ("exact" if self.loss.convex else "positive")
        object.__setattr__(self, "hessian", policy)
        floor = _validation.at_least_zero("hessian_floor", self.hessian_floor)
        if floor > float(np.finfo(np.float32).max):
            msg = f"hessian_floor must be a float32 number, as hessians are; got {floor!r}."
            raise ValueError(msg)
        object.__setattr__(self, "hessian_floor", floor)

    def __call__(
        self, first: Any, second: Any, sample_weight: ArrayLike | None = None
    ) -> tuple[Array, Array]:
        """Return the weighted gradient and hessian of each row as float32."""
        y, raw, w = self.rows(first, second, sample_weight)
        start, floor, exact = self.start, self.hessian_floor, self.hessian == "exact"
        return run.gradient_hessian(
            self.loss, y, raw, w, start=start, hessian_floor=floor, exact=exact
        )


@dataclass(frozen=True)
class MetricCallable(HostCallable):
    """Weighted mean of a loss, as both APIs of a host want it."""

    input: Literal["raw", "probability"]
    name: str

    @classmethod
    def of(cls, loss: Loss, start: float, kind: str, name: str | None) -> Self:
        """Check the arguments and fill in the name."""
        if kind not in ("raw", "probability"):
            msg = f"input must be 'raw' or 'probability'; got {kind!r}."
            raise ValueError(msg)
        named = name or _name_of(check_loss(loss))
        if not isinstance(named, str):
            msg = f"name must be a string; got {name!r}."
            raise TypeError(msg)
        return cls(loss=loss, start=start, input=kind, name=named)  # type: ignore[arg-type]

    def mean(self, first: Any, second: Any, sample_weight: ArrayLike | None) -> float:
        """Return the weighted mean loss."""
        return _blocks.mean_of(*self.sums(first, second, sample_weight))

    def sums(self, first: Any, second: Any, sample_weight: ArrayLike | None) -> tuple[float, float]:
        """Return the weighted sum of the loss, and the sum of the weights."""
        y, raw, w = self.rows(first, second, sample_weight)
        _validation.labels(y)
        if w is not None:
            _validation.weights(w)
        precision = np.finfo(raw.dtype)

        def losses_of(y_block: Array, raw_block: Array, w_block: Array) -> Array:
            if self.input == "probability":
                raw_block = _margins(raw_block, float(precision.tiny), float(precision.eps))
            return self.loss.loss(y_block, raw_block + self.start, w_block)

        return _blocks.weighted_sums(losses_of, y, raw, w)


def _name_of(loss: Loss) -> str:
    """Return the name of a loss if all trackers take it."""
    name = loss.name
    if isinstance(name, str) and re.fullmatch(r"[\w.-]+", name):
        return name
    msg = (
        f"the name of a loss is what its metric is called, and experiment trackers take letters, "
        f"digits, '_', '-' and '.'; {type(loss).__name__}.name is {name!r}. Rename it."
    )
    raise ValueError(msg)


def _margins(probability: Array, tiny: float, eps: float) -> Array:
    """Return log-odds, finite because a rounded 0 or 1 stands for the numbers that round to it."""
    if probability.size and not (probability.min() >= 0 and probability.max() <= 1):
        msg = (
            f"input='probability' expects predictions in [0, 1]; got {probability.min()} to "
            f"{probability.max()}. Beside a custom objective the host passes margins: input='raw'."
        )
        raise ValueError(msg)
    return logit(np.clip(probability, tiny, 1 - eps / 2))
