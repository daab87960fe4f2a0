"""An objective as its host calls it: what the auditor needs to know of a host."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from gradpair._validation import Array

Precision = type[np.floating[Any]]


class Fault(NamedTuple):
    """Why a host cannot read an array."""

    severity: Literal["error", "warning"]
    code: str
    text: str


@dataclass(frozen=True)
class Subject(ABC):
    """An objective and the way in which a host calls it."""

    objective: Any

    host: ClassVar[str]
    precisions: ClassVar[tuple[Precision, ...]]  # of the predictions; the widest is the last
    shares_buffers: ClassVar[bool]  # whether predictions and labels are the host's own memory
    deep_copied: ClassVar[bool] = False  # whether the host deep-copies it
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

    @abstractmethod
    def fault_of(self, values: Any, precision: np.dtype[Any]) -> Fault | None:
        """Return why the host cannot read a gradient or hessian, if it cannot."""
