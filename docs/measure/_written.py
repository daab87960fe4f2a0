"""Formulas as plain text, in an order of their own, whatever version of SymPy has found them."""

import sympy as sp


class Writer:
    """Writes expressions.

    Symbols stand in the order in which they are given. ``texts`` says how one is written that is
    not by its name, ``logarithms`` how the negative logarithm of a symbol is, as that of p is s(z).
    """

    def __init__(self, order=(), *, texts=None, logarithms=None):
        self.texts = {str(symbol): text for symbol, text in (texts or {}).items()}
        self.logarithms = {
            sp.log(symbol): -sp.Symbol(text, positive=True)
            for symbol, text in (logarithms or {}).items()
        }
        self.order = [*map(str, order), *(str(-symbol) for symbol in self.logarithms.values())]

    def __call__(self, expression):
        """Write an expression."""
        expression = sp.sympify(expression).subs(self.logarithms)
        # What is added comes before what is subtracted, long terms before short ones.
        terms = sorted(map(self._signed, sp.Add.make_args(expression)), key=lambda term: term[:2])
        text = " ".join(("- " if negative else "+ ") + term for negative, _, term in terms)
        return text.removeprefix("+ ") if text[0] == "+" else "-" + text.removeprefix("- ")

    def _signed(self, product):
        """Whether a product is negative, where it stands in a sum, and its text without sign."""
        number, rest = product.as_coeff_Mul()
        negative, above, below, either = bool(number < 0), [], [], []
        for factor in sp.Mul.make_args(rest):
            base, exponent = factor.as_base_exp()
            if base.is_Add and exponent.is_Integer:
                turned, even = self._turned(base)
                negative ^= turned and bool(exponent % 2)
                base = -base if turned else base
                either += [base] if even and exponent % 2 else []
            where = below if exponent.is_number and exponent < 0 else above
            if (base, exponent) != (1, 1):
                where.append((base, abs(exponent) if where is below else exponent))
        if negative and either:  # a minus less
            negative = False
            chosen = next((x for x, _ in above if x in either), either[0])
            above, below = (
                [(-x if x == chosen else x, power) for x, power in side] for side in (above, below)
            )
        degree = sum(exponent if exponent.is_number else 1 for _, exponent in above)
        above += [(part, sp.S.One)] if (part := abs(sp.numer(number))) != 1 else []
        below += [(part, sp.S.One)] if (part := sp.denom(number)) != 1 else []
        above, below = (sorted(map(self._factor, side)) for side in (above, below))
        text = " ".join(factor[-1] for factor in above) or "1"
        if below:
            under = " ".join(factor[-1] for factor in below)
            text += f" / ({under})" if len(below) > 1 else f" / {under}"
        return negative, (-degree, above), text

    def _factor(self, factor):
        """What sorts a factor, numbers first and sums last, and its text."""
        base, exponent = factor
        names = sorted(map(self._rank, base.free_symbols))
        if base.is_Add:
            kind, text = 2, f"({self(base)})"
        elif isinstance(base, sp.log):
            kind, text = 1, f"log({self(base.args[0])})"
        else:
            kind, text = int(bool(names)), self.texts.get(str(base), str(base))
        if exponent != 1:
            power = self(exponent)
            text += f"^({power})" if " " in power else f"^{power}"
        return kind, names, text

    def _turned(self, base):
        """Whether a sum reads better with its sign turned, and whether it hardly matters."""
        terms = sorted(map(self._signed, base.args), key=lambda term: term[1])
        minuses = sum(negative for negative, *_ in terms)
        even = 2 * minuses == len(terms)
        # The shortest is added, or the first of those that are as long.
        plus = terms[0] if terms[0][1][0] == terms[-1][1][0] else terms[-1]
        return (plus[0] if even else 2 * minuses > len(terms)), even

    def _rank(self, symbol):
        name = str(symbol)
        return (self.order.index(name), "") if name in self.order else (len(self.order), name)
