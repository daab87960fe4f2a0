"""Arguments by position, as the host still takes them."""

import functools
import inspect
import warnings
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def as_in(host: Callable[..., Any]) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Take keyword arguments by position in the host's order, and with its warning if it has one.

    Order and warning are read from the host: ``train`` of 2.1 has ``feval`` between ``obj`` and
    ``maximize``, and its ``cv`` does not warn.
    """
    theirs = inspect.signature(host).parameters

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        ours = inspect.signature(function).parameters.values()
        leading = sum(p.kind is not p.KEYWORD_ONLY for p in ours)
        names = list(theirs)[leading:]

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> T:
            named = dict(zip(names, args[leading:], strict=False))
            if len(args) > leading + len(names) or named.keys() & kwargs.keys():
                return function(*args, **kwargs)  # which says what is wrong
            late = [name for name in named if theirs[name].kind is inspect.Parameter.KEYWORD_ONLY]
            if late:
                msg = f"Pass `{', '.join(late)}` as keyword args."
                warnings.warn(msg, FutureWarning, stacklevel=2)
            return function(*args[:leading], **named, **kwargs)

        return call

    return decorate
