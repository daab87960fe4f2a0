"""Arguments by position, as the host still takes them."""

import functools
import inspect
import warnings
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def as_in(host: Callable[..., Any]) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Take keyword arguments by position in the host's order, with its warning.

    The order is read from the host: that of 2.1 has ``feval`` between ``obj`` and ``maximize``.
    """
    parameters = inspect.signature(host).parameters.values()
    keywords = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
    leading = len(parameters) - len(keywords)

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> T:
            named = dict(zip(keywords, args[leading:], strict=False))
            if len(args) > leading + len(keywords) or named.keys() & kwargs.keys():
                return function(*args, **kwargs)  # which says what is wrong
            if named:
                msg = f"Pass `{', '.join(named)}` as keyword args."
                warnings.warn(msg, FutureWarning, stacklevel=2)
            return function(*args[:leading], **named, **kwargs)

        return call

    return decorate
