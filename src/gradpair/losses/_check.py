"""Whether what a user passes as a loss is one, and what to pass instead."""

import dataclasses
from typing import Any

from gradpair import _validation
from gradpair.losses._base import Loss


def parameters(loss: Loss | type[Loss]) -> dict[str, Any]:
    """Return the parameters of a record of losses: a field of each name that its class takes.

    A field is called otherwise where a method of losses has its name: the metadata of the field
    then says the parameter's.
    """
    known: tuple[Any, ...] = dataclasses.fields(loss) if dataclasses.is_dataclass(loss) else ()
    return {field.metadata.get("parameter", field.name): field for field in known if field.init}


def called() -> dict[str, type[Loss]]:
    """Return the losses that have a word for command lines, by that word."""
    kinds = Loss.__subclasses__()
    for kind in kinds:
        kinds += kind.__subclasses__()
    return {kind._called[0]: kind for kind in kinds if kind._called and "_called" in vars(kind)}


def forms() -> list[str]:
    """Write what command lines take: words, with names of numbers and of a loss inside."""
    found = []
    for word, kind in sorted(called().items()):
        least = kind._called[1] if kind._called else 0
        inside = ["LOSS"] if "loss" in parameters(kind) else []
        names = [name.rpartition("_")[2].upper() for name in number_names(kind)]
        counts = range(least, len(names) + 1)
        found += [":".join([word, *names[:count], *inside]) for count in counts]
    return found


def number_names(kind: Loss | type[Loss]) -> list[str]:
    """Return the names of the numbers among the parameters of a record of losses."""
    return [name for name in parameters(kind) if name != "loss"]


def check_loss(loss: object) -> Loss:
    """Return ``loss`` if it is an instance of :class:`Loss`."""
    if isinstance(loss, Loss):
        return loss
    example = "gradpair.WeightedCrossEntropy(alpha=9.0)"
    if isinstance(loss, type):
        written = _written(loss) if issubclass(loss, Loss) else example
        msg = f"loss must be an instance, not the class {loss.__name__}: write {written}."
    elif isinstance(made_of := getattr(loss, "loss", None), Loss):
        kind = type(loss).__name__
        msg = f"loss must be a gradpair.Loss, not the {kind} that is made of one: pass {made_of!r}."
    elif callable(loss):
        name = getattr(loss, "__qualname__", type(loss).__name__)
        msg = (
            f"loss must be a gradpair.Loss, not the function {name}. If it makes a loss of labels, "
            f"pass what it returns, as gradpair.WeightedCrossEntropy.balanced(y_true); if it "
            f"returns gradients it is an objective, for the host's own train."
        )
    else:
        got = _validation.described(loss)
        msg = f"loss must be a gradpair.Loss, such as {example}; got {got}."
    raise TypeError(msg)


def _written(kind: type[Loss]) -> str:
    """Return how an instance is made, the parameters without a default left open."""
    given = (
        f"{name}={'...' if field.default is dataclasses.MISSING else field.default}"
        for name, field in parameters(kind).items()
    )
    return f"{kind.__name__}({', '.join(given)})"
