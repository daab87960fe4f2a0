"""What follows from the definition of a loss: derivatives, their signs, and the calibrated link."""

import functools
import math

import mpmath as mp
import sympy as sp
from _algebra import Algebra, Z, factored
from _written import Writer

P, N, ETA = sp.symbols("P N eta", positive=True)
X, ODDS = sp.symbols("x t", positive=True)  # exp(z) and eta / (1 - eta)
TAKEN = {"p", "q", "s", "u", "v", "r", "a", "b", "x", "t"}  # letters that the pages need themselves
MARGINS = (-7.3, -0.4, 2.1, 11.9)


class Facts:
    """The facts of one definition. Pairs are of a label of 1 and of one of 0, in this order."""

    def __init__(self, definition):
        self.definition, self.algebra = definition, Algebra()
        self.parameters = definition.symbols(sp)
        self.renamed = [name for name in self.parameters if name in TAKEN]
        for name in self.renamed:
            self.parameters[name] = sp.Symbol("k", **self.parameters[name].assumptions0)
        costs = definition.costs(sp, self.algebra.sigmoid, Z, **self.parameters)
        # A cost of two pieces is 0 in the second.
        pieces = [c.args[0] if isinstance(c, sp.Piecewise) else (c, sp.true) for c in costs]
        self.conditions = [condition for _, condition in pieces]
        self.costs = [self.algebra.named(cost) for cost, _ in pieces]
        derivative, tidy = self.algebra.derivative, self.algebra.tidy
        self.gradients = [tidy(derivative(cost)) for cost in self.costs]
        self.hessians = [tidy(derivative(gradient)) for gradient in self.gradients]

    @functools.cached_property
    def p(self):
        """The one sigmoid that occurs, None if there are several."""
        pairs = list(self.algebra.margins.values())
        return pairs[0][0] if len(pairs) == 1 else None

    @functools.cached_property
    def write(self):
        """The writer of these expressions."""
        plain, logarithms, texts, varying = Writer([Z]), {}, {}, []
        for shift, (p, q) in self.algebra.margins.items():
            varying += [p, q]
            logarithms |= {p: f"s({plain(Z + shift)})", q: f"s({plain(-Z - shift)})"}
        for name, meaning in self.algebra.sums.items():
            if meaning.free_symbols & self.algebra.varying:
                varying.append(name)
                logarithms[name] = "r"
            else:
                texts[name] = f"({plain(meaning)})"
        order = [P, N, "logit(eta)", ETA, *texts, *self.parameters.values(), *varying, Z, ODDS, X]
        return Writer(order, texts=texts, logarithms=logarithms)

    def notation(self):
        """What letters stand for beside those of every page."""
        plain, lines = Writer([Z]), [f"the parameter `{name}` written k" for name in self.renamed]
        for shift, (p, q) in self.algebra.margins.items():
            if shift:
                at, turned = plain(Z + shift), plain(-Z - shift)
                lines.append(f"`{p} = sigmoid({at})` and `{q} = sigmoid({turned})`")
        for name, meaning in self.algebra.sums.items():
            if meaning.free_symbols & self.algebra.varying:
                lines.append(f"`{name} = {self.write(meaning)}`")
                if any(cost.has(sp.log(name)) for cost in self.costs):
                    lines.append(f"`r = -log({name})`")
        return ", ".join(lines)

    def check(self, numbers):
        """Hold the derivatives to those of the definition in z, at parameters and some margins."""
        names, in_z = list(self.parameters.values()), self.algebra.in_z
        found = zip(self.costs, self.gradients, self.hessians, strict=True)
        for chain, condition, side in zip(
            found, self.conditions, self.definition.derivatives, strict=True
        ):
            holds = sp.lambdify([Z, *names], in_z(condition), "mpmath")
            for expression, terms_of in zip(chain, side, strict=True):
                value_of = sp.lambdify([Z, *names], in_z(expression), "mpmath", cse=True)
                for z in MARGINS:
                    with mp.workdps(50):
                        at = [mp.mpf(z), *(mp.mpf(numbers[x]) for x in self.definition.ranges)]
                        terms = terms_of(*at)
                        error = abs(value_of(*at) - mp.fsum(terms)) if holds(*at) else 0
                        if error > mp.mpf("1e-30") * max(map(abs, terms)):
                            msg = f"{expression} does not follow from the definition, at {at}."
                            raise ArithmeticError(msg)

    def nowhere_negative(self, expression):
        """Whether an expression is a sum of products that are not negative, seen as it stands."""
        known = {
            sp.log(x): -sp.Dummy(positive=True) for x in (*self.algebra.varying, *self.algebra.sums)
        }
        of_parameters = {
            name: meaning
            for name, meaning in self.algebra.sums.items()
            if not meaning.free_symbols & self.algebra.varying
        }
        bounded = {}
        for name, symbol in self.parameters.items():
            low, high = self.definition.ranges[name]
            t = sp.Dummy(positive=True)
            if not math.isinf(low):
                length = 1 if math.isinf(high) else sp.nsimplify(high - low) / (1 + t)
                bounded[symbol] = sp.nsimplify(low) + length * t
                if high == 1:
                    known[sp.log(symbol)] = -sp.Dummy(positive=True)
        inside = sp.sympify(expression).subs(known).subs(of_parameters).subs(bounded)
        return all(sp.expand(part).is_nonnegative for part in sp.fraction(sp.together(inside)))

    def undecided(self, hessian):
        """The factors whose sign decides that of a hessian; 1 if it is nowhere negative."""
        if self.nowhere_negative(hessian):
            return sp.S.One
        return sp.Mul(*(x for x in sp.Mul.make_args(hessian) if not self.nowhere_negative(x)))

    def limits(self, factor):
        """The sigmoid in a factor, and what the factor comes to as that does to 0 and to 1."""
        for p, q in self.algebra.margins.values():
            inside = self.algebra.in_p(factor)
            if inside.has(p) and not (inside.free_symbols & self.algebra.varying) - {p, q}:
                return p, [sp.limit(inside, p, 0, "+"), sp.limit(inside, p, 1, "-")]
        return None, []

    def line(self, expression):
        """An expression as a polynomial of degree 1 in p; None if it is none."""
        if self.p is None:
            return None
        inside = sp.expand(self.algebra.in_p(expression))
        linear = inside.is_polynomial(self.p) and sp.degree(inside, self.p) == 1
        return inside if linear else None

    @functools.cached_property
    def log_odds(self):
        """The numbers a and b, if logit(eta) is a z + b."""
        if self.p is None or sp.true not in self.conditions[1:]:
            return None
        (p, q), *_ = self.algebra.margins.values()
        ratio = factored(self.gradients[1] / -self.gradients[0])
        found = sp.expand(sp.expand_log(sp.log(ratio), force=True))
        slope = sp.diff(found.subs(sp.log(p), ETA), ETA)
        rest = sp.expand(found - slope * (sp.log(p) - sp.log(q)))
        return None if (slope.free_symbols | rest.free_symbols) & {p, q} else (slope, rest)

    @functools.cached_property
    def probability(self):
        """The optimal eta in p, and the odds p / q in eta, where these can be solved for."""
        if self.p is None or any(condition != sp.true for condition in self.conditions):
            return None
        positive, negative = map(self.algebra.in_p, self.gradients)
        eta = sp.factor(sp.cancel(sp.together(negative / (negative - positive))))
        for part in sp.fraction(eta):
            if not part.is_polynomial(self.p) or sp.degree(part, self.p) > 1:
                return None
        p = sp.solve(sp.Eq(eta, ETA), self.p)[0]
        return eta, sp.factor(sp.together(p / (1 - p)))

    @functools.cached_property
    def quadratic(self):
        """The coefficients of x^2, x and 1 in an equation of the link with one positive root.

        The factors exp(shift) of x = exp(z) come with them, by the names that they have there.
        """
        if any(condition != sp.true for condition in self.conditions):
            return None
        values, factors = {}, {}
        for shift, (p, q) in self.algebra.margins.items():
            factor = sp.Symbol(f"e{str(p)[1:]}", positive=True) if shift else sp.S.One
            factors |= {factor: sp.exp(shift)} if shift else {}
            values |= {p: factor * X / (1 + factor * X), q: 1 / (1 + factor * X)}
        zero, one = (g.subs(self.algebra.sums).subs(values) for g in reversed(self.gradients))
        equation = sp.numer(sp.cancel(sp.together(zero + ODDS * one)))
        if not equation.is_polynomial(X) or sp.degree(equation, X) != 2:
            return None
        found = [sp.factor(part) for part in sp.Poly(equation, X).all_coeffs()]
        if self.nowhere_negative(-found[0]):
            found = [sp.factor(-part) for part in found]
        rising = self.nowhere_negative(found[0]) and self.nowhere_negative(-found[2])
        return (found, factors) if rising else None
