"""The package as it is imported: its names, what it loads, what it says when a host is missing."""

import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import gradpair as gp
from helpers.installed import needs
from helpers.table import LOSSES

ROOT = Path(__file__).parents[1]

HOST = ["cv", "metric", "native", "objective", "recalibrate", "to_native", "train"]
PUBLIC = {
    "gradpair": [
        *{type(loss).__name__ for loss in LOSSES},
        "Loss", "check_objective", "cost_weights", "functional", "kernel_context", "log_sigmoid",
        "logit", "optimal_constant", "set_kernel", "sigmoid", "softplus",
    ],
    "gradpair.audit": ["Finding", "Point", "Report", "check_objective"],
    "gradpair.functional": [
        *(
            f"{loss}{derivative}"
            for loss in ("binary_cross_entropy", "focal_loss", "weighted_cross_entropy")
            for derivative in ("", "_gradient", "_gradient_hessian", "_hessian")
        ),
        "focal_loss_gradient_positive_hessian",
        "log_sigmoid", "logit", "sigmoid", "softplus",
    ],
    "gradpair.xgboost": HOST,
    "gradpair.xgboost.dask": ["train"],
    "gradpair.lightgbm": HOST,
    "gradpair.lightgbm.dask": ["evaluate", "train"],
    "gradpair.catboost": HOST,
    "gradpair.compare": ["Comparison", "compare", "default_estimator"],
    "gradpair.sklearn": ["BoostingClassifier"],
    "gradpair.sklearn.onnx": [],  # importing it is all that it is for
}  # fmt: skip


def run(code):
    """Run code in a fresh interpreter and return what it prints."""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout


@pytest.mark.parametrize("module", PUBLIC)
def test_public_names_are_these_and_each_is_documented(module):
    if module.endswith(".dask"):
        pytest.importorskip("distributed")
    if module == "gradpair.catboost":
        needs("catboost")
    found = importlib.import_module(module)
    assert sorted(found.__all__) == sorted(PUBLIC[module])
    for name in found.__all__:
        documented = getattr(found, name)
        assert documented.__doc__
        if callable(documented):
            assert ">>>" in documented.__doc__


def test_importing_gradpair_loads_numpy_and_nothing_heavier():
    heavy = (
        "scipy",
        "dask",
        "xgboost",
        "lightgbm",
        "catboost",
        "sklearn",
        "numba",
        "pandas",
        "matplotlib",
        "rich",
    )
    code = f"import sys, gradpair; print([m for m in {heavy!r} if m in sys.modules])"
    assert run(code).strip() == "[]"


def test_the_main_path_of_the_core_needs_no_scipy():
    code = (
        "import sys; sys.modules['scipy'] = None; import gradpair as gp;"
        "loss = gp.WeightedCrossEntropy.balanced([1, 0, 0]);"
        "print(gp.optimal_constant(loss, [1, 0, 0], offset=[1.0, 0.0, -1.0]))"
    )
    assert float(run(code)) == pytest.approx(gp.optimal_constant(
        gp.WeightedCrossEntropy(2.0), [1, 0, 0], offset=[1.0, 0.0, -1.0]
    ))  # fmt: skip


def test_the_auditor_is_an_attribute_that_loads_on_first_use():
    code = (
        "import sys, gradpair;"
        "print('gradpair.audit' in sys.modules, 'check_objective' in dir(gradpair));"
        "print(gradpair.check_objective is gradpair.audit.check_objective)"
    )
    assert run(code).split() == ["False", "True", "True"]


def test_hosts_are_attributes_that_load_on_first_use():
    code = (
        "import sys, gradpair;"
        "print('gradpair.xgboost' in sys.modules, 'xgboost' in dir(gradpair));"
        "print(gradpair.xgboost.__name__, 'lightgbm' in sys.modules)"
    )
    assert run(code).split() == ["False", "True", "gradpair.xgboost", "False"]


@pytest.mark.parametrize("host", ["xgboost", "lightgbm", "catboost", "sklearn"])
def test_a_missing_host_says_which_extra_to_install(host):
    code = (
        f"import sys; sys.modules[{host!r}] = None; import gradpair\n"
        f"try:\n    gradpair.{host}\nexcept ModuleNotFoundError as e:\n    print(e)"
    )
    assert f"pip install 'gradpair[{host}]'" in run(code)


@pytest.mark.parametrize("host", ["xgboost", "lightgbm"])
def test_a_missing_dask_says_which_extra_to_install(host):
    code = (
        "import sys; sys.modules['distributed'] = None\n"
        f"try:\n    import gradpair.{host}.dask\nexcept ModuleNotFoundError as e:\n    print(e)"
    )
    extras = {"xgboost": "xgboost,dask", "lightgbm": "lightgbm,sklearn,dask"}
    assert f"pip install 'gradpair[{extras[host]}]'" in run(code)


def test_an_unknown_attribute_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'catboots'"):
        gp.catboots  # noqa: B018


@pytest.mark.parametrize(("slip", "name"), [("FocalLos", "FocalLoss"), ("xgbost", "xgboost")])
def test_python_suggests_what_was_meant(slip, name):
    command = [sys.executable, "-c", f"import gradpair; gradpair.{slip}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert f"Did you mean: {name!r}?" in done.stderr


def test_the_version_is_the_changelogs_newest():
    newest = re.search(r"^## \[(\d[^\]]*)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest[1] == gp.__version__


def test_the_extras_name_every_dependency_that_the_readme_needs():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {"xgboost", "lightgbm", "sklearn", "fast", "cli", "compare", "all", "test"} <= set(
        project["optional-dependencies"]
    )
    core = {re.match(r"[a-z]+", requirement)[0] for requirement in project["dependencies"]}
    assert core == {"numpy", "scipy"}
