"""Checks of what the user hands to an adapter: data, boosters, parameters."""

from collections.abc import Mapping
from typing import Any

from gradpair.losses import Loss, check_loss


def qualified_name(kind: type) -> str:
    """Name a host's type as its users write it."""
    package = kind.__module__.partition(".")[0]
    return kind.__name__ if package == "builtins" else f"{package}.{kind.__name__}"


def check_type(name: str, value: object, expected: type, way_out: str) -> None:
    """Refuse anything but the host's own type."""
    if not isinstance(value, expected):
        found = qualified_name(type(value))
        msg = f"{name} must be a {qualified_name(expected)}; got a {found}. {way_out}"
        raise TypeError(msg)


def training_params(
    params: object, loss: Loss, name: str, data: object, expected: type
) -> dict[str, Any]:
    """Check what a training is given, and return a copy of its parameters."""
    check_loss(loss)
    check_type(name, data, expected, "Build one with label= and, if rows are weighted, weight=.")
    return copied(params)


def copied(params: object) -> dict[str, Any]:
    """Check the parameters of a training, and return a copy of them."""
    if params is None:
        return {}
    if not isinstance(params, Mapping):
        msg = f"params must be a dict; got a {type(params).__name__}."
        raise TypeError(msg)
    return dict(params)


def check_continued(name: str, found: str, native: str, constant: float | None, start: str) -> None:
    """Check that a model to continue is one of probabilities, and that no start is asked for."""
    if constant is not None:
        msg = (
            f"a continued model keeps its own start, and another would move all its predictions; "
            f"drop constant= and {start}, or do not pass {name}."
        )
        raise ValueError(msg)
    if found != native:
        msg = (
            f"{name} has objective {found!r} and does not predict probabilities; only a model "
            f"of objective {native!r}, such as train returns, can be continued."
        )
        raise ValueError(msg)


def refuse_other_objective(value: object, native: str) -> None:
    """Refuse an objective other than the host's name for a binary target."""
    if callable(value):
        msg = (
            "objective is a callable, but here it is made of loss=: drop it and pass the loss, or "
            "hand your objective to the host itself."
        )
        raise ValueError(msg)  # noqa: TRY004 - a callable is right elsewhere
    if value is not None and value != native:
        msg = (
            f"objective must be {native!r} or absent, since the model predicts probabilities of a "
            f"binary target; got {value!r}."
        )
        raise ValueError(msg)


def refuse(params: Mapping[str, Any], name: str, neutral: float, way_out: str) -> None:
    """Refuse a parameter that the host ignores beside a custom objective, unless it is neutral."""
    if params.get(name) is not None and number(params[name]) != neutral:
        way_out = way_out.format(value=params[name])
        msg = f"{name} has no effect beside a custom objective; drop it and {way_out}."
        raise ValueError(msg)


def number(value: object) -> float | None:
    """Read a host's numeric or boolean parameter; None is neither."""
    word = str(value).strip().lower()
    try:
        return float({"true": "1", "false": "0"}.get(word, word))
    except ValueError:
        return None
