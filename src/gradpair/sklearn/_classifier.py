"""scikit-learn: a classifier around a host's own classifier that trains with a loss."""

import copy
from collections.abc import Sequence
from types import ModuleType
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from gradpair import _validation
from gradpair._hosts.calibration import Method, fitted_line
from gradpair._hosts.callables import Hessian
from gradpair._intercept import optimal_constant
from gradpair._links import sigmoid
from gradpair._validation import Array
from gradpair.losses import Loss

try:
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.metrics import accuracy_score
    from sklearn.utils import check_array
    from sklearn.utils.validation import check_is_fitted, validate_data
except ModuleNotFoundError as error:
    msg = "gradpair.sklearn needs scikit-learn: pip install 'gradpair[sklearn]'"
    raise ModuleNotFoundError(msg, name=error.name) from error

from gradpair._hosts.estimator import EncodedRows, TrainingPlan
from gradpair.sklearn import _arguments, _calibration, _evaluation, _hosts, _labels, _loss, _rows

__all__ = ["BoostingClassifier"]


class BoostingClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Binary classifier that trains XGBoost, LightGBM or CatBoost with a loss of gradpair.

    It wraps an estimator of the host and is used in its place, in pipelines, searches and
    calibrators. The model starts at the optimal constant, early stopping watches the weighted mean
    of the loss, and ``predict_proba`` gives probabilities. What comes out is a plain model of the
    host, which predicts the same where gradpair is not installed.

    Parameters
    ----------
    estimator : XGBClassifier, LGBMClassifier, CatBoostClassifier or None
        The host's estimator, with its parameters. It is never changed, and what it holds, such as
        callbacks, reaches training as the objects that they are. None is the one whose host is
        installed, XGBoost's if several are, with its defaults, but without a line on the console.
        ``class_weight`` of LGBMClassifier goes into the weights of the rows; ``base_score`` of
        XGBClassifier, a probability, replaces the optimal constant.
    loss : Loss, callable or None
        What to minimise; None is :class:`~gradpair.BinaryCrossEntropy`. A callable
        ``(y_true, sample_weight) -> Loss`` is called with the training rows, such as
        :meth:`WeightedCrossEntropy.balanced <gradpair.WeightedCrossEntropy.balanced>`; ``y_true``
        is then 0 for the first and 1 for the second class. The parameters of a loss can be set and
        searched as ``loss__alpha`` and ``loss__gamma``, those of a loss within one as
        ``loss__loss__gamma``.
    calibrated : bool
        Whether the predictions are ``loss.calibrated_probability``, probabilities of the classes
        as they are in the data, in place of the sigmoid of the margin that the loss has moved.
        Exact at the population optimum only. A model that stopped far from it, and one that fits
        its training rows better than others, over-corrects; where that shows on the training rows
        or on evaluation sets, :meth:`fit` warns. :meth:`recalibrate` on held-out rows is better.
    hessian : {"exact", "positive"} or None
        The second derivative to train with, as in :func:`gradpair.xgboost.objective`.

    Attributes
    ----------
    classes_ : array of shape (2,)
        The labels in order. The second is the positive class.
    loss_ : Loss
        The loss that was minimised.
    constant_ : float
        Log-odds at which training started, on top of the offsets.
    estimator_ : XGBClassifier, LGBMClassifier or CatBoostClassifier
        The host's estimator with the user's parameters and the trained model; its classes are 0
        and 1. How the training went is said here, not there.
    booster_ : xgboost.Booster, lightgbm.Booster or catboost.CatBoostClassifier
        The model, of the host's own objective for binary targets. After early stopping it has the
        rounds up to the best one.
    threshold_ : float
        Probability of the second class above which ``predict`` returns it, the decision that the
        loss implies: 0.5 for the sigmoid of its margin, which is where the calibrated probability
        is ``loss_.calibrated_probability(0)``, 1 / (1 + alpha) for weighted cross-entropy.
    feature_importances_ : array of shape (n_features,)
        As of the host's estimator.
    best_iteration_ : int or None
        Best iteration of early stopping as the host counts, from 0 in XGBoost and CatBoost, and
        from 1 in LightGBM.
    evals_result_ : dict
        Metrics of the evaluation sets in every round.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : array of shape (n_features,)
        Names of the features, where they are strings.

    See Also
    --------
    gradpair.xgboost.train : The same for its native data, as ``train`` of the other hosts.

    Notes
    -----
    Soft labels are passed as an array of shape (n_samples, 2), the probabilities of the two
    classes, as ``predict_proba`` of another classifier returns them. scikit-learn takes a
    one-dimensional array of numbers between 0 and 1 for a regression target. Every loss is linear
    in the label, so such a row is trained on as two, one of each class, weighted by their
    probabilities. Parameters that count or sample rows see both.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_breast_cancer
    >>> from xgboost import XGBClassifier
    >>> import gradpair as gp
    >>> from gradpair.sklearn import BoostingClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = BoostingClassifier(XGBClassifier(n_estimators=20), gp.WeightedCrossEntropy(3.0))
    >>> model.fit(X, y).predict_proba(X[:2]).round(1)
    array([[1., 0.],
           [1., 0.]], dtype=float32)
    >>> model.set_params(loss__alpha=0.5).loss
    WeightedCrossEntropy(alpha=0.5)
    """

    __module__ = "gradpair.sklearn"  # where pickles look for it
    _boundary = 0.0  # of pickles from before it was an attribute

    # What metadata routing can request beside the keywords that the signatures name.
    __metadata_request__fit: ClassVar = dict.fromkeys(_arguments.FIT)
    __metadata_request__predict: ClassVar = dict.fromkeys(_arguments.ROUNDS)
    __metadata_request__predict_proba: ClassVar = dict.fromkeys(_arguments.ROUNDS)
    __metadata_request__decision_function: ClassVar = dict.fromkeys(_arguments.ROUNDS)
    __metadata_request__score: ClassVar = dict.fromkeys(_arguments.ROUNDS)

    @_arguments.explains_unknown
    def __init__(
        self,
        estimator: Any = None,
        loss: Loss | _loss.LossFactory | None = None,
        *,
        calibrated: bool = False,
        hessian: Hessian | None = None,
    ) -> None:
        self.estimator = estimator
        self.loss = loss
        self.calibrated = calibrated
        self.hessian = hessian

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters, with ``deep`` also those of the estimator and of the loss."""
        params: dict[str, Any] = super().get_params(deep=deep)
        if deep:
            params |= _loss.params(self.loss, "loss")
        return params

    def set_params(self, **params: Any) -> Self:
        """Set parameters, also nested ones: ``estimator__max_depth``, ``loss__alpha``.

        The estimator is changed in place, as scikit-learn does; a loss is replaced by another.

        Raises
        ------
        ValueError
            A parameter that does not exist.
        """
        prefix = "loss__"
        changes = {n.removeprefix(prefix): v for n, v in params.items() if n.startswith(prefix)}
        rest = {n: v for n, v in params.items() if not n.startswith(prefix)}
        self._check_names(rest)
        if changes:
            rest["loss"] = _loss.replace(rest.get("loss", self.loss), changes)
        super().set_params(**rest)
        return self

    @_arguments.all_or_nothing
    def fit(
        self,
        X: Any,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        offset: ArrayLike | None = None,
        eval_set: Sequence[tuple[Any, ArrayLike]] | None = None,
        eval_X: Any = None,
        eval_y: Any = None,
        **fit_params: Any,
    ) -> Self:
        """Train.

        Parameters
        ----------
        X : array, sparse matrix or data frame of shape (n_samples, n_features)
            Whatever the host's estimator takes.
        y : array-like of shape (n_samples,), or (n_samples, 2) of float
            Labels of two classes; or the probabilities of two classes 0 and 1.
        sample_weight : array-like of shape (n_samples,) or None
            Weights of at least 0.
        offset : array-like of shape (n_samples,) or None
            Known log-odds of each row, to which the model is added. Predicting then needs them
            too.
        eval_set : list of (X, y) or None
            Data on which the loss is reported after every round, and watched by early stopping.
        eval_X, eval_y : features and labels, tuples or lists of them, or None
            The same data in two halves, in place of ``eval_set``: one set, or several. So a
            pipeline can transform the features, with ``Pipeline(..., transform_input=["eval_X"])``.
        **fit_params
            Passed to ``fit`` of the host's estimator, the objects themselves and not copies. The
            weights and offsets of evaluation sets have its names: ``sample_weight_eval_set`` and
            ``base_margin_eval_set`` in XGBoost, ``eval_sample_weight`` and ``eval_init_score`` in
            LightGBM, ``eval_sample_weight`` and ``eval_baseline`` in CatBoost. The user's own
            metrics replace the loss as what is reported, and see probabilities, in CatBoost raw
            values; those of :func:`gradpair.xgboost.metric` and :func:`gradpair.lightgbm.metric`
            what they ask for.

        Returns
        -------
        BoostingClassifier
            Itself.

        Raises
        ------
        ValueError
            Labels of other than two classes, or missing ones; shapes that differ; a parameter of
            the estimator that has no effect beside a custom objective (``scale_pos_weight``,
            ``is_unbalance``, a callable ``objective``, ...); ``calibrated`` for a loss that has a
            probability at some margins only.
        TypeError
            An estimator of another kind, a loss that is not one, values that are not numbers, or a
            keyword that the host's ``fit`` does not know.
        """
        estimator, host = _hosts.estimator_and_host(self.estimator, self.loss)
        _loss.check(self.loss)
        if not isinstance(self.calibrated, bool | np.bool_):
            msg = f"calibrated must be True or False; got {self.calibrated!r}."
            raise TypeError(msg)
        requested = host.requested_constant(estimator)
        _arguments.check_fit(estimator, host, fit_params)
        pairs = _evaluation.pairs_of(eval_set, eval_X, eval_y)
        features = self._checked(X, y, reset=True)
        classes, target = _labels.encode(y)
        weight = _rows.class_weighted(estimator, classes, target, sample_weight)
        rows = _rows.make_rows(features, target, weight, offset)
        loss = _loss.resolve(self.loss, rows)
        if self.calibrated:
            _calibration.check_range(loss)
        if (constant := requested) is None:
            constant = optimal_constant(loss, rows.y, offset=rows.offset, sample_weight=rows.weight)
        sets = self._evaluation_sets(pairs, fit_params, host, classes, (X, y, offset))
        plan = TrainingPlan(loss, constant, self.hessian, self.calibrated)
        trained = host.train(estimator, rows, sets, plan, fit_params)
        self.classes_, self.loss_, self.constant_ = classes, loss, constant
        self.estimator_, self.best_iteration_, self.evals_result_ = trained
        self._needs_offset, self._start = offset is not None, (constant, plan.model_shift)
        self._calibrates = bool(self.calibrated) and loss.calibration_shift is None
        self._boundary = _implied_log_odds(loss) if self.calibrated else 0.0
        if self.calibrated:
            self._check_calibration(rows, sets)
        return self

    def decision_function(self, X: Any, *, offset: ArrayLike | None = None, **rounds: Any) -> Array:
        """Log-odds of the second class.

        Parameters
        ----------
        X : array, sparse matrix or data frame of shape (n_samples, n_features)
            Rows to predict.
        offset : array-like of shape (n_samples,) or None
            Known log-odds of each row, if the model was fitted with them.
        **rounds
            With which rounds to predict, by the host's name and as in its own ``predict``:
            ``iteration_range`` in XGBoost, ``start_iteration`` and ``num_iteration`` in LightGBM,
            ``ntree_start`` and ``ntree_end`` in CatBoost. A correction that is in the model
            (``calibrated``) goes with any of them, and so does the start; but in LightGBM the first
            round holds it.

        Returns
        -------
        array of shape (n_samples,), float32 from XGBoost without offsets and float64 otherwise
            Margins of the model, made calibrated log-odds if ``calibrated``.

        Raises
        ------
        ValueError
            An offset is missing, or not wanted; X is not like the training rows.
        TypeError
            A keyword that is not among these, or another host's.
        sklearn.exceptions.NotFittedError
            The estimator is not fitted.
        """
        raw = self._margin(X, offset, rounds)
        if self._calibrates:  # where the model cannot
            return self.loss_._calibrated_log_odds(raw)
        return raw

    def _margin(self, X: Any, offset: ArrayLike | None, rounds: dict[str, Any]) -> Array:
        """Return the margins of the model."""
        check_is_fitted(self)
        host = _hosts.host_of(self.estimator_)
        rounds = _arguments.rounds(host, rounds)
        if offset is None and self._needs_offset:
            msg = "the model was fitted with offset=; pass the offset= of these rows too."
            raise ValueError(msg)
        if offset is not None and not self._needs_offset:
            msg = "the model was fitted without offset=; drop it, or fit with it."
            raise ValueError(msg)
        X = self._checked(X, reset=False)
        raw: Array = host.margin(self.estimator_, X, **rounds)
        if rounds:
            raw = raw + raw.dtype.type(host.skipped(self.estimator_, self._start, **rounds))
        return raw if offset is None else raw + _rows.checked_offsets(offset, raw.size)

    def predict_proba(self, X: Any, *, offset: ArrayLike | None = None, **rounds: Any) -> Array:
        """Probabilities of the two classes.

        Parameters and errors are those of :meth:`decision_function`.

        Returns
        -------
        array of shape (n_samples, 2)
            In the order of ``classes_``.
        """
        log_odds = self.decision_function(X, offset=offset, **rounds)
        return np.column_stack([sigmoid(-log_odds), sigmoid(log_odds)])

    def predict(self, X: Any, *, offset: ArrayLike | None = None, **rounds: Any) -> Array:
        """The class of each row by the decision that the loss implies.

        Parameters and errors are those of :meth:`decision_function`.

        Returns
        -------
        array of shape (n_samples,)
            Labels: the second class where its probability is above ``threshold_``. For another
            threshold see scikit-learn's ``FixedThresholdClassifier`` and
            ``TunedThresholdClassifierCV``.
        """
        positive = self.decision_function(X, offset=offset, **rounds) > self._boundary
        predicted: Array = self.classes_[positive.astype(int)]
        return predicted

    def score(
        self,
        X: Any,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        offset: ArrayLike | None = None,
        **rounds: Any,
    ) -> float:
        """Accuracy of :meth:`predict`, weighted.

        Parameters
        ----------
        X, offset, **rounds
            As in :meth:`decision_function`.
        y : array-like of shape (n_samples,)
            True labels.
        sample_weight : array-like of shape (n_samples,) or None
            Weights of at least 0.

        Returns
        -------
        float
            Between 0 and 1.
        """
        y = _labels.hard(y)
        if sample_weight is not None:
            sample_weight = _validation.weights(sample_weight)
        predicted = self.predict(X, offset=offset, **rounds)
        return float(accuracy_score(y, predicted, sample_weight=sample_weight))

    def recalibrate(
        self,
        X: Any,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        method: Method = "platt",
        offset: ArrayLike | None = None,
    ) -> Self:
        """Calibrate the probabilities on rows that the model was not trained on.

        Parameters
        ----------
        X, y, sample_weight, offset
            Held-out rows, as in :meth:`fit`. Rows that stopped the training early look better
            predicted than others.
        method : {"platt", "shift"}
            As in :func:`gradpair.xgboost.recalibrate`.

        Returns
        -------
        BoostingClassifier
            Another one, fitted, with one native model of the recalibrated probabilities in
            ``booster_``. Its ``predict`` makes the decision that the loss implies on them. This one
            stays as it is.

        Raises
        ------
        ValueError
            Rows of one class; margins that are all equal or rank the rows backwards; a slope for a
            model that was fitted with offsets, which are no part of it.
        sklearn.exceptions.NotFittedError
            The estimator is not fitted.

        See Also
        --------
        sklearn.calibration.CalibratedClassifierCV : Trains on folds, of several models and other
            curves, at the price of one native model.

        Examples
        --------
        >>> from sklearn.datasets import load_breast_cancer
        >>> from xgboost import XGBClassifier
        >>> import gradpair as gp
        >>> from gradpair.sklearn import BoostingClassifier
        >>> X, y = load_breast_cancer(return_X_y=True)
        >>> model = BoostingClassifier(XGBClassifier(n_estimators=20), gp.WeightedCrossEntropy(9.0))
        >>> mended = model.fit(X[:300], y[:300]).recalibrate(X[300:], y[300:])
        >>> round(mended.threshold_, 3)
        0.1
        """
        margin = self._margin(X, offset, {})
        if offset is not None and method == "platt":
            msg = (
                "method='platt' scales margins, and offsets are no part of the model; use 'shift'."
            )
            raise ValueError(msg)
        line = fitted_line(margin, _labels.encode(y, self.classes_)[1], sample_weight, method)
        constant, shift = self._start
        other = copy.copy(self)
        other.__dict__.update(
            estimator_=_hosts.host_of(self.estimator_).scaled(self.estimator_, line),
            _start=(line.slope * constant, line.slope * shift + line.shift),
            _calibrates=False,
            _boundary=_implied_log_odds(self.loss_),
        )
        return other

    @property
    def threshold_(self) -> float:
        """Probability of the second class above which :meth:`predict` returns it."""
        check_is_fitted(self)
        return float(sigmoid(np.float64(self._boundary)))

    @property
    def booster_(self) -> Any:
        """The model, of the host's own objective for binary targets."""
        check_is_fitted(self)
        return _hosts.host_of(self.estimator_).booster(self.estimator_)

    @property
    def feature_importances_(self) -> Array:
        """Importances of the features, as of the host's estimator."""
        check_is_fitted(self)
        importances: Array = self.estimator_.feature_importances_
        return importances

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = True
        return tags

    def _check_calibration(self, rows: EncodedRows, sets: Sequence[EncodedRows]) -> None:
        """Warn where the calibrated probabilities are far from the labels."""
        others = [(f"evaluation set {i}", other) for i, other in enumerate(sets)]
        for what, part in [("training rows", rows), *others]:
            raw = _hosts.host_of(self.estimator_).margin(self.estimator_, part.features)
            raw = raw if part.offset is None else raw + part.offset
            log_odds = self.loss_._calibrated_log_odds(raw) if self._calibrates else raw
            _calibration.check(what, log_odds, part)

    def _check_names(self, params: dict[str, Any]) -> None:
        """Refuse names that do not exist, before anything is set."""
        valid = self.get_params(deep=False)
        for name in params:
            head, nested, _ = name.partition("__")
            if head not in valid or (nested and head != "estimator"):
                names = f"Valid parameters are: {list(valid)!r}."
                msg = f"Invalid parameter {name!r} for estimator {self!r}. {names}"
                raise ValueError(msg)
            if nested and params.get("estimator", self.estimator) is None:
                msg = f"Invalid parameter {name!r}: estimator is None; set estimator= first."
                raise ValueError(msg)

    def _checked(self, X: Any, y: Any = "no_validation", *, reset: bool) -> Any:
        """Check the shape of the features and their names, and leave the rest to the host."""
        if not hasattr(X, "columns"):  # of pandas, polars and pyarrow
            X = check_array(
                X, accept_sparse=["csr", "csc"], ensure_all_finite=False, estimator=self
            )
        validate_data(self, X, y, reset=reset, skip_check_array=True)
        return X

    def _evaluation_sets(
        self,
        pairs: Sequence[tuple[Any, Any]],
        fit_params: dict[str, Any],
        host: ModuleType,
        classes: Array,
        given: tuple[Any, Any, ArrayLike | None],
    ) -> list[EncodedRows]:
        """Take the evaluation sets, with their weights and offsets, out of ``fit_params``."""
        weights, offsets = (
            _evaluation.one_per_set(name, fit_params.pop(name, None), len(pairs))
            for name in (host.EVAL_WEIGHT, host.EVAL_OFFSET)
        )
        sets = []
        for (X, y), weight, offset in zip(pairs, weights, offsets, strict=True):
            if (offset is None) != (given[2] is None):
                msg = f"with evaluation sets, pass offset= and {host.EVAL_OFFSET}=, or neither."
                raise ValueError(msg)
            target = _labels.encode(y, classes, "eval_set")[1]
            features = self._checked(X, reset=False)
            rows = _rows.make_rows(features, target, weight, offset)
            sets.append(rows._replace(training=X is given[0] and y is given[1]))
        return sets


def _implied_log_odds(loss: Loss) -> float:
    """Return the calibrated log-odds of a margin of 0, where the loss is indifferent."""
    return float(loss._calibrated_log_odds(np.zeros(1))[0])
