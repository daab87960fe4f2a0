"""Where the start of a training lives, and how it gets there."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import xgboost as xgb

from gradpair import _validation
from gradpair._hosts import params as checks
from gradpair._intercept import constant_of
from gradpair._links import sigmoid
from gradpair._sums import Rows
from gradpair._validation import Array
from gradpair.losses import Loss
from gradpair.xgboost import _model, _workers
from gradpair.xgboost._callables import Objective

_DROPOUT = ("rate_drop", "one_drop")  # without booster="dart" since 3.4


class Start(NamedTuple):
    """A constant as XGBoost's intercept, or else in the leaves of the first tree."""

    base_score: float  # the intercept, a probability
    shift: float  # what goes into the leaves


def place(constant: float, params: Mapping[str, Any], *, offsets: bool, rounds: int) -> Start:
    """Decide where a constant lives: ``base_margin`` would override the intercept."""
    if _model.holds(constant) and not offsets:
        return Start(float(sigmoid(constant)), 0.0)
    check_tree(params, rounds)
    return Start(0.5, constant)


def fitted_constant(dtrain: xgb.DMatrix, loss: Loss) -> float:
    """Fit the constant to the rows, of all workers, on top of their base_margin."""

    def rows() -> Rows:
        margin = dtrain.get_base_margin()
        return _rows(dtrain, loss, margin.ravel() if margin.size else None)

    if (workers := _workers.group()) is None:
        return constant_of(loss, rows().answer)
    return _workers.fitted_constant(workers, loss, rows)


def check_together(dtrain: xgb.DMatrix, loss: Loss) -> None:
    """Refuse wrong labels and weights of any worker on all of them.

    The objective of a machine alone refuses them, too.
    """
    if (workers := _workers.group()) is not None:
        _workers.check_together(workers, lambda: _rows(dtrain, loss, None))


def _rows(dtrain: xgb.DMatrix, loss: Loss, offset: Array | None) -> Rows:
    """Return the rows of this machine, their values checked."""
    y, weight = dtrain.get_label(), dtrain.get_weight()
    _validation.one_per_row("the label of dtrain", y, dtrain.num_row())
    return Rows.of(loss, y, weight if weight.size else None, offset)


def has_offsets(data: Iterable[object]) -> bool:
    """Whether any of the DMatrices has a base_margin, on any worker."""

    def here() -> bool:
        return any(rows.get_base_margin().size for rows in data if isinstance(rows, xgb.DMatrix))

    workers = _workers.group()
    return here() if workers is None else _workers.any_of(workers, here)


def check_tree(params: Mapping[str, Any], num_boost_round: int) -> None:
    """Refuse what cannot bear a constant in the leaves of the first tree."""
    why = "with offsets, or outside [-13.8, 5], the constant goes into the first tree"
    kind = params.get("booster", "gbtree")
    if kind == "gblinear":
        msg = f"{why}, and booster='gblinear' has no trees; use booster='gbtree'."
    elif kind == "dart" or any(checks.number(params.get(name, 0)) for name in _DROPOUT):
        msg = f"{why}, which dropout rescales; use booster='gbtree' without {_DROPOUT}."
    elif num_boost_round < 1:
        msg = f"{why}; num_boost_round must be at least 1, got {num_boost_round}."
    else:
        return
    raise ValueError(msg)


class StartInFirstTree(xgb.callback.TrainingCallback):
    """Puts the start into the first tree as soon as that is grown, before anyone looks at it.

    Other callbacks and the host's evaluation come after ``Booster.update``, so the first call of
    that is replaced. From then on the margins hold the start, and the objective that the host was
    given, and every metric, work without one.

    Parameters
    ----------
    objective : Objective
        Of the later rounds, at start 0.
    shifts : list of float
        For the model, or for the model of each fold; 0.0 changes nothing.
    """

    def __init__(self, objective: Objective, shifts: list[float]) -> None:
        super().__init__()
        self.objective = objective
        self.shifts = shifts

    def before_iteration(self, model: Any, epoch: int, evals_log: object) -> bool:  # noqa: ARG002
        """Prepare the first round."""
        if epoch == 0:
            for booster, shift in zip(_boosters(model), self.shifts, strict=True):
                if shift:
                    _FirstUpdate(booster, replace(self.objective, start=shift))
        return False

    def after_training(self, model: Any) -> Any:
        """Refuse a model without trees, which another callback can ask for."""
        if not model.num_boosted_rounds() and any(self.shifts):
            msg = (
                "a callback stopped the training before its first round, whose tree was to hold "
                "the constant; let one round pass."
            )
            raise ValueError(msg)
        return model


def _boosters(model: Any) -> list[xgb.Booster]:
    """Return the booster of a training, or of each fold."""
    return [model] if isinstance(model, xgb.Booster) else [fold.bst for fold in model.cvfolds]


class _FirstUpdate:
    """Stands in for ``Booster.update`` once.

    2.1 calls callbacks in any order, and a later one may pickle the booster with it.
    """

    def __init__(self, booster: xgb.Booster, objective: Objective) -> None:
        self.booster = booster
        self.objective = objective
        vars(booster)["update"] = self

    def __call__(self, dtrain: xgb.DMatrix, iteration: int, fobj: object = None) -> None:  # noqa: ARG002
        """Grow the first tree from the start, and put the start into it."""
        del vars(self.booster)["update"]
        self.booster.update(dtrain, iteration, self.objective)
        _model.shift_first_tree(self.booster, self.objective.start)
