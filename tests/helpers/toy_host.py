"""A host of somebody else's: it calls ``objective(labels, margins, weights)`` with lists."""

from typing import final

import numpy as np

from gradpair._hosts.record import Host
from gradpair._hosts.subject import Fault, Subject


@final
class ToySubject(Subject):
    host = "Toy"
    precisions = (np.float64,)
    shares_buffers = False
    weighting = "Multiply both by the weights, unless they are None."

    def data(self, y, w):
        return y.tolist(), None if w is None else w.tolist()

    def held(self, data):
        return [np.array(part) for part in data if part is not None]

    def call(self, predictions, data):
        labels, weights = data
        return self.objective(labels, predictions.tolist(), weights)

    def fault_of(self, values, precision):
        if isinstance(values, list):
            return None
        return Fault("error", "output-type", f"a {type(values).__name__}, no list", "Return lists.")


HOST = Host(
    name="toy_host",
    title="Toy",
    subject=ToySubject,
    estimator_subject=None,
    estimator="helpers.toy_host",
    structures=list,
)
