"""What the adapters of all hosts share: callables for both host APIs, and checks of parameters."""

import dataclasses
import inspect
import math
from abc import ABC
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import ArrayLike

from gradpair import _blocks, _validation, functional
from gradpair._kernels import run as _derivatives
from gradpair._validation import Array, Rows
from gradpair.losses import BinaryCrossEntropy, Loss, WeightedCrossEntropy, check_loss

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
        if isinstance(second, self.data_type):
            labels, raw, weight = second.get_label(), first, second.get_weight()  # type: ignore[attr-defined]
            if weight is not None and not np.size(weight):  # XGBoost's way to say none
                weight = None
        elif hasattr(second, "get_label"):
            msg = (
                f"this callable is for {self.host}, and its data must be a "
                f"{qualified_name(self.data_type)}; got a {qualified_name(type(second))}."
            )
            raise TypeError(msg)
        else:
            labels, raw, weight = first, second, sample_weight
        raw = _validation.floats("raw_prediction", raw)
        if raw.ndim != 1:
            msg = (
                f"raw_prediction must have shape (n_samples,); got {raw.shape}. "
                f"gradpair is for one binary target."
            )
            raise ValueError(msg)
        y = _validation.numeric("y_true", labels)
        _validation.one_per_row("y_true", y, raw.size)
        if weight is None:
            return y, raw, None
        weight = _validation.numeric("sample_weight", weight)
        return y, raw, _validation.one_per_row("sample_weight", weight, raw.size)


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
        return _derivatives.gradient_hessian(
            self.loss,
            y,
            raw,
            w,
            start=self.start,
            hessian_floor=self.hessian_floor,
            exact=self.hessian == "exact",
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
        return cls(loss=loss, start=start, input=kind, name=name or check_loss(loss).name)  # type: ignore[arg-type]

    def mean(self, first: Any, second: Any, sample_weight: ArrayLike | None) -> float:
        """Return the weighted mean loss."""
        y, raw, w = self.rows(first, second, sample_weight)
        _validation.labels(y)
        if w is not None:
            _validation.weights(w)
        precision = np.finfo(raw.dtype)

        def losses_of(y_block: Array, raw_block: Array, w_block: Array) -> Array:
            if self.input == "probability":
                raw_block = _margins(raw_block, float(precision.tiny), float(precision.eps))
            return self.loss.loss(y_block, raw_block + self.start, w_block)

        return _blocks.weighted_mean(losses_of, y, raw, w)


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

    def __call__(self, y_true: Array, raw: Array, *args: Any, **kwargs: Any) -> Any:
        """Call the metric at ``sigmoid(raw + start)``."""
        return self.metric(y_true, functional.sigmoid(raw + self.start), *args, **kwargs)


def estimator_metric(metric: Callable[..., Any], start: float) -> Callable[..., Any]:
    """Give a user's metric what it expects: probabilities, or margins if it is one of ours."""
    if isinstance(metric, MetricCallable) and metric.input == "raw":
        return dataclasses.replace(metric, start=metric.start + start)
    return ProbabilityMetric(metric, start)


def _margins(probability: Array, tiny: float, eps: float) -> Array:
    """Return log-odds, finite because a rounded 0 or 1 stands for the numbers that round to it."""
    if probability.size and not (probability.min() >= 0 and probability.max() <= 1):
        msg = (
            f"input='probability' expects predictions in [0, 1]; got {probability.min()} to "
            f"{probability.max()}. Beside a custom objective the host passes margins: input='raw'."
        )
        raise ValueError(msg)
    return functional.logit(np.clip(probability, tiny, 1 - eps / 2))


def qualified_name(kind: type) -> str:
    """Name a host's type as its users write it."""
    return f"{kind.__module__.partition('.')[0]}.{kind.__name__}"


def check_data(name: str, data: object, data_type: type) -> None:
    """Refuse anything but the host's own data object."""
    if not isinstance(data, data_type):
        msg = (
            f"{name} must be a {qualified_name(data_type)}; got a {qualified_name(type(data))}. "
            f"Build one with label= and, if rows are weighted, weight=."
        )
        raise TypeError(msg)


def check_booster(booster: object, booster_type: type, of_estimator: str) -> None:
    """Refuse anything but the host's own Booster."""
    if not isinstance(booster, booster_type):
        msg = (
            f"booster must be a {qualified_name(booster_type)}; got a "
            f"{qualified_name(type(booster))}. Of an estimator, pass {of_estimator}."
        )
        raise TypeError(msg)


def copy_params(params: object) -> dict[str, Any]:
    """Return a copy of the user's parameters."""
    if params is None:
        return {}
    if not isinstance(params, Mapping):
        msg = f"params must be a dict; got a {type(params).__name__}."
        raise TypeError(msg)
    return dict(params)


def check_objective(value: object, native: str) -> None:
    """Refuse an objective other than the host's name for a binary target."""
    if callable(value):
        msg = (
            "objective is a callable, but here it is made of loss=: drop it and pass the loss, or "
            "hand your objective to the host itself."
        )
        raise ValueError(msg)  # noqa: TRY004 - a callable is right elsewhere
    if value is not None and value != native:
        msg = (
            f"objective must be {native!r} or absent, since the model predicts probabilities of a "
            f"binary target; got {value!r}."
        )
        raise ValueError(msg)


def refuse(params: Mapping[str, Any], name: str, neutral: float, way_out: str) -> None:
    """Refuse a parameter that the host ignores beside a custom objective, unless it is neutral."""
    if params.get(name) is not None and _number(params[name]) != neutral:
        msg = (
            f"{name} has no effect beside a custom objective; drop it and "
            f"{way_out.format(value=params[name])}."
        )
        raise ValueError(msg)


def calibration_shift(loss: Loss) -> float:
    """Return the shift of the margin that calibrates it, if there is one."""
    if loss.calibration_shift is None:
        msg = (
            f"calibrated=True needs a loss whose correction is a shift of the margin; {loss!r} has "
            f"none. Leave it False and use loss.calibrated_probability(margin)."
        )
        raise ValueError(msg)
    return loss.calibration_shift


@dataclass(frozen=True)
class Builtin:
    """A loss as a host's built-in objective: the weight of positives, the start, the rows."""

    alpha: float
    constant: float
    hard: bool
    y: Array | None
    weight: Array | None

    @classmethod
    def of(
        cls,
        loss: Loss,
        y_true: ArrayLike | None,
        sample_weight: ArrayLike | None,
        totals: tuple[float, float] | None,
    ) -> Self:
        """Check the arguments and compute the start from the rows, or from all rows' totals."""
        check_loss(loss)
        if not isinstance(loss, BinaryCrossEntropy | WeightedCrossEntropy):
            msg = (
                f"{loss!r} has no built-in equivalent, only BinaryCrossEntropy and "
                f"WeightedCrossEntropy have; pass it to train."
            )
            raise ValueError(msg)  # noqa: TRY004 - it is a loss, but not one of these
        if y_true is None and totals is None:
            msg = "pass y_true, or totals=(weight of the 1s, weight of the 0s)."
            raise ValueError(msg)
        y, w = (None, None) if y_true is None else _blocks.training_rows(y_true, sample_weight)
        if totals is None and y is not None:
            totals = _blocks.class_weights(y, w)
        if totals is None or np.shape(totals) != (2,):
            msg = f"totals must be a pair, (weight of the 1s, weight of the 0s); got {totals!r}."
            raise ValueError(msg)
        ones, zeros = (_validation.positive("each of totals", total) for total in totals)
        alpha = loss.alpha if isinstance(loss, WeightedCrossEntropy) else 1.0
        hard = y is None or bool(np.isin(y, (0, 1)).all())
        return cls(alpha, math.log(ones) - math.log(zeros) + math.log(alpha), hard, y, w)


def flag(value: object) -> bool:
    """Read a host's boolean parameter."""
    return bool(_number(value))


def _number(value: object) -> float | None:
    word = str(value).strip().lower()
    try:
        return float({"true": "1", "false": "0"}.get(word, word))
    except ValueError:
        return None
