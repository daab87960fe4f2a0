"""Keywords of the constructor, of ``fit`` and of ``predict``, and what is said of unknown ones."""

import difflib
import functools
import inspect
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any, NoReturn, ParamSpec, TypeVar

from gradpair._hosts import record
from gradpair.losses import parameters
from gradpair.sklearn import _loss

P = ParamSpec("P")
T = TypeVar("T")

OWN = ("sample_weight", "offset", "eval_set", "eval_X", "eval_y")  # keywords of fit itself
# What else metadata routing can request: the keywords of the hosts' own methods.
FIT, ROUNDS = (
    tuple(sorted({name for names in keywords.values() for name in names.split()}))
    for keywords in (record.FIT, record.PREDICT)
)


def explains_unknown(init: Callable[P, None]) -> Callable[P, None]:
    """Make a constructor say where a keyword that it does not know belongs."""
    known = [name for name in inspect.signature(init).parameters if name != "self"]

    @functools.wraps(init)
    def checked(*args: P.args, **kwargs: P.kwargs) -> None:
        for name in kwargs:
            if name not in known:
                _refuse_keyword(name, known)
        init(*args, **kwargs)

    return checked


def all_or_nothing(fit: Callable[P, T]) -> Callable[P, T]:
    """Make a method leave its object as it was where it raises an error."""

    @functools.wraps(fit)
    def fitted(*args: P.args, **kwargs: P.kwargs) -> T:
        attributes: Any = vars(args[0])
        before = dict(attributes)
        try:
            return fit(*args, **kwargs)
        except BaseException:
            attributes.clear()
            attributes.update(before)
            raise

    return fitted


def _refuse_keyword(name: str, known: list[str]) -> NoReturn:
    """Say whether an estimator or a loss has a parameter of this name."""
    head, nested, _ = name.partition("__")
    places = [] if nested else [
        f"estimator={kind.__name__}({name}=...)"
        for kind in (host.adapter().ESTIMATOR for host in record.installed())
        if name in of_estimator(kind())
    ]  # fmt: skip
    places += [f"loss={_loss.call(kind)}" for kind in _loss.public() if name in parameters(kind)]
    if places:
        hint = f"it is a parameter of what is passed to it: write {' or '.join(places)}"
    elif nested and head in known:
        hint = f"nested parameters are set afterwards: set_params({name}=...)"
    else:
        hint = _alike(name, known)
    msg = f"BoostingClassifier takes no {name}; {hint}. It takes {', '.join(known)}."
    raise TypeError(msg)


def check_fit(estimator: Any, host: ModuleType, given: dict[str, Any]) -> None:
    """Refuse keywords of ``fit`` that its host does not know, or that have another place here."""
    kind = host.ESTIMATOR.__name__
    for name, way_out in host.REFUSED.items():
        if given.get(name) is not None:
            msg = f"fit takes no {name}; {way_out}."
            raise ValueError(msg)
    own = [
        n for n in inspect.signature(host.ESTIMATOR.fit).parameters if n not in ("self", "X", "y")
    ]
    own += [host.EVAL_WEIGHT, host.EVAL_OFFSET]
    known = sorted({*OWN, *own} - host.REFUSED.keys())
    for name in given:
        if name in (*known, *host.REFUSED):
            continue
        if name in of_estimator(estimator):
            hint = f"it is a parameter of the estimator: {kind}({name}=...)"
        else:
            hint = _other_name(name, host) or _alike(name, known)
        msg = f"fit takes no {name} with {kind}; {hint}. It takes {', '.join(known)}."
        raise TypeError(msg)


def of_estimator(estimator: Any) -> set[str]:
    """Return the names of an estimator's parameters, of which not all tell those that are unset."""
    declared = inspect.signature(type(estimator)).parameters.values()
    return {
        *estimator.get_params(deep=False),
        *(p.name for p in declared if p.kind is not p.VAR_KEYWORD),
    }


def _other_name(name: str, host: ModuleType) -> str:
    """Say what the host calls what is another host's name for it."""
    adapters = [other.adapter() for other in record.installed()]
    names = [(other.EVAL_WEIGHT, host.EVAL_WEIGHT) for other in adapters]
    names += [(other.EVAL_OFFSET, host.EVAL_OFFSET) for other in adapters]
    return f"its name there is {dict(names)[name]}" if name in dict(names) else ""


def rounds(host: ModuleType, given: dict[str, Any]) -> dict[str, Any]:
    """Return the keywords of ``predict`` that say with which rounds."""
    kind = host.ESTIMATOR.__name__
    known = ["offset", *host.ROUNDS]
    for name, value in given.items():
        if name in host.ROUNDS:
            continue
        if value is None and name in ROUNDS:
            continue
        if name in ROUNDS:
            hint = f"its name there is {' and '.join(host.ROUNDS)}"
        else:
            hint = host.PREDICT_REFUSED.get(name) or _alike(name, known)
        msg = f"a prediction takes no {name} with {kind}; {hint}. It takes {', '.join(known)}."
        raise TypeError(msg)
    return {name: given[name] for name in host.ROUNDS if given.get(name) is not None}


def _alike(name: str, known: Iterable[str]) -> str:
    """Say what a name is perhaps meant to be."""
    alike = difflib.get_close_matches(name, list(known), n=1)
    return f"is {alike[0]} meant?" if alike else "there is no such keyword"
