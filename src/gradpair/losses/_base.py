"""What a loss is: its derivatives, its links, and what it declares of itself."""

import math
import re
from abc import ABC, abstractmethod
from typing import Any, ClassVar, NoReturn, final

import numpy as np
from numpy.typing import ArrayLike

from gradpair import _validation
from gradpair._links import logit, sigmoid
from gradpair._validation import Array, Pair
from gradpair.losses._kernel import Kernel


class Loss(ABC):
    r"""What a loss for a binary target must define.

    Subclass it to use a loss of your own wherever gradpair's losses go. Two methods are required:

    ``_loss(y_true, raw_prediction)``
        The loss of each row.
    ``_gradient_hessian(y_true, raw_prediction)``
        Its first and second derivative with respect to ``raw_prediction``.

    Both get checked arrays of one dtype, float32 or float64, and of one shape, or one of them a
    scalar; both return arrays of that shape and dtype, without sample weights, which the public
    methods apply. They must not write to their arguments. The derivatives must be linear in
    ``y_true``, so that a soft label is a mixture of the two classes; the first one is negative for
    a label of 1 and positive for a label of 0, but where ``calibration_range`` says that it is not.

    More may be defined where they apply:

    ``convex``
        Attribute or property, True unless defined: whether the second derivative is nowhere
        negative. A loss that says False also defines ``_gradient_positive_hessian``, which returns
        the second derivative without its negative terms in place of the exact one.
    ``calibration_shift``
        Property, None unless defined: what must be added to ``raw_prediction`` to make it
        calibrated log-odds, if that is a constant. The calibrated links then take a closed form.
    ``_log_gradients(raw_prediction)``
        The logarithms of ``-g(1, z)`` and of ``g(0, z)``, where they can be had beyond the range in
        which the derivatives themselves underflow; -inf where they have the other sign.
    ``_log_odds(raw_prediction)``
        The second of these logarithms minus the first, where that has a closed form.
    ``calibration_range``
        Attribute or property, all numbers unless defined: the lowest and the highest margin that
        minimises the expected loss at a probability, 0 and 1 included; None if these margins do
        not rise with the probability, as where there are several minima. What needs more is
        refused.
    ``_calibrated_margin(probability)``
        The margin that minimises the expected loss, where it has a closed form; nan if none does.
    ``_reach``
        Attribute or property, 40 unless defined: how far from 0 a margin of either sign is as good
        as decided. :func:`~gradpair.optimal_constant` looks for the minima of a loss that is not
        convex no further out.
    ``_called``
        Attribute, None unless defined, not inherited: a word for the loss, for command lines and
        tables, and how many of its numbers stand behind it at least.
    ``self_concordant``
        Attribute or property, False unless defined: whether the third derivative is nowhere larger
        than the second, in absolute value (Bach, Self-concordant analysis for logistic
        regression, 2010). :func:`~gradpair.optimal_constant` then
        knows the error of Newton's steps, and takes fewer.
    ``scale_pos_weight``
        Attribute or property, None unless defined: the factor of positives with which the hosts'
        built-in objectives are this loss, if there is one.
    ``_kernel``
        Attribute or property, None unless defined: a :class:`~gradpair.losses.Kernel`, which says
        what computes the derivatives faster.

    The last three are not inherited by a subclass that defines derivatives of its own.

    Make the subclass a frozen dataclass of plain numbers, at the top level of a module: it is then
    comparable, hashable and picklable. Metrics have the ``name`` of its class.

    Examples
    --------
    The Brier score of the predicted probability; with p = sigmoid(z) and q = sigmoid(-z) its
    derivatives are 2 (p - y) p q and 2 p q (p q + (p - y) (q - p)).

    >>> import dataclasses
    >>> import gradpair as gp
    >>> @dataclasses.dataclass(frozen=True)
    ... class Brier(gp.Loss):
    ...     convex = False
    ...
    ...     def _loss(self, y_true, raw_prediction):
    ...         return (gp.sigmoid(raw_prediction) - y_true) ** 2
    ...
    ...     def _gradient_hessian(self, y_true, raw_prediction):
    ...         p, q = gp.sigmoid(raw_prediction), gp.sigmoid(-raw_prediction)
    ...         residual = (1 - y_true) * p - y_true * q
    ...         return 2 * residual * p * q, 2 * p * q * (p * q + residual * (q - p))
    ...
    ...     def _gradient_positive_hessian(self, y_true, raw_prediction):
    ...         p, q = gp.sigmoid(raw_prediction), gp.sigmoid(-raw_prediction)
    ...         residual = (1 - y_true) * p - y_true * q
    ...         return 2 * residual * p * q, 2 * (p * q) ** 2
    >>> Brier().gradient([1, 0], [0.3, 0.3], sample_weight=[1.0, 2.0])
    array([-0.20806213,  0.56170899])
    >>> Brier().calibrated_raw_prediction([0.2])
    array([-1.38629436])
    """

    __module__ = "gradpair.losses"  # where pickles look for it
    _called: ClassVar[tuple[str, int] | None] = None

    @abstractmethod
    def _loss(self, y_true: Array, raw_prediction: Array) -> Array:
        """Return the loss of each row."""

    @abstractmethod
    def _gradient_hessian(self, y_true: Array, raw_prediction: Array) -> Pair:
        """Return the first and second derivative of each row."""

    def _gradient_positive_hessian(self, y_true: Array, raw_prediction: Array) -> Pair:
        """Return the first derivative, and the second without its negative terms."""
        if self.convex:
            return self._gradient_hessian(y_true, raw_prediction)
        msg = f"{type(self).__name__} is declared non-convex but does not define "
        msg += "_gradient_positive_hessian; define it, or pass hessian='exact'."
        raise NotImplementedError(msg)

    @property
    def convex(self) -> bool:
        """Whether the second derivative is nowhere negative."""
        return True

    @property
    def calibration_shift(self) -> float | None:
        """What makes ``raw_prediction`` calibrated log-odds when added, or None."""
        return None

    @property
    def calibration_range(self) -> tuple[float, float] | None:
        """The margins that minimise the expected loss at the probabilities 0 and 1."""
        return -math.inf, math.inf

    @property
    def _reach(self) -> float:
        """How far from 0 a margin of either sign is as good as decided."""
        return 40.0

    @property
    def self_concordant(self) -> bool:
        """Whether the third derivative is nowhere larger than the second, in absolute value."""
        return False

    @property
    def scale_pos_weight(self) -> float | None:
        """The factor of positives with which the hosts' built-in objectives are this loss."""
        return None

    @property
    def _kernel(self) -> Kernel | None:
        """Kernels of the derivatives, if there are any."""
        return None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Forget what was declared of inherited derivatives where a subclass has its own."""
        super().__init_subclass__(**kwargs)
        own = vars(cls)
        if "_gradient_hessian" in own or "_gradient_positive_hessian" in own:
            unknown = {"_kernel": None, "self_concordant": False, "scale_pos_weight": None}
            for name in unknown.keys() - own:
                setattr(cls, name, unknown[name])

    def _log_gradients(self, raw_prediction: Array) -> Pair:
        """Return the logarithms of -g(1, z) and of g(0, z)."""
        one, zero = raw_prediction.dtype.type(1), raw_prediction.dtype.type(0)
        positive, negative = (self._gradient_hessian(y, raw_prediction)[0] for y in (one, zero))
        return np.log(-positive), np.log(negative)

    def _log_pulls(self, y_true: Array, raw_prediction: Array) -> Pair:
        """Return the logarithms of what pulls each row up and of what pulls it down."""
        log_up, log_down = self._log_gradients(raw_prediction)
        return np.log(y_true) + log_up, np.log1p(-y_true) + log_down

    def _calibrated_margin(self, probability: Array) -> Array:
        """Return the margin that minimises the expected loss at each probability."""
        log_odds = logit(probability)
        if self.calibration_shift is not None:
            shifted: Array = log_odds - probability.dtype.type(self.calibration_shift)
            return shifted
        return _invert_log_odds(self, log_odds)

    def _log_odds(self, raw_prediction: Array) -> Array:
        """Return log g(0, z) - log(-g(1, z))."""
        log_positive, log_negative = self._log_gradients(raw_prediction)
        return log_negative - log_positive

    @final
    def _calibrated_log_odds(self, raw_prediction: Array) -> Array:
        """Return the log-odds of :meth:`calibrated_probability`, -inf and inf out of its range."""
        if self.calibration_shift is not None:
            shifted: Array = raw_prediction + raw_prediction.dtype.type(self.calibration_shift)
            return shifted
        with np.errstate(all="ignore"):
            return self._log_odds(raw_prediction)

    @property
    def name(self) -> str:
        """The kind of loss, whatever its parameters: what metrics are named after.

        The class in lower case, as ``weighted_cross_entropy``. A subclass may define another, of
        letters, digits, ``_``, ``-`` and ``.`` alone, which every experiment tracker takes.

        Examples
        --------
        >>> import gradpair as gp
        >>> gp.WeightedCrossEntropy(alpha=3.0).name
        'weighted_cross_entropy'
        """
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(self).__name__).lower()

    def __call__(self, first: Any, second: Any, sample_weight: Any = None) -> NoReturn:  # noqa: ARG002
        """Say what to pass to a host that calls the loss itself, as objective or as metric.

        Raises
        ------
        TypeError
            Always. The parameters are those by which the hosts tell how to call a function.
        """
        host = type(second).__module__.partition(".")[0] if hasattr(second, "get_label") else None
        module = f"gradpair.{host or '<host>'}"
        msg = (
            f"{self!r} is a loss, not a host's objective or metric: pass {module}.objective(loss) "
            f"and {module}.metric(loss), or train with {module}.train(..., loss=loss) or "
            f"gradpair.sklearn.BoostingClassifier, which also start and predict right."
        )
        raise TypeError(msg)

    @final
    def loss(
        self, y_true: ArrayLike, raw_prediction: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Array:
        """Loss of each row, multiplied by its weight.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            Labels in [0, 1].
        raw_prediction : array-like of shape (n_samples,)
            Log-odds.
        sample_weight : array-like of shape (n_samples,) or None
            Weights of at least 0. A row of weight 0 has loss 0, however wrong it is.

        Returns
        -------
        array of shape (n_samples,), float32 for float32 margins and float64 otherwise

        Raises
        ------
        ValueError
            Labels outside [0, 1], negative weights, shapes that differ.
        TypeError
            Arrays that are not numeric.

        Examples
        --------
        >>> import gradpair as gp
        >>> gp.WeightedCrossEntropy(alpha=3.0).loss([1, 0], [2.0, 2.0])
        array([0.38078403, 2.12692801])
        """
        y, z, w = _validation.rows(y_true, raw_prediction, sample_weight)
        with np.errstate(all="ignore"):
            values = self._loss(y, z)
            if w is None:
                return values
            return np.where((w == 0) & np.isposinf(values), 0, w * values)[()]

    @final
    def gradient(
        self, y_true: ArrayLike, raw_prediction: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Array:
        """First derivative of each row's loss, multiplied by its weight.

        Parameters and errors are those of :meth:`loss`.

        Examples
        --------
        >>> import gradpair as gp
        >>> gp.WeightedCrossEntropy(alpha=3.0).gradient([1, 0], [0.0, 0.0])
        array([-1.5,  0.5])
        """
        return self.gradient_hessian(y_true, raw_prediction, sample_weight)[0]

    @final
    def hessian(
        self, y_true: ArrayLike, raw_prediction: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Array:
        """Second derivative of each row's loss, multiplied by its weight.

        Parameters and errors are those of :meth:`loss`.

        Examples
        --------
        >>> import gradpair as gp
        >>> gp.WeightedCrossEntropy(alpha=3.0).hessian([1, 0], [0.0, 0.0])
        array([0.75, 0.25])
        """
        return self.gradient_hessian(y_true, raw_prediction, sample_weight)[1]

    @final
    def gradient_hessian(
        self, y_true: ArrayLike, raw_prediction: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Pair:
        """First and second derivative of each row's loss, multiplied by its weight.

        Parameters and errors are those of :meth:`loss`.

        Examples
        --------
        >>> import gradpair as gp
        >>> gp.WeightedCrossEntropy(alpha=3.0).gradient_hessian([1, 0], [0.0, 0.0], [1.0, 2.0])
        (array([-1.5,  1. ]), array([0.75, 0.5 ]))
        """
        y, z, w = _validation.rows(y_true, raw_prediction, sample_weight)
        with np.errstate(all="ignore"):
            gradient, hessian = self._gradient_hessian(y, z)
            return (gradient, hessian) if w is None else (w * gradient, w * hessian)

    @final
    def inverse_link(self, raw_prediction: ArrayLike) -> Array:
        """Return the score that the host reports for a margin: its sigmoid.

        It ranks rows as the margin does, and is a probability as far as the loss is calibrated:
        for one that weights the classes see :meth:`calibrated_probability`.

        Examples
        --------
        >>> import gradpair as gp
        >>> gp.WeightedCrossEntropy(alpha=3.0).inverse_link([0.0])
        array([0.5])
        """
        return sigmoid(raw_prediction)

    @final
    def calibrated_probability(self, raw_prediction: ArrayLike) -> Array:
        r"""Probability of a 1 for which a margin is the population minimiser of this loss.

        Where the expected loss :math:`\eta\,L(1, z) + (1 - \eta)\,L(0, z)` is least its derivative
        is zero, so :math:`\eta = g(0, z) / (g(0, z) - g(1, z))`. Where ``calibration_shift`` is a
        constant this is ``sigmoid(raw_prediction + calibration_shift)``.

        The correction is exact at the population optimum only. Boosting stopped early has moved
        margins by less than the weights ask for, and on separable data it over-corrects: check
        calibration on rows that were held out.

        Parameters
        ----------
        raw_prediction : array-like of any shape
            Log-odds.

        Returns
        -------
        array of the same shape, float32 for float32 and float64 otherwise
            Probabilities in [0, 1].

        Raises
        ------
        ValueError
            A margin that minimises the expected loss at no probability, of a loss that has such
            margins; a loss that has several minima at one probability.

        References
        ----------
        Elkan, The Foundations of Cost-Sensitive Learning (2001), theorem 2; Charoenphakdee et al.,
        On Focal Loss for Class-Posterior Probability Estimation (2021).

        Examples
        --------
        >>> import gradpair as gp
        >>> gp.WeightedCrossEntropy(alpha=3.0).calibrated_probability([0.0])
        array([0.25])
        """
        z = _validation.floats("raw_prediction", raw_prediction)
        lowest, highest = _margins_of_probabilities(self)
        slack = 16 * np.finfo(z.dtype).eps  # a margin of probability 1 may have been rounded up
        if np.any((z < lowest - slack * abs(lowest)) | (z > highest + slack * abs(highest))):
            got = f"values from {np.nanmin(z):.6g} to {np.nanmax(z):.6g}"
            msg = (
                f"raw_prediction must lie in [{lowest:.6g}, {highest:.6g}], where {self!r} has its "
                f"minimum at some probability; got {got}. Calibrate on held-out rows instead: "
                f"recalibrate."
            )
            raise ValueError(msg)
        return sigmoid(self._calibrated_log_odds(z))

    @final
    def calibrated_raw_prediction(self, probability: ArrayLike) -> Array:
        """Margin that minimises the expected loss at a probability of a 1.

        The inverse of :meth:`calibrated_probability`.

        Parameters
        ----------
        probability : array-like of any shape
            Probabilities in [0, 1].

        Returns
        -------
        array of the same shape, float32 for float32 and float64 otherwise
            Log-odds; -inf at 0 and inf at 1, or the lowest and the highest margin of the loss.

        Raises
        ------
        ValueError
            A probability outside [0, 1], or one at which the expected loss has no minimum; a loss
            that has several minima at one probability.

        Examples
        --------
        >>> import gradpair as gp
        >>> gp.WeightedCrossEntropy(alpha=3.0).calibrated_raw_prediction([0.5])
        array([1.09861229])
        """
        p = _validation.floats("probability", probability)
        if np.any((p < 0) | (p > 1)):
            got = f"values from {np.nanmin(p)} to {np.nanmax(p)}"
            msg = f"probability must lie in [0, 1]; got {got}."
            raise ValueError(msg)
        _margins_of_probabilities(self)
        with np.errstate(all="ignore"):
            margins = self._calibrated_margin(p)
        if np.any(missing := np.isnan(margins) & ~np.isnan(p)):
            msg = (
                f"{self!r} has no margin for a probability of {p[missing].flat[0]:.6g}: there the "
                f"expected loss has no minimum."
            )
            raise ValueError(msg)
        return margins


def _margins_of_probabilities(loss: Loss) -> tuple[float, float]:
    """Return the range of calibrated margins; refuse a loss that has none."""
    if loss.calibration_range is None:
        msg = (
            f"{loss!r} has no margin that rises with the probability at which the expected loss "
            f"has its minimum, so that no formula calibrates it. Calibrate on held-out rows "
            f"instead: recalibrate."
        )
        raise ValueError(msg)
    return loss.calibration_range


def _invert_log_odds(loss: Loss, log_odds: Array) -> Array:
    """Solve log(g(0, z) / -g(1, z)) = log_odds for z, which rises with it; nan where none does."""
    from scipy.optimize import elementwise  # noqa: PLC0415 - slow to import

    def excess(z: Array, target: Array) -> Array:
        # Out of a loss's range its log-odds are infinite, which find_root does not take.
        finite: Array = np.clip(loss._log_odds(z) - target, -1e300, 1e300)
        return finite

    target = log_odds.astype(np.float64)
    lowest, highest = _margins_of_probabilities(loss)
    known = ~np.isfinite(target)
    inside = np.where(known, 0, target)
    first = np.clip(inside, lowest, highest)
    with np.errstate(all="ignore"):
        bracket = elementwise.bracket_root(excess, first - 1, first + 1, args=(inside,))
        found = elementwise.find_root(excess, bracket.bracket, args=(inside,))
    ends = np.where(target > 0, highest, np.where(target < 0, lowest, target))  # nan stays
    return np.where(known, ends, found.x).astype(log_odds.dtype)[()]
