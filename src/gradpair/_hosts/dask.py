"""Sums over rows that lie on the workers of a Dask cluster, asked for from its client."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gradpair._intercept import constant_of
from gradpair._sums import QUESTIONS, Rows, combined
from gradpair._validation import Array
from gradpair.losses import Loss

Columns = tuple[ArrayLike, ArrayLike | None, ArrayLike | None]  # labels, weights, offsets
Parts = Mapping[str, Sequence[Any]]  # futures of the parts that each worker holds, by its address


def fitted_constant(
    client: Any, loss: Loss, parts: Parts, columns: Callable[[Any], Columns]
) -> float:
    """Fit the constant to all rows; of each worker come a few numbers, and never its rows.

    Parameters
    ----------
    client : distributed.Client
        It may be asynchronous, if this is called outside its event loop.
    loss : Loss
        The loss to minimise.
    parts : mapping of str to sequences of futures
        What each worker holds.
    columns : callable
        Takes labels, weights and offsets out of one part; it must be importable on the workers.

    Raises
    ------
    ValueError
        As :func:`~gradpair.optimal_constant`, of all rows.
    """

    def ask(question: str, *at: float) -> Array:
        answers = on_workers(client, parts, answer, loss, question, at, columns)
        return combined(QUESTIONS[question].how, answers)

    return constant_of(loss, ask, remote=True)


def check_rows(client: Any, loss: Loss, parts: Parts, columns: Callable[[Any], Columns]) -> None:
    """Check labels and weights where they lie, for a training that fits no constant to them."""
    on_workers(client, parts, check, loss, columns)


def on_workers(
    client: Any, parts: Parts, function: Callable[..., Any], *args: object
) -> Sequence[Any]:
    """Call ``function(parts, *args)`` on each worker with the parts that it holds."""
    # Where a worker has died, Dask computes its parts elsewhere; without permission it would wait.
    futures = [
        client.submit(function, held, *args, workers=[w], allow_other_workers=True, pure=False)
        for w, held in parts.items()
    ]
    answers: Sequence[Any] = client.gather(futures, asynchronous=False)
    return answers


def answer(
    parts: Sequence[Any],
    loss: Loss,
    question: str,
    at: Sequence[float],
    columns: Callable[[Any], Columns],
) -> Array:
    """Answer for the parts of one worker."""
    answers = [_rows(loss, columns, part).answer(question, *at) for part in parts]
    return combined(QUESTIONS[question].how, answers)


def check(parts: Sequence[Any], loss: Loss, columns: Callable[[Any], Columns]) -> None:
    """Check the parts of one worker; what offsets may be, the host decides."""
    for part in parts:
        _rows(loss, lambda part: (*columns(part)[:2], None), part)


def _rows(loss: Loss, columns: Callable[[Any], Columns], part: Any) -> Rows:
    """Return the rows of a part; an error says where that is, as it counts the part's rows."""
    try:
        return Rows.of(loss, *columns(part))
    except (TypeError, ValueError) as error:
        from distributed import get_worker  # noqa: PLC0415 - this runs on workers alone

        msg = f"in a part of the rows on worker {get_worker().address}: {error}"
        raise type(error)(msg) from None


def column(values: Any) -> Array | None:
    """Return labels, weights or offsets of one part, in any container; one column is a row's."""
    array = None if values is None else np.asarray(values)
    return array.ravel() if array is not None and array.shape[1:] == (1,) else array
