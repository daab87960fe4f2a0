"""Callbacks of a training: the user's, and our own around them.

Objective and metrics work at ``preds + start`` in every round. The Booster gets the start with its
first tree, before anybody looks at it, and becomes one of objective binary where its training ends.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NoReturn

import lightgbm as lgb
from lightgbm.callback import EarlyStopException

from gradpair.lightgbm._live import LiveStart

Callback = Callable[[Any], Any]


class _Called:
    """What LightGBM calls in the user's place, since it sets ``order`` of what it gets."""

    def __init__(self, run: Callback, order: float, *, before_iteration: bool = False) -> None:
        self.run, self.order, self.before_iteration = run, order, before_iteration

    def __call__(self, env: Any) -> None:
        self.run(env)


class Callbacks:
    """The callbacks of one training, or of one cross-validation with a start for each fold."""

    def __init__(self, given: Iterable[Callback] | None, starts: list[LiveStart]) -> None:
        self._given = list(given or ())
        self._starts = starts
        self._copies: lgb.Booster | lgb.CVBooster | None = None  # of this round

    def for_host(self) -> list[Callback]:
        """Return what LightGBM is to call, which it puts in the order of the user's own."""
        orders: dict[Callback, float] = {}
        for i, callback in enumerate(self._given):  # as LightGBM orders and merges them
            orders.setdefault(callback, getattr(callback, "order", i - len(self._given)))
        return [
            _Called(self._before_update, math.inf, before_iteration=True),
            *(self._of_user(callback, order) for callback, order in orders.items()),
            _Called(self._after_all, math.inf),
        ]

    def _of_user(self, callback: Callback, order: float) -> Callback:
        before = bool(getattr(callback, "before_iteration", False))
        # LightGBM's own look at the evaluations only, and know the live Booster's training set.
        live = before or type(callback).__module__ == "lightgbm.callback"

        def run(env: Any) -> None:
            try:
                callback(env if live else self._with_start(env))
            except EarlyStopException:
                self._end(env.model)
                raise

        return _Called(run, order, before_iteration=before)

    def _before_update(self, env: Any) -> None:
        self._copies = None
        for start, booster in self._pairs(env.model):
            if env.iteration == env.begin_iteration:
                start.follow(booster)
            else:
                start.check(booster)

    def _after_all(self, env: Any) -> None:
        if env.iteration == env.end_iteration - 1:
            self._end(env.model)

    def _end(self, model: lgb.Booster | lgb.CVBooster) -> None:
        if isinstance(model, lgb.Booster):  # cv makes new Boosters of its own
            self._starts[0].finish(model)

    def _with_start(self, env: Any) -> Any:
        """Return what a callback gets, with a copy where the live Booster lacks the start."""
        if all(start.inside for start, _ in self._pairs(env.model)):
            return env
        if self._copies is None:
            copies = [_Copy(start, booster) for start, booster in self._pairs(env.model)]
            if isinstance(env.model, lgb.CVBooster):
                self._copies = lgb.CVBooster()
                self._copies.boosters = list(copies)
            else:
                self._copies = copies[0]
        rest = env.params, env.iteration, env.begin_iteration, env.end_iteration
        return type(env)(self._copies, *rest, env.evaluation_result_list)

    def _pairs(self, model: Any) -> Iterator[tuple[LiveStart, lgb.Booster]]:
        boosters = model.boosters if isinstance(model, lgb.CVBooster) else [model]
        return zip(self._starts, boosters, strict=True)


class _Copy(lgb.Booster):
    """A Booster with the start, as a callback sees it; what changes the training is led on."""

    def __init__(self, start: LiveStart, live: lgb.Booster) -> None:
        super().__init__(model_str=start.native_text(live))
        self.params = {**live.params, "objective": "binary"}
        self._start, self._live = start, live

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as a plain Booster."""
        state = {n: v for n, v in self.__getstate__().items() if n not in ("_start", "_live")}
        return lgb.Booster.__new__, (lgb.Booster,), state

    def reset_parameter(self, params: dict[str, Any]) -> lgb.Booster:
        """Reset parameters of the training."""
        self._live.reset_parameter(params)
        return self

    def rollback_one_iter(self) -> lgb.Booster:
        """Take back the last round of the training."""
        self._live.rollback_one_iter()
        return self.model_from_string(self._start.native_text(self._live))

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        msg = (
            "with linear trees a callback sees a copy of the model that includes the start; the "
            "training itself takes reset_parameter and rollback_one_iter only."
        )
        raise ValueError(msg)

    update = set_leaf_output = add_valid = shuffle_models = _refuse
