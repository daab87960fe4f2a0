"""An objective as its host calls it: what the auditor needs to know of a host."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from gradpair._validation import Array

Precision = type[np.floating[Any]]


class Fault(NamedTuple):
    """Why one host in particular cannot use an objective, or what it returns."""

    severity: Literal["error", "warning"]
    code: str
    text: str
    advice: str = "Return contiguous NumPy arrays of float32 or float64."


@dataclass(frozen=True)
class Subject(ABC):
    """An objective and the way in which a host calls it."""

    objective: Any

    host: ClassVar[str]
    precisions: ClassVar[tuple[Precision, ...]]  # of the predictions; the widest is the last
    shares_buffers: ClassVar[bool]  # whether predictions and labels are the host's own memory
    deep_copied: ClassVar[bool] = False  # whether the host deep-copies it
    weighting: ClassVar[str]  # how to honour weights
    called: ClassVar[str] = "callable"  # what the host calls

    @classmethod
    def takes(cls, objective: Any) -> bool:
        """Whether it is what the host calls, before it is called."""
        return callable(objective)

    @abstractmethod
    def data(self, y: Array, w: Array | None) -> Any:
        """Return labels and weights as the host holds them."""

    @abstractmethod
    def held(self, data: Any) -> list[Array]:
        """Return the labels and weights that the data holds now."""

    @abstractmethod
    def call(self, predictions: Array, data: Any) -> Any:
        """Call the objective as the host does."""

    @abstractmethod
    def fault_of(self, values: Any, precision: np.dtype[Any]) -> Fault | None:
        """Return why the host cannot read a gradient or hessian, if it cannot."""

    def fault_of_call(self, predictions: Array, data: Any) -> Fault | None:  # noqa: ARG002
        """Return what goes wrong because of the way in which this host calls, if anything."""
        return None


class DataSubject(Subject):
    """One that gets predictions and the host's own data, which knows labels and weights."""

    def held(self, data: Any) -> list[Array]:
        """Return what the data's getters return."""
        return [array for array in (data.get_label(), data.get_weight()) if array is not None]

    def call(self, predictions: Array, data: Any) -> Any:
        """Call it with both."""
        return self.objective(predictions, data)


class ArraySubject(Subject):
    """One that gets labels and weights as float32 arrays."""

    weighting = (
        "Take a third parameter, sample_weight=None, and multiply both by it unless it is None."
    )

    def data(self, y: Array, w: Array | None) -> Any:
        """Return both arrays."""
        return y.astype(np.float32), None if w is None else w.astype(np.float32)

    def held(self, data: Any) -> list[Array]:
        """Return those arrays that there are."""
        return [array for array in data if array is not None]
