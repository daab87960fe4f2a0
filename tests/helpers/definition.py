"""A loss as SymPy reads it: from that its derivatives and its page in docs/derivations follow."""

import dataclasses
import functools
import math
from collections.abc import Callable, Mapping
from typing import Any

import mpmath as mp

import gradpair as gp

DIGITS = 60  # of the numbers that are put into derivatives
INFINITY = math.inf


@dataclasses.dataclass(frozen=True, eq=False)
class Definition:
    """What a label of 1 and one of 0 cost at a margin, in SymPy, and where the parameters lie.

    ``costs(sp, sigmoid, z, **parameters)`` returns both as expressions. ``sp`` is SymPy itself,
    which nothing imports before it is needed. ``sigmoid(z)`` is p and ``sigmoid(-z)`` is 1 - p,
    which is never written; where a cost has pieces it is a ``sp.Piecewise`` on p. ``ranges`` names
    the parameters as the loss does, those of a wrapper beside those of the loss inside, each with
    its bounds. A piecewise cost has pieces that exclude each other, and is 0 elsewhere.
    """

    costs: Callable[..., tuple[Any, Any]]
    ranges: Mapping[str, tuple[float, float]] = dataclasses.field(default_factory=dict)

    def symbols(self, sp: Any) -> dict[str, Any]:
        """The parameters as symbols."""
        return {
            name: sp.Symbol(name, **({"positive": True} if low >= 0 else {"real": True}))
            for name, (low, _) in self.ranges.items()
        }

    @functools.cached_property
    def derivatives(self) -> tuple[list[Callable[..., list[mp.mpf]]], ...]:
        """For a label of 1 and of 0: cost, gradient and hessian, each as the terms of its sum.

        They are functions of the margin and of the parameters in the order of ``ranges``.
        """
        import sympy as sp  # noqa: PLC0415 - slow to import, and few tests need it

        z, symbols = sp.Symbol("z", real=True), self.symbols(sp)

        def function(expression):
            expanded = sp.expand(expression)
            terms = list(sp.Add.make_args(expanded))
            if isinstance(expanded, sp.Piecewise):  # its terms are those of its pieces
                terms = [
                    sp.Piecewise((term, where), (0, True))
                    for piece, where in expanded.args
                    for term in sp.Add.make_args(sp.expand(piece))
                ]
            return sp.lambdify([z, *symbols.values()], terms, "mpmath", cse=True)

        costs = self.costs(sp, lambda margin: 1 / (1 + sp.exp(-margin)), z, **symbols)
        return tuple(
            [function(sp.diff(sp.sympify(cost), z, order)) for order in range(3)] for cost in costs
        )

    def terms(self, loss: gp.Loss, y: float, z: float) -> list[list[mp.mpf]]:
        """Terms of cost, gradient and hessian at one row, as SymPy derives them."""
        numbers = parameters(loss)
        with mp.workdps(DIGITS):
            arguments = [mp.mpf(z), *(mp.mpf(numbers[name]) for name in self.ranges)]
            weights = mp.mpf(y), 1 - mp.mpf(y)
            sides = [side for side in zip(weights, self.derivatives, strict=True) if side[0]]
            return [
                [weight * term for weight, side in sides for term in side[order](*arguments)]
                for order in range(3)
            ]


def parameters(loss: gp.Loss) -> dict[str, float]:
    """The parameters of a loss and of those that it wraps."""
    found: dict[str, float] = {}
    for field in dataclasses.fields(loss):
        value = getattr(loss, field.name)
        found |= parameters(value) if isinstance(value, gp.Loss) else {field.name: value}
    return found
