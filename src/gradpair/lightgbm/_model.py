"""Edits of LightGBM's model text: a model of a custom objective becomes one of objective binary."""

import re
from collections.abc import Callable
from typing import Any

import lightgbm as lgb

NATIVE = "binary sigmoid:1"  # of a model that predicts sigmoid(raw score)


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


def with_shift(booster: lgb.Booster, shift: float) -> lgb.Booster:
    """Return a new Booster of objective binary, with ``shift`` added to every raw score.

    A new one, since a Booster that was updated with a custom objective refuses to be refitted.
    """
    text = text_with_shift(booster.model_to_string(num_iteration=-1), shift)
    try:
        edited = lgb.Booster(model_str=text)
    except lgb.basic.LightGBMError as error:
        msg = f"LightGBM {lgb.__version__} does not load its own model text after the edit: {error}"
        raise RuntimeError(msg) from error
    edited.params = {**booster.params, "objective": "binary"}
    edited.best_iteration, edited.best_score = booster.best_iteration, booster.best_score
    return edited


def text_with_shift(text: str, shift: float) -> str:
    """Return the text with objective binary, and ``shift`` added to every raw score."""
    _check(text)
    if objective_of(text) != NATIVE:
        text = _edit_once(text, r"^(?=feature_names=)", f"objective={NATIVE}\n", "feature_names")
        custom, binary = r"^\[objective: .*\]$", "[objective: binary]"
        text = _edit_once(text, custom, binary, "the objective parameter")
    return _shift_first_tree(text, shift) if shift else text


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


def _shift_first_tree(text: str, shift: float) -> str:
    """Add to the leaves of tree 0, where LightGBM's own objectives keep their start."""
    found = re.search(r"^Tree=0\n.*?\n\n", text, re.MULTILINE | re.DOTALL)
    tree = found.group() if found else ""

    def shifted(line: re.Match[str]) -> str:
        return f"{line[1]}=" + " ".join(repr(float(v) + shift) for v in line[2].split())

    new = _edit_once(tree, r"^(leaf_value)=(.+)$", shifted, "leaf_value of tree 0")
    for name in ("internal_value", "leaf_const"):  # of trees with splits, of linear trees
        if re.search(rf"^{name}=.", new, re.MULTILINE):
            new = _edit_once(new, rf"^({name})=(.+)$", shifted, f"{name} of tree 0")
    # As LightGBM does where it adds its own start: the tree is no longer a scaled one.
    new = _edit_once(new, r"^shrinkage=.*$", "shrinkage=1", "shrinkage of tree 0")
    growth = len(new) - len(tree)
    text = _edit_once(
        text, r"^tree_sizes=(\d+)", lambda size: f"tree_sizes={int(size[1]) + growth}", "tree_sizes"
    )
    return text.replace(tree, new, 1)


def _edit_once(
    text: str, pattern: str, replacement: str | Callable[[re.Match[str]], str], what: str
) -> str:
    """Replace what occurs exactly once."""
    edited, count = re.subn(pattern, replacement, text, flags=re.MULTILINE)
    if count != 1:
        msg = (
            f"the model text of LightGBM {lgb.__version__} is not as expected: {what} occurs "
            f"{count} times instead of once."
        )
        raise RuntimeError(msg)
    return edited
