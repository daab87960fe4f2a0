"""The start in a Booster that is being trained."""

from typing import Any

import lightgbm as lgb

from gradpair._validation import Array
from gradpair.lightgbm import _model, _params


class LiveStart:
    """The start of one Booster, and whether the Booster holds it yet."""

    def __init__(self, value: float, restored: dict[str, Any] | None = None) -> None:
        self._value = value
        self._restored = restored or {}  # parameters that the training does not have
        self._shrinkage = 1.0  # of the first tree when it was new
        self._finished = False
        self.inside = not value
        self.evaluated: tuple[lgb.Dataset, str] | None = None  # a set to evaluate, beside others

    def follow(self, booster: lgb.Booster) -> None:
        """Have the first update of the Booster put the start into the first tree.

        A callback would come too late for dart, which may drop that tree when it is evaluated.
        """
        update = booster.update

        def first_update(*args: Any, **kwargs: Any) -> bool:
            _keep_draws(booster)
            if self.evaluated is not None:
                booster.add_valid(*self.evaluated)
            finished = update(*args, **kwargs)
            for name in ("update", "reset_parameter"):
                vars(booster).pop(name)
            self._put_into(booster)
            return finished

        vars(booster)["update"] = first_update

    def _put_into(self, booster: lgb.Booster) -> None:
        """Add the start to the first tree, unless the API does not reach what that predicts."""
        if not self._value:
            return
        tree = _model.first_tree(booster.model_to_string(num_iteration=1))
        self._shrinkage = tree.shrinkage or 1.0
        if not tree.linear:
            for leaf, value in enumerate(tree.leaves):
                booster.set_leaf_output(0, leaf, value + self._value)
            self.inside = True

    def check(self, booster: lgb.Booster) -> None:
        """Refuse to go on without the tree that the start is in: the scores have lost it too."""
        if self.inside and self._value and not booster.num_trees():
            msg = (
                "a callback took back the first round, and the start of the model with it; take "
                "back later rounds only."
            )
            raise ValueError(msg)

    def native_text(self, booster: lgb.Booster) -> str:
        """Return the model as one of objective binary."""
        self.check(booster)
        text = booster.model_to_string(num_iteration=-1)
        if self._finished:
            return text
        if self.inside and self._value:
            return _model.text_with_start(text, self._value, self._shrinkage)
        return _model.text_with_shift(text, self._value)

    def finish(self, booster: lgb.Booster) -> None:
        """Make the Booster one of objective binary, in place; no further round can follow."""
        if not self._finished:
            booster.model_from_string(self.native_text(booster))
            booster.params = _model.native_params({**booster.params, **self._restored})
            self._finished = True


def _keep_draws(booster: lgb.Booster) -> None:
    """Have LightGBM draw the columns that it draws beside its own objectives.

    Its first update resets the objective to none, which it is already. That draws columns, for
    feature_fraction, and fails where no feature can be split. Dart drops trees for the next round
    when it is asked for its predictions, once in a round, but whether it has done so is not
    initialised: after one question it has, and the reset then starts its draws anew (seen in 4.6.0
    and 4.7.0).
    """
    reset = booster.reset_parameter
    if dart := _params.boosting(booster.params) == "dart":
        booster.eval_train(_nothing)

    def without_effect(params: dict[str, Any]) -> lgb.Booster:
        try:
            return reset(params) if dart else booster
        except lgb.basic.LightGBMError as error:
            if "num_features()" not in str(error):
                raise
            return booster

    vars(booster)["reset_parameter"] = without_effect


def _nothing(preds: Array, data: lgb.Dataset) -> list[Any]:  # noqa: ARG001 - as the host calls it
    """Evaluate no metric."""
    return []
