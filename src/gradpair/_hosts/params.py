"""Checks of what the user hands to an adapter: data, boosters, parameters."""

from collections.abc import Mapping
from typing import Any

WITH_LABELS = "Build one with label= and, if rows are weighted, weight=."


def qualified_name(kind: type) -> str:
    """Name a host's type as its users write it."""
    return f"{kind.__module__.partition('.')[0]}.{kind.__name__}"


def check_type(name: str, value: object, expected: type, way_out: str) -> None:
    """Refuse anything but the host's own type."""
    if not isinstance(value, expected):
        found = qualified_name(type(value))
        msg = f"{name} must be a {qualified_name(expected)}; got a {found}. {way_out}"
        raise TypeError(msg)


def copy_params(params: object) -> dict[str, Any]:
    """Return a copy of the user's parameters."""
    if params is None:
        return {}
    if not isinstance(params, Mapping):
        msg = f"params must be a dict; got a {type(params).__name__}."
        raise TypeError(msg)
    return dict(params)


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
    if params.get(name) is not None and _number(params[name]) != neutral:
        msg = (
            f"{name} has no effect beside a custom objective; drop it and "
            f"{way_out.format(value=params[name])}."
        )
        raise ValueError(msg)


def flag(value: object) -> bool:
    """Read a host's boolean parameter."""
    return bool(_number(value))


def _number(value: object) -> float | None:
    word = str(value).strip().lower()
    try:
        return float({"true": "1", "false": "0"}.get(word, word))
    except ValueError:
        return None
