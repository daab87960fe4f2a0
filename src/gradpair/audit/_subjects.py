"""The objective under audit, called as its host calls it."""

import importlib
import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, final

import numpy as np

from gradpair._validation import Array
from gradpair.audit._report import Finding
from gradpair.losses import Loss

GRADIENT, HESSIAN = "gradient", "hessian"
ALMOST_ONE = float(np.nextafter(np.float32(1), np.float32(2)))  # LightGBM drops weights of all 1

Precision = type[np.floating[Any]]
LossFunction = Callable[[Array, Array], Array]  # of labels and margins
Function = Callable[[Array], tuple[Array, Array]]  # of margins


class Rows(NamedTuple):
    """Labels, margins and weights of rows to call an objective with."""

    y: Array
    z: Array
    w: Array | None = None


class CallError(Exception):
    """An objective raised, or returned what no host can read."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.what)
        self.finding = finding


def attempt(who: str, call: Callable[[], Any]) -> Any:
    """Return what the user's code returns; that it raises is a finding."""
    try:
        return call()
    except (Exception, SystemExit) as error:
        what = f"{who} raises {type(error).__name__}: {error}"
        advice = "Make it run on any rows; the audit calls it with rows of its own."
        raise CallError(Finding("error", "raises", what, advice)) from error


def pair(who: str, call: Callable[[], Any]) -> tuple[Any, Any]:
    """Return the pair that the user's code returns."""
    returned = attempt(who, call)
    try:
        first, second = returned
    except (TypeError, ValueError) as error:
        what = f"{who} returns a {type(returned).__name__} instead of a pair."
        advice = "Return two arrays, such as (gradient, hessian), of one value per row."
        raise CallError(Finding("error", "output-shape", what, advice)) from error
    return first, second


def column(name: str, values: Any, n_samples: int) -> Array:
    """Return one of the columns that the user's code returned as a fresh float64 array."""
    try:
        numbers: Array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        what = f"The {name} is a {type(values).__name__}, of which NumPy makes no numbers: {error}"
        advice = "Return a NumPy array of float32 or float64."
        raise CallError(Finding("error", "output-type", what, advice)) from error
    if numbers.shape not in ((n_samples,), (n_samples, 1)):
        what = f"The {name} of {n_samples} rows has the shape {numbers.shape}."
        advice = "Return one value per row, neither summed nor (n, n)."
        raise CallError(Finding("error", "output-shape", what, advice))
    return numbers.ravel()


@dataclass(frozen=True)
class Subject(ABC):
    """An objective and the way in which a host calls it."""

    objective: Any

    host: ClassVar[str]
    precisions: ClassVar[tuple[Precision, ...]]  # of the predictions; the widest is the last
    shares_buffers: ClassVar[bool]  # whether predictions and labels are the host's own memory
    weighting: ClassVar[str]  # how to honour weights

    @abstractmethod
    def data(self, y: Array, w: Array | None) -> Any:
        """Return labels and weights as the host holds them."""

    @abstractmethod
    def call(self, predictions: Array, data: Any) -> Any:
        """Call the objective as the host does."""

    @abstractmethod
    def held(self, data: Any) -> list[Array]:
        """Return the labels and weights that the data holds now."""

    def result(self, predictions: Array, data: Any) -> tuple[Any, Any]:
        """Return the pair that the objective returns."""
        return pair("The objective", lambda: self.call(predictions, data))

    def derivatives(self, rows: Rows, precision: Precision | None = None) -> tuple[Array, Array]:
        """Return gradient and hessian as fresh float64 arrays, one value per row."""
        return self.function(rows.y, rows.w, precision)(rows.z)

    def function(self, y: Array, w: Array | None, precision: Precision | None = None) -> Function:
        """Return the derivatives as a function of the margins, for data that is built once."""
        data = self.data(y, w)

        def derivatives(z: Array) -> tuple[Array, Array]:
            gradient, hessian = self.result(z.astype(precision or self.precisions[-1]), data)
            return column(GRADIENT, gradient, y.size), column(HESSIAN, hessian, y.size)

        return derivatives


def _module_of_host(name: str) -> Any:
    importlib.import_module(f"gradpair.{name}")  # says which extra to install
    return importlib.import_module(name)


@final
class LossSubject(Subject):
    """A gradpair loss, by its public methods."""

    objective: Loss

    host = "gradpair"
    precisions = (np.float32, np.float64)
    shares_buffers = True
    weighting = "Return derivatives without weights from the hooks."

    def data(self, y: Array, w: Array | None) -> Any:
        return y.copy(), None if w is None else w.copy()

    def call(self, predictions: Array, data: Any) -> Any:
        y, w = data
        return self.objective.gradient_hessian(
            y.astype(predictions.dtype, copy=False), predictions, w
        )

    def held(self, data: Any) -> list[Array]:
        return [array for array in data if array is not None]


@final
class XGBoostSubject(Subject):
    """A callable for XGBoost's native API: predictions and a DMatrix."""

    host = "XGBoost"
    precisions = (np.float32,)
    shares_buffers = False
    weighting = "Multiply both by data.get_weight(), unless its size is 0."

    def data(self, y: Array, w: Array | None) -> Any:
        xgb = _module_of_host("xgboost")
        return xgb.DMatrix(np.zeros((y.size, 1)), label=y, weight=w, nthread=1)

    def call(self, predictions: Array, data: Any) -> Any:
        return self.objective(predictions, data)

    def held(self, data: Any) -> list[Array]:
        return [data.get_label(), data.get_weight()]


@final
class LightGBMSubject(Subject):
    """A callable for LightGBM's native API: predictions and a Dataset."""

    host = "LightGBM"
    precisions = (np.float64,)
    shares_buffers = True
    weighting = "Multiply both by data.get_weight(), unless it is None."

    def data(self, y: Array, w: Array | None) -> Any:
        lgb = _module_of_host("lightgbm")
        feature = np.arange(float(y.size)).reshape(-1, 1)
        params = {"verbosity": -1, "num_threads": 1}
        return lgb.Dataset(feature, y, weight=w, params=params).construct()

    def call(self, predictions: Array, data: Any) -> Any:
        return self.objective(predictions, data)

    def held(self, data: Any) -> list[Array]:
        return [array for array in (data.get_label(), data.get_weight()) if array is not None]


class _EstimatorSubject(Subject):
    """A callable for an estimator, which gets labels and weights as float32 arrays."""

    weighting = (
        "Take a third parameter, sample_weight=None, and multiply both by it unless it is None."
    )

    def data(self, y: Array, w: Array | None) -> Any:
        return y.astype(np.float32), None if w is None else w.astype(np.float32)

    def held(self, data: Any) -> list[Array]:
        return [array for array in data if array is not None]


@final
class XGBClassifierSubject(_EstimatorSubject):
    """A callable for XGBClassifier: weights go by name, and only if there are any."""

    host = "XGBClassifier"
    precisions = (np.float32,)
    shares_buffers = False

    def call(self, predictions: Array, data: Any) -> Any:
        y, w = data
        if w is None:
            return self.objective(y, predictions)
        if "sample_weight" not in inspect.signature(self.objective).parameters:
            msg = "XGBClassifier refuses weights, for want of a parameter named sample_weight"
            raise ValueError(msg)
        return self.objective(y, predictions, sample_weight=w)


@final
class LGBMClassifierSubject(_EstimatorSubject):
    """A callable for LGBMClassifier, which counts parameters and passes all by position."""

    host = "LGBMClassifier"
    precisions = (np.float64,)
    shares_buffers = True

    def call(self, predictions: Array, data: Any) -> Any:
        y, w = data
        count = len(inspect.signature(self.objective).parameters)
        if count not in (2, 3, 4):
            msg = f"LGBMClassifier wants 2, 3 or 4 parameters and counts {count}"
            raise TypeError(msg)
        group = None
        return self.objective(*(y, predictions, w, group)[:count])


@dataclass(frozen=True)
class Audit:
    """What a check needs: the subject, its loss if one is known, and rows to call it with."""

    subject: Subject
    loss: LossFunction | None
    weighted: bool  # whether the subject runs only with weights
    seed: int

    def rows(self, y: Any, z: Any) -> Rows:
        """Return rows whose weights change nothing."""
        y, z = np.asarray(y, dtype=np.float64), np.asarray(z, dtype=np.float64)
        return Rows(y, z, np.full(y.size, ALMOST_ONE) if self.weighted else None)

    def both_labels(self, limit: float, n_margins: int) -> Rows:
        """Return random margins up to a limit, first with label 0, then with label 1.

        They are odd multiples of 1/64: exact in float32, and off the round numbers at which losses
        have their kinks.
        """
        cells = round(2 * limit * 32)
        rng = np.random.default_rng(self.seed)
        cell = np.sort(rng.choice(cells, n_margins, replace=False))
        z = (2 * cell + 1) / 64 - limit
        return self.rows(np.repeat([0, 1], n_margins), np.tile(z, 2))

    def derivatives(self, rows: Rows, precision: Precision | None = None) -> tuple[Array, Array]:
        """Return gradient and hessian as float64 arrays."""
        return self.subject.derivatives(rows, precision)

    def gradient_at(self, rows: Rows) -> Callable[[Array], Array]:
        """Return the gradient of the rows as a function of their margins."""
        function = self.subject.function(rows.y, rows.w)
        return lambda z: function(z)[0]
