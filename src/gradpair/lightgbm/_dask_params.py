"""What a training on several machines refuses, since each worker would do it by itself."""

from collections.abc import Callable, Iterable
from typing import Any

import lightgbm as lgb

from gradpair._hosts import params as checks
from gradpair.lightgbm import _metrics, _params

_EVALUATE = "after training, gradpair.lightgbm.dask.evaluate gives the loss of all rows per round"
_STOPS = (
    "each worker would judge by its own rows, and where they disagree LightGBM fails or waits. "
    f"Train all rounds and choose the best: {_EVALUATE}"
)
_THREADS = "each worker trains with its own threads: set threads_per_worker of the cluster"
_MACHINES = "the machines are the workers that hold rows"


def _at_most(limit: float) -> Callable[[Any], bool]:
    return lambda value: (number := checks.number(value)) is not None and number <= limit


def _no_metric(value: Any) -> bool:
    names = value if isinstance(value, list | tuple | set) else [value]
    return all(str(name).lower() in _metrics.NONE for name in names)


_LEARNER = "tree_learner tree tree_type tree_learner_type"
_LEARNERS = ("data", "data_parallel", "voting", "voting_parallel")
# Names with their aliases, which values are harmless beside None, and why others are refused.
_REFUSED: tuple[tuple[str, Callable[[Any], bool], str], ...] = (
    (_params.EARLY_STOPPING, _at_most(0), _STOPS),
    (_params.METRIC, _no_metric, f"LightGBM would give one worker's value; {_EVALUATE}"),
    ("num_threads num_thread nthread nthreads n_jobs", _at_most(0), _THREADS),
    ("num_machines num_machine", _at_most(1), _MACHINES),
    ("machine_list_filename machine_list_file machine_list mlist", lambda v: not v, _MACHINES),
    (
        _params.LINEAR,
        _at_most(0),
        "LightGBM grows linear trees on the rows of one worker alone, without an error",
    ),
    (
        "categorical_feature cat_feature categorical_column cat_column categorical_features",
        lambda value: value in ("", "auto"),
        "pass categorical_feature= of this function",
    ),
    ("class_weight", lambda _: False, "weight the rows with sample_weight=, or by the loss"),
)


def check(params: dict[str, Any]) -> None:
    """Refuse parameters, and take out those that ask for nothing."""
    for names, is_harmless, why in _REFUSED:
        for name in names.split():
            value = params.pop(name, None)
            if value is not None and not is_harmless(value):
                msg = f"{name}={value!r} is refused on several machines: {why}."
                raise ValueError(msg)
    for name in _LEARNER.split():
        if params.get(name) is not None and params[name] not in _LEARNERS:
            msg = (
                f"{name} must be 'data' or 'voting' on several machines, since the others need all "
                f"rows on each; got {params[name]!r}."
            )
            raise ValueError(msg)


# By what LightGBM's own functions make, whose classes have no public name.
_SCHEDULE = type(lgb.reset_parameter(learning_rate=[0.1]))
_OTHERS = {
    type(lgb.early_stopping(1, verbose=False)): f"early_stopping is refused: {_STOPS}",
    type(lgb.log_evaluation()): f"log_evaluation has nothing to log here: {_EVALUATE}",
    type(lgb.record_evaluation({})): f"record_evaluation has nothing to record here: {_EVALUATE}",
}


def schedules(callbacks: Iterable[Any] | None) -> list[Any]:
    """Refuse callbacks but those that change parameters from round to round."""
    given = list(callbacks or ())
    for callback in given:
        if type(callback) is not _SCHEDULE:
            way_out = (
                "a callback would run in every worker's process on a copy, and one that stops or "
                "fails on one worker leaves the others waiting; only lightgbm.reset_parameter(...) "
                "is taken"
            )
            msg = f"{_OTHERS.get(type(callback), way_out)}."
            raise ValueError(msg)
    return given
