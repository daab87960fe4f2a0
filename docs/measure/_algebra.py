"""Losses as sums of products of p, q and their logarithms, which derivatives leave as they are."""

import dataclasses
from typing import Any

import sympy as sp

Z = sp.Symbol("z", real=True)


@dataclasses.dataclass
class Algebra:
    """What losses are made of, as symbols with known derivatives.

    p = sigmoid(z) and q = sigmoid(-z) have the derivatives p q and -p q; ``margins`` has such a
    pair for every shift of z that occurs. ``sums`` has a name for what is raised to a power and for
    sums of parameters, so that factoring does not take them apart.
    """

    margins: dict[Any, tuple[Any, Any]] = dataclasses.field(default_factory=dict)
    sums: dict[Any, Any] = dataclasses.field(default_factory=dict)

    def sigmoid(self, margin):
        """Return p at a margin, q where its sign is turned."""
        margin = sp.expand(margin)
        sign = margin.coeff(Z)
        shift = sp.expand(sign * margin - Z)
        if shift not in self.margins:
            # The cost of a 1 comes first.
            suffix = "10"[len(self.margins)] if shift else ""
            self.margins[shift] = sp.symbols(f"p{suffix} q{suffix}", positive=True)
        return self.margins[shift][0 if sign > 0 else 1]

    @property
    def varying(self):
        """The symbols that depend on the margin."""
        return {symbol for pair in self.margins.values() for symbol in pair}

    def named(self, expression):
        """Put names in the place of sums."""
        for inner in sorted(self._inner_sums(expression), key=sp.default_sort_key):
            known = {meaning: name for name, meaning in self.sums.items()}
            if inner not in known:
                letters = "uvw" if inner.free_symbols & self.varying else "abc"
                letter = next(x for x in letters if x not in map(str, self.sums))
                known[inner] = sp.Symbol(letter, positive=True)
                self.sums[known[inner]] = inner
            expression = expression.subs(inner, known[inner])
        return expression

    def _inner_sums(self, expression):
        """Sums in powers and logarithms, and those of parameters in products."""
        found = set()
        for node in sp.preorder_traversal(expression):
            if isinstance(node, sp.Pow | sp.log):
                found.add(node.args[0])
            elif node.is_Mul:
                found |= {part for part in node.args if not part.free_symbols & self.varying}
        return {part for part in found if part.is_Add}

    def derivative(self, expression):
        """Differentiate with respect to z."""
        return sum(
            (
                p * q * (self._partial(expression, p) - self._partial(expression, q))
                for p, q in self.margins.values()
            ),
            sp.S.Zero,
        )

    def _partial(self, expression, symbol):
        inner = (sp.diff(expression, x) * sp.diff(sums, symbol) for x, sums in self.sums.items())
        return sp.diff(expression, symbol) + sum(inner, sp.S.Zero)

    def in_p(self, expression):
        """Write an expression in p and the parameters alone."""
        return expression.subs(self.sums).subs({q: 1 - p for p, q in self.margins.values()})

    def in_z(self, expression):
        """Write an expression in z and the parameters alone."""
        values = {}
        for shift, (p, q) in self.margins.items():
            values[p], values[q] = 1 / (1 + sp.exp(-Z - shift)), 1 / (1 + sp.exp(Z + shift))
        return expression.subs(self.sums).subs(values)

    def tidy(self, expression):
        """Factor; where that fails, each of the parts that belong to one sum of parameters."""
        whole = factored(expression)
        if not whole.is_Add:
            return sp.Mul(*map(self._settled, sp.Mul.make_args(whole)))
        groups: dict[Any, Any] = {}
        for term in sp.expand(whole).args:
            key = tuple(term.has(name) for name in self.sums)
            groups[key] = groups.get(key, 0) + term
        return sp.Add(*map(factored, groups.values()))

    def _settled(self, factor):
        """Return the number that a sum of parameters comes to, if it does."""
        plain = sp.expand(factor.subs(self.sums)) if factor.is_Add else factor
        return plain if plain.is_number else factor

    def gathered(self, expression):
        """Put what is multiplied by the same logarithm together, in every sum of an expression."""
        products = (
            sp.Mul(*map(self._gathered_sum, sp.Mul.make_args(product)))
            for product in sp.Add.make_args(expression)
        )
        return sp.Add(*products)

    def _gathered_sum(self, factor):
        if not factor.is_Add or not factor.has(sp.log):
            return factor
        parts = sp.collect(factor, sorted(factor.atoms(sp.log), key=str), evaluate=False)
        return sp.Add(*(name * sp.factor(coefficient) for name, coefficient in parts.items()))


def factored(expression):
    """Factor over one denominator, with the powers of a symbol together."""
    split = sp.expand_power_exp(sp.expand(expression))
    powers = {
        power: sp.Dummy(positive=True)
        for power in split.atoms(sp.Pow)
        if not power.exp.is_number and not power.exp.is_Add
    }
    whole = sp.factor(sp.together(split.subs(powers)))
    return sp.powsimp(whole.subs({dummy: power for power, dummy in powers.items()}))
