"""Collections of Dask, cut into parts that hold the same rows."""

import contextlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import attrgetter
from typing import Any, NamedTuple

from gradpair import _validation
from gradpair._hosts import params as checks
from gradpair._hosts.dask import Columns
from gradpair._sums import Rows
from gradpair._validation import Array
from gradpair.lightgbm._dataset import stored
from gradpair.losses import Loss

try:
    import dask.array as da
    import dask.dataframe as dd
    import distributed
    import sklearn  # noqa: F401 - without it LightGBM has no estimators
    from dask import delayed
except ModuleNotFoundError as error:
    msg = "gradpair.lightgbm.dask needs Dask: pip install 'gradpair[lightgbm,sklearn,dask]'"
    raise ModuleNotFoundError(msg, name=error.name) from error

Collections = dict[str, Any]  # by their names
_HOW_TO_CUT = "Cut Arrays with rechunk, and take columns from one DataFrame."


class Part(NamedTuple):
    """Labels, weights and initial scores of one part, as LightGBM stores them."""

    rows: int
    label: Array
    weight: Array | None
    init_score: Array | None


class Held(NamedTuple):
    """Collections that the workers hold, none of their parts empty."""

    collections: Collections
    parts: dict[str, list[Any]]  # of each worker, the futures of its Parts


def client_of(client: Any) -> distributed.Client:
    """Return the client to work with; None is the one that was made last."""
    client = distributed.default_client() if client is None else client
    checks.check_type("client", client, distributed.Client, "Make one of your cluster.")
    if client.asynchronous:
        msg = (
            "client is asynchronous, and LightGBM on Dask waits for its workers; pass a "
            "distributed.Client(address), outside the event loop."
        )
        raise ValueError(msg)
    return client


@contextlib.contextmanager
def kept() -> Iterator[list[Any]]:
    """Give a list of futures, whose results the workers drop in the end.

    Of what failed, the traceback would hold the futures, and they the rows on the workers.
    """
    futures: list[Any] = []
    try:
        yield futures
    finally:
        for future in futures:
            future.release()


def given(X: Any, y: Any, sample_weight: Any | None, init_score: Any | None) -> Collections:
    """Return the collections that are given, by their names, once they were found to be such."""
    columns = {"y": y, "sample_weight": sample_weight, "init_score": init_score}
    present = {"X": X, "y": y, **{n: values for n, values in columns.items() if values is not None}}
    _check(present)
    return present


def held(
    client: distributed.Client, loss: Loss, collections: Collections, futures: list[Any]
) -> Held:
    """Compute the collections on the workers, while they keep ``futures``, and check them there.

    Those of a kind together, so that what they share is computed once.
    """
    on_workers = dict(collections)
    for kind in (da.Array, (dd.DataFrame, dd.Series)):  # Dask warns of both in one graph
        if names := [name for name, values in collections.items() if isinstance(values, kind)]:
            persisted = client.persist([collections[name] for name in names])
            futures += distributed.futures_of(persisted)
            on_workers |= zip(names, persisted, strict=True)
    checked = on_parts(client, part, cut(on_workers), loss)
    futures += checked
    futures += (counts := client.map(attrgetter("rows"), checked, pure=False))
    sizes = client.gather(counts)
    _check_sizes(collections["X"], sizes)
    if not all(sizes):
        filled = [i for i, size in enumerate(sizes) if size]
        on_workers = {name: _parts_of(values, filled) for name, values in on_workers.items()}
    parts = defaultdict(list)
    holders = client.who_has(checked)
    for future in checked:
        parts[next(iter(holders[future.key]))].append(future)
    return Held(on_workers, dict(parts))


def on_parts(
    client: distributed.Client, function: Callable[..., Any], parts: Iterable[Any], *args: object
) -> list[Any]:
    """Return futures of ``function(rows, index, *args)``, computed where the rows lie."""
    call = delayed(function, pure=False)
    futures: list[Any] = client.compute([call(rows, i, *args) for i, rows in enumerate(parts)])
    return futures


def _check(collections: Collections) -> None:
    """Refuse what is not a collection of Dask, and what is cut into other numbers of parts."""
    for name, values in collections.items():
        ndim, frame = (2, dd.DataFrame) if name == "X" else (1, dd.Series)
        if not isinstance(values, (da.Array, frame)):
            msg = (
                f"{name} must be an Array or a {frame.__name__} of Dask; got "
                f"{_validation.described(values)}. Train rows of one machine with "
                f"gradpair.lightgbm.train, or cut them with dask.array.from_array."
            )
            raise TypeError(msg)
        if values.ndim != ndim:
            msg = f"{name} must have {ndim} dimension{'s'[: ndim - 1]}; got {values.ndim}."
            msg += " Pass one column." if ndim == 1 else ""
            raise ValueError(msg)
    features = collections["X"]
    if isinstance(features, da.Array) and features.numblocks[1] != 1:
        msg = f"X is cut between columns, {features.numblocks}; pass X.rechunk({{1: -1}})."
        raise ValueError(msg)
    if len({values.npartitions for values in collections.values()}) > 1:
        counts = ", ".join(f"{name} {c.npartitions}" for name, c in collections.items())
        msg = f"all must be cut into the same parts; got {counts} parts. {_HOW_TO_CUT}"
        raise ValueError(msg)


def _check_sizes(features: Any, sizes: list[int]) -> None:
    """Refuse what LightGBM would refuse on one worker, while the others wait for it."""
    filled = [size for size in sizes if size]
    if not filled:
        msg = "X has no rows."
        raise ValueError(msg)
    if isinstance(features, da.Array) and len(filled) > 1 and min(filled) == 1:
        msg = (
            f"part {sizes.index(1)} of X has one row, and LightGBM refuses a worker that holds no "
            f"more than that; cut X and the columns into larger parts with rechunk."
        )
        raise ValueError(msg)


def cut(collections: Collections) -> Iterator[dict[str, Any]]:
    """Yield the part of each collection, one after the other."""
    columns = []
    for values in collections.values():
        blocks = values.to_delayed()
        columns.append(list(blocks.ravel()) if isinstance(values, da.Array) else blocks)
    for blocks in zip(*columns, strict=True):
        yield dict(zip(collections, blocks, strict=True))


def part(rows: Mapping[str, Any], index: int, loss: Loss) -> Part:
    """Check the rows of one part, where they lie."""
    counts = {name: values.shape[0] for name, values in rows.items()}
    if len(set(counts.values())) > 1:
        found = ", ".join(f"{name} {count}" for name, count in counts.items())
        msg = f"all must be cut into the same parts; part {index} has rows: {found}. {_HOW_TO_CUT}"
        raise ValueError(msg)
    fields: Any = stored(rows["y"], rows.get("sample_weight"), rows.get("init_score"), "a column")
    try:
        Rows.of(loss, *fields)
    except (TypeError, ValueError) as error:
        msg = f"in part {index}: {error}"
        raise type(error)(msg) from None
    return Part(counts["X"], *fields)


def columns(of: Part) -> Columns:
    """Return what the constant is fitted to."""
    return of.label, of.weight, of.init_score


def _parts_of(values: Any, which: list[int]) -> Any:
    """Return some parts of a collection."""
    return values.blocks[which] if isinstance(values, da.Array) else values.partitions[which]
