"""The objective under audit, called as its host calls it."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, final

import numpy as np

from gradpair._hosts.subject import ArraySubject, Fault, Precision, Subject
from gradpair._validation import Array
from gradpair.audit._numerical import FLOAT32_NOISE, NumericalDerivative, derivative
from gradpair.audit._report import Finding, Point
from gradpair.losses import Loss

NAMES = ("gradient", "hessian")
ALMOST_ONE = float(np.nextafter(np.float32(1), np.float32(2)))  # LightGBM drops weights of all 1
LIMIT = 12  # |z| up to which derivatives are compared

Columns = tuple[Array, Array]  # gradient and hessian
LossFunction = Callable[[Array, Array], Array]  # of labels and margins


class AuditRows(NamedTuple):
    """Labels, margins and weights of rows to call an objective with."""

    y: Array
    z: Array
    w: Array | None = None

    def scale(self, gradient: Array) -> Array:
        """Return the largest gradient of each row's label, but of no row in the tails beyond it."""
        # Further out a gradient may be beyond all comparison, as that of an exponential loss.
        distance = np.abs(self.z)
        nearer = distance <= np.maximum(distance, LIMIT)[:, None]
        comparable = nearer & (self.y == self.y[:, None]) & np.isfinite(gradient)
        largest: Array = np.max(np.where(comparable, np.abs(gradient), 0.0), axis=1)
        return largest

    def point(self, at: np.intp, got: Array, expected: Array | None = None) -> Point:
        """Return one row of a report."""
        right = None if expected is None or np.isnan(expected[at]) else float(expected[at])
        return Point(float(self.y[at]), float(self.z[at]), float(got[at]), right)

    def worst(self, got: Array, expected: Array, where: Array | bool = True) -> Point:
        """Return the row that is furthest off, of some or of all whose expected value is finite."""
        distance = np.where(where & np.isfinite(expected), np.abs(got - expected), -1)
        return self.point(np.argmax(distance), got, expected)


class CallError(Exception):
    """An objective raised, or returned what no host can read."""

    def __init__(self, what: str, advice: str, code: str) -> None:
        super().__init__(what)
        self.finding = Finding("error", code, what, advice)


def attempt(who: str, call: Callable[[], Any]) -> Any:
    """Return what the user's code returns; that it raises is a finding."""
    try:
        return call()
    except (Exception, SystemExit) as error:
        what = f"{who} raises {type(error).__name__}: {error}"
        advice = "Make it run on any rows; the audit calls it with rows of its own."
        raise CallError(what, advice, "raises") from error


def pair(who: str, call: Callable[[], Any]) -> tuple[Any, Any]:
    """Return the pair that the user's code returns."""
    returned = attempt(who, call)
    try:
        first, second = returned
    except (TypeError, ValueError) as error:
        what = f"{who} returns a {type(returned).__name__} instead of a pair."
        advice = "Return two arrays, such as (gradient, hessian), of one value per row."
        raise CallError(what, advice, "output-shape") from error
    return first, second


def column(name: str, values: Any, n_samples: int) -> Array:
    """Return one of the columns that the user's code returned as a fresh float64 array."""
    try:
        numbers: Array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        what = f"The {name} is a {type(values).__name__}, of which NumPy makes no numbers: {error}"
        raise CallError(what, "Return an array of float32 or float64.", "output-type") from error
    if numbers.shape not in ((n_samples,), (n_samples, 1)):
        what = f"The {name} of {n_samples} rows has the shape {numbers.shape}."
        raise CallError(what, "Return one value per row, not a sum, not (n, n).", "output-shape")
    return numbers.ravel()


@final
class LossSubject(ArraySubject):
    """A gradpair loss, by its public methods."""

    objective: Loss

    host = "gradpair"
    precisions = (np.float32, np.float64)
    shares_buffers = True
    weighting = "Return derivatives without weights from the hooks."

    def call(self, predictions: Array, data: Any) -> Any:
        y, w = data
        y = y.astype(predictions.dtype, copy=False)
        return self.objective.gradient_hessian(y, predictions, w)

    def fault_of(self, values: Any, precision: np.dtype[Any]) -> Fault | None:
        if isinstance(values, np.ndarray) and values.dtype == precision:
            return None
        what = getattr(values, "dtype", type(values).__name__)
        return Fault("error", "output-dtype", f"{what} for margins of {precision}")


@dataclass(frozen=True)
class Audit:
    """What a check needs: the subject, its loss if one is known, and rows to call it with."""

    subject: Subject
    loss: LossFunction | None
    seed: int
    weighted: bool = False  # whether the subject runs only with weights

    def rows(self, y: Any, z: Any) -> AuditRows:
        """Return rows whose weights change nothing."""
        y, z = np.asarray(y, dtype=np.float64), np.asarray(z, dtype=np.float64)
        return AuditRows(y, z, np.full(y.size, ALMOST_ONE) if self.weighted else None)

    def both_labels(self, limit: float, n_margins: int) -> AuditRows:
        """Return random margins up to a limit, first with label 0, then with label 1."""
        # Odd multiples of 1/64: exact in float32, and off round numbers, where losses have kinks.
        rng = np.random.default_rng(self.seed)
        cell = np.sort(rng.choice(round(64 * limit), n_margins, replace=False))
        return self.rows(np.repeat([0, 1], n_margins), np.tile((2 * cell + 1) / 64 - limit, 2))

    def result(self, predictions: Array, data: Any) -> tuple[Any, Any]:
        """Return the pair that the objective returns."""
        return pair("The objective", lambda: self.subject.call(predictions, data))

    def function(self, rows: AuditRows, as_type: Precision | None = None) -> Callable[..., Columns]:
        """Return the derivatives as a function of the margins, for data that is built once."""
        data = self.subject.data(rows.y, rows.w)

        def derivatives(z: Array) -> Columns:
            gradient, hessian = self.result(z.astype(as_type or self.subject.precisions[-1]), data)
            return column("gradient", gradient, z.size), column("hessian", hessian, z.size)

        return derivatives

    def derivatives(self, rows: AuditRows, as_type: Precision | None = None) -> Columns:
        """Return gradient and hessian as fresh float64 arrays, one value per row."""
        return self.function(rows, as_type)(rows.z)

    @functools.cached_property
    def few(self) -> AuditRows:
        """Some rows near 0 of both labels."""
        return self.both_labels(3, 32)

    @functools.cached_property
    def of_few(self) -> Columns:
        """Their gradient and hessian."""
        return self.derivatives(self.few)

    @functools.cached_property
    def sample(self) -> tuple[AuditRows, Array, Array, NumericalDerivative]:
        """Rows to compare on, with gradient, hessian and the gradient's numerical derivative."""
        rows = self.both_labels(LIMIT, 64)
        gradient, hessian = self.derivatives(rows)
        function = self.function(rows)
        slope = derivative(lambda z: function(z)[0], rows.z, rows.scale(gradient))
        return rows, gradient, hessian, slope

    def loss_slope(self, rows: AuditRows, noise: float = FLOAT32_NOISE) -> NumericalDerivative:
        """Return the derivative of the loss, which the gradient should be; nan without a loss."""
        loss = self.loss or (lambda _, z: np.full(z.size, np.nan))
        rough = loss(rows.y, rows.z + 0.5) - loss(rows.y, rows.z - 0.5)
        return derivative(lambda z: loss(rows.y, z), rows.z, rows.scale(rough), noise)
