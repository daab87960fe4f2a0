"""The loss as a parameter of BoostingClassifier: nested parameters, callables, slips."""

import dataclasses
import difflib
from collections.abc import Callable
from typing import Any

from gradpair import losses
from gradpair._hosts.estimator import EncodedRows
from gradpair._validation import Array, described
from gradpair.losses import BinaryCrossEntropy, Loss, check_loss, parameters

LossFactory = Callable[[Array, Array | None], Loss]


def params(loss: object, prefix: str) -> dict[str, Any]:
    """Return the parameters of a record, also those of a loss that is one of them, by name."""
    found: dict[str, Any] = {}
    for name, field in (parameters(loss) if isinstance(loss, Loss) else {}).items():
        value = getattr(loss, field.name)
        found |= {f"{prefix}__{name}": value} | params(value, f"{prefix}__{name}")
    return found


def replace(loss: Any, changes: dict[str, Any]) -> Any:
    """Return the record with other values, also of a loss that is one of them."""
    known = parameters(loss) if isinstance(loss, Loss) else {}
    own = {name: value for name, value in changes.items() if "__" not in name}
    nested: dict[str, dict[str, Any]] = {}
    for name in changes.keys() - own.keys():
        head, _, rest = name.partition("__")
        nested.setdefault(head, {})[rest] = changes[name]
    if unknown := sorted((own.keys() | nested.keys()) - known.keys()):
        msg = (
            f"Invalid parameter {unknown[0]!r} for loss {loss!r}, which has {list(known)!r}. For "
            f"others set loss= to one that has them, as gradpair.WeightedCrossEntropy(alpha=1.0)."
        )
        raise ValueError(msg)
    for name, inner in nested.items():
        own[name] = replace(own.get(name, getattr(loss, known[name].name)), inner)
    return dataclasses.replace(loss, **{known[name].name: value for name, value in own.items()})


def resolve(loss: Loss | LossFactory | None, rows: EncodedRows) -> Loss:
    """Return the record to minimise, made of the training rows if it is a callable."""
    if loss is None:
        return BinaryCrossEntropy()
    if isinstance(loss, Loss) or not callable(loss):
        return check_loss(loss)
    return check_loss(loss(rows.y, rows.weight))


def check(loss: object) -> None:
    """Refuse what is neither a loss nor a callable that makes one, and say what to write."""
    if loss is None or isinstance(loss, Loss) or (callable(loss) and not isinstance(loss, type)):
        return
    if _is_class(loss):
        msg = f"loss must be an instance, not the class: write loss={call(loss)}."
    elif isinstance(loss, str):
        msg = f"loss must be a gradpair.Loss, not its name: write loss={_by_name(loss)}; "
        msg += f"got {loss!r}."
    else:
        msg = (
            f"loss must be a gradpair.Loss, such as gradpair.WeightedCrossEntropy(alpha=9.0), or a "
            f"callable (y_true, sample_weight) that returns one; got {described(loss)}."
        )
    raise TypeError(msg)


def _is_class(loss: object) -> bool:
    return isinstance(loss, type) and issubclass(loss, Loss)


def public() -> list[type[Loss]]:
    """Return the classes of losses that gradpair has."""
    found = [getattr(losses, name) for name in losses.__all__]
    return [kind for kind in found if _is_class(kind) and kind is not Loss]


def call(kind: Any) -> str:
    """Write the call that makes a loss, with its parameters."""
    module = "gradpair." if kind in public() else ""
    inside = ", ".join(
        f"{name}={'...' if field.default is dataclasses.MISSING else repr(field.default)}"
        for name, field in parameters(kind).items()
    )
    return f"{module}{kind.__name__}({inside})"


def _by_name(text: str) -> str:
    """Write the loss whose name is most like a text."""
    wanted = "".join(filter(str.isalpha, text.lower()))
    if wanted.startswith("balance"):
        return "gradpair.WeightedCrossEntropy.balanced"
    names = {kind.__name__.lower(): kind for kind in public()}
    alike = [name for name in names if wanted and wanted in name]
    alike += difflib.get_close_matches(wanted, names)
    return call(names[(*alike, "binarycrossentropy")[0]])
