"""Edits of LightGBM's model text: a model of a custom objective becomes one of objective binary."""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import lightgbm as lgb

from gradpair.lightgbm import _params

NATIVE = "binary sigmoid:1"  # of a model that predicts sigmoid(raw score)
_MARKED = f"[{_params.MARKED}: {_params.MARK}]"
# What a model keeps of the machines that trained it: a refit would look for them.
_NETWORK = {
    "tree_learner": "serial",
    "num_machines": "1",
    "local_listen_port": "12400",
    "machines": "",
}
_TREE = re.compile(r"^Tree=\d+\n.*?\n\n\n", re.MULTILINE | re.DOTALL)
# Leaves and nodes; of linear trees, constants and coefficients.
_VALUES = re.compile(r"^(leaf_value|internal_value|leaf_const|leaf_coeff)=(.+)$", re.MULTILINE)


class FirstTree(NamedTuple):
    """What is read of the first tree."""

    leaves: list[float]
    shrinkage: float
    linear: bool


def objective_of(text: str) -> str | None:
    """Return the objective in the head of a model text; None is a custom one."""
    found = re.findall(r"^objective=(.*)$", text.partition("\nTree=")[0], re.MULTILINE)
    return found[0] if found else None


def structures(booster: lgb.Booster) -> list[Any]:
    """Return the splits of each tree, without the values of its leaves."""
    return [_structure(tree["tree_structure"]) for tree in booster.dump_model()["tree_info"]]


def _structure(node: dict[str, Any]) -> Any:
    if "split_feature" not in node:
        return ()
    children = _structure(node["left_child"]), _structure(node["right_child"])
    return node["split_feature"], node["threshold"], children


def is_marked(text: str) -> bool:
    """Whether the text is of a Booster that was saved while gradpair trained it, start included."""
    return f"\n{_MARKED}\n" in text


def native_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a Booster of objective binary."""
    dropped = {*_NETWORK, "time_out"} if params.get("machines") else ()
    kept = {n: value for n, value in params.items() if value != _params.MARK and n not in dropped}
    return {**kept, "objective": "binary"}


def with_shift(booster: lgb.Booster, shift: float, *, slope: float = 1.0) -> lgb.Booster:
    """Return a new Booster of objective binary, whose raw scores are ``slope * raw + shift``.

    A new one, since a Booster that was updated with a custom objective refuses to be refitted.
    """
    text = text_with_shift(booster.model_to_string(num_iteration=-1), shift, slope=slope)
    try:
        edited = lgb.Booster(model_str=text)
    except lgb.basic.LightGBMError as error:
        msg = f"LightGBM {lgb.__version__} does not load its own model text after the edit: {error}"
        raise RuntimeError(msg) from error
    edited.params = native_params(booster.params)
    edited.best_iteration, edited.best_score = booster.best_iteration, booster.best_score
    return edited


def text_with_shift(text: str, shift: float, *, slope: float = 1.0) -> str:
    """Return the text with objective binary, whose raw scores are ``slope * raw + shift``."""
    _check(text)
    text = _alone(_native(text))
    text = _scale_trees(text, slope) if slope != 1 else text
    # As LightGBM does where it adds its own start: the tree is no longer a scaled one.
    return _shift_first_tree(text, shift, shift, "1") if shift else text


def text_with_start(text: str, start: float, shrinkage: float) -> str:
    """Return the text with objective binary, of a model whose leaves in tree 0 hold ``start``.

    ``shrinkage`` is that of tree 0 when the start came into it. Dart scales both from then on.
    """
    _check(text)
    scale = first_tree(text).shrinkage / shrinkage
    return _shift_first_tree(_native(text), 0.0, start * scale, f"{scale:.6g}")


def first_tree(text: str) -> FirstTree:
    """Read the first tree."""
    tree = _text_of_first_tree(text)

    def values(name: str) -> str:
        found = re.findall(rf"^{name}=(.+)$", tree, re.MULTILINE)
        _check_once(len(found), f"{name} of tree 0")
        return str(found[0])

    leaves = [float(value) for value in values("leaf_value").split()]
    return FirstTree(leaves, float(values("shrinkage")), values("is_linear") == "1")


def _native(text: str) -> str:
    """Return the text with objective binary."""
    text = text.replace(f"\n{_MARKED}\n", f"\n[{_params.MARKED}: ]\n", 1)
    if objective_of(text) == NATIVE:
        return text
    text = _edit_once(text, r"^(?=feature_names=)", f"objective={NATIVE}\n", "feature_names")
    custom, binary = r"^\[objective: .*\]$", "[objective: binary]"
    return _edit_once(text, custom, binary, "the objective parameter")


def _alone(text: str) -> str:
    """Return the text without the network of its training."""
    if re.search(r"^\[machines: .+\]$", text, re.MULTILINE):
        for name, value in _NETWORK.items():
            text = _edit_once(text, rf"^\[{name}: .*\]$", f"[{name}: {value}]", name)
    return text


def check_native(booster: lgb.Booster) -> None:
    """Refuse a model that does not predict probabilities."""
    if (found := objective_of(booster.model_to_string(num_iteration=1))) != NATIVE:
        msg = (
            f"the booster has objective {found or 'none'!r} and predicts no probabilities; make it "
            f"native first: gradpair.lightgbm.to_native(booster, loss, constant=...)."
        )
        raise ValueError(msg)


def _check(text: str) -> None:
    """Refuse a model that cannot be made one of objective binary."""
    if (name := objective_of(text)) not in (None, NATIVE):
        msg = f"the booster has objective {name!r}; only a custom one can be made native."
    elif "\nnum_tree_per_iteration=1\n" not in text or "\naverage_output\n" in text:
        msg = "the booster has several classes or averaged trees; gradpair cannot make it native."
    elif "\nTree=0\n" not in text:
        msg = "the booster has no tree yet; train it first."
    else:
        return
    raise ValueError(msg)


def _scale_trees(text: str, slope: float) -> str:
    """Multiply all that a tree adds to raw scores, and tell the sizes of the trees anew."""

    def scaled(line: re.Match[str]) -> str:
        return f"{line[1]}=" + " ".join(repr(float(v) * slope) for v in line[2].split())

    sizes: list[str] = []

    def tree(found: re.Match[str]) -> str:
        edited = _VALUES.sub(scaled, found.group())
        sizes.append(str(len(edited.encode())))
        return edited

    text = _TREE.sub(tree, text)
    if len(sizes) != text.count("\nTree="):
        msg = f"the model text of LightGBM {lgb.__version__} is not as expected: {len(sizes)} trees"
        raise RuntimeError(msg)
    return _edit_once(text, r"^tree_sizes=.*$", f"tree_sizes={' '.join(sizes)}", "tree_sizes")


def _text_of_first_tree(text: str) -> str:
    found = re.search(r"^Tree=0\n.*?\n\n", text, re.MULTILINE | re.DOTALL)
    return found.group() if found else ""


def _shift_first_tree(text: str, leaves: float, inner: float, shrinkage: str) -> str:
    """Add to tree 0, where LightGBM's own objectives keep their start."""
    tree = new = _text_of_first_tree(text)
    # The values of leaves and, in trees with splits, of inner nodes; the constants of linear trees.
    for name, shift in (("leaf_value", leaves), ("internal_value", inner), ("leaf_const", leaves)):
        if shift and (name == "leaf_value" or re.search(rf"^{name}=.", new, re.MULTILINE)):
            new = _edit_once(new, rf"^({name})=(.+)$", _shifted(shift), f"{name} of tree 0")
    new = _edit_once(new, r"^shrinkage=.*$", f"shrinkage={shrinkage}", "shrinkage of tree 0")
    growth = len(new) - len(tree)
    text = _edit_once(
        text, r"^tree_sizes=(\d+)", lambda size: f"tree_sizes={int(size[1]) + growth}", "tree_sizes"
    )
    return text.replace(tree, new, 1)


def _shifted(shift: float) -> Callable[[re.Match[str]], str]:
    """Return the function that adds ``shift`` to every number of a line."""
    return lambda line: f"{line[1]}=" + " ".join(repr(float(v) + shift) for v in line[2].split())


def _edit_once(
    text: str, pattern: str, replacement: str | Callable[[re.Match[str]], str], what: str
) -> str:
    """Replace what occurs exactly once."""
    edited, count = re.subn(pattern, replacement, text, flags=re.MULTILINE)
    _check_once(count, what)
    return edited


def _check_once(count: int, what: str) -> None:
    if count != 1:
        msg = (
            f"the model text of LightGBM {lgb.__version__} is not as expected: {what} occurs "
            f"{count} times instead of once."
        )
        raise RuntimeError(msg)
