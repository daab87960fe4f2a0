"""Which host an estimator is of, and what cannot be one."""

import sys
from types import ModuleType
from typing import Any

from gradpair._hosts import record
from gradpair._hosts.params import qualified_name
from gradpair._validation import described
from gradpair.losses import Loss
from gradpair.sklearn import _loss


def estimator_and_host(estimator: Any, loss: Any) -> tuple[Any, ModuleType]:
    """Return the estimator, or the default one, and the adapter of its host."""
    _refuse_mistakes(estimator, loss)
    if estimator is None:
        for host in record.installed():
            adapter = host.adapter()
            return adapter.ESTIMATOR(**adapter.QUIET), adapter
        extras = " or ".join(f"'gradpair[{name}]'" for name in record.HOSTS)
        msg = f"estimator=None needs a host: pip install {extras}"
        raise ModuleNotFoundError(msg)
    return estimator, host_of(estimator)


def host_of(estimator: object) -> ModuleType:
    """Return the adapter of an estimator's host, which is imported already if it is one."""
    if adapter := _adapter_of(type(estimator)):
        return adapter
    kinds = [qualified_name(host.adapter().ESTIMATOR) for host in record.installed()]
    msg = (
        f"estimator must be one of {', '.join(kinds)}, or None; got {described(estimator)}. In a "
        f"pipeline or a search, BoostingClassifier goes inside of it."
    )
    raise TypeError(msg)


def _adapter_of(kind: object) -> ModuleType | None:
    """Return the adapter of the host that a class of estimators is of, if it is of one."""
    for name in record.HOSTS:
        if sys.modules.get(name) is not None:
            adapter = record.load(name).adapter()
            if isinstance(kind, type) and issubclass(kind, adapter.ESTIMATOR):
                return adapter
    return None


def _refuse_mistakes(estimator: Any, loss: Any) -> None:
    """Say what to write where estimator and loss are not where they belong."""
    kind = estimator if isinstance(estimator, type) else type(estimator)
    objective = getattr(estimator, "objective", None)
    if issubclass(kind, Loss):
        other = loss if isinstance(loss, type) else type(loss)
        host = other.__name__ if _adapter_of(other) else "XGBClassifier"
        msg = (
            f"estimator is a loss, {_written(estimator)}: write "
            f"BoostingClassifier({host}(...), loss={_written(estimator)})."
        )
    elif isinstance(estimator, type) and _adapter_of(kind):
        msg = f"estimator must be an instance, not the class: write {kind.__name__}()."
    elif not isinstance(estimator, type) and _adapter_of(type(loss)):
        msg = f"loss is an estimator, a {type(loss).__name__}: pass it as estimator=."
    elif _adapter_of(kind) and (isinstance(objective, Loss) or objective in _loss.public()):
        msg = (
            f"{kind.__name__}(objective={_written(objective)}) passes a loss to the host, which "
            f"cannot train with it: write BoostingClassifier({kind.__name__}(...), "
            f"loss={_written(objective)})."
        )
    else:
        return
    raise TypeError(msg)


def _written(loss: Any) -> str:
    """Write a loss as code; of a class, the call that makes one."""
    return _loss.call(loss) if isinstance(loss, type) else f"gradpair.{loss!r}"
