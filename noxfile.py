"""The checks that CI runs, for people: ``nox``, or ``nox -s tests-3.13``."""

import shutil
from pathlib import Path

import nox

nox.needs_version = ">=2024.10"
nox.options.error_on_external_run = True


@nox.session(python=["3.11", "3.13"])
def tests(session):
    """The whole suite with the newest versions; Python 3.12 and later get the newest XGBoost."""
    session.install("--editable", ".[test]")
    session.run("pip", "list")
    session.run("pytest", "-n", "auto", *session.posargs)


@nox.session(python="3.11")
def oldest(session):
    """The tests with the oldest supported versions."""
    session.install("--editable", ".[test]", "--constraint", ".ci/oldest.txt")
    session.run("pytest", "-n", "auto", "tests", *session.posargs)


@nox.session(python="3.11")
def trackers(session):
    """Experiment trackers and pruners around our training."""
    session.install("--editable", ".[test]", "mlflow>=3.1", "optuna>=4", "optuna-integration>=4")
    session.run("pytest", "tests/trackers", *session.posargs)


@nox.session(python="3.11")
def slow(session):
    """What takes minutes: comparisons of noise, and of half a million rows."""
    session.install("--editable", ".[test]")
    session.run("pytest", "-m", "slow", "tests", *session.posargs)


@nox.session(python="3.11")
def browser(session):
    """The report in Chromium, which must be on the PATH."""
    session.install("--editable", ".[test]")
    session.run("pytest", "-m", "browser", "tests", *session.posargs)


@nox.session(python="3.11")
def clusters(session):
    """Clusters of two processes on this machine."""
    session.install("--editable", ".[test]")
    session.run("pytest", "-m", "cluster", "tests/dask", *session.posargs)


@nox.session(python="3.11")
def spark(session):
    """XGBoost in Spark, with two workers on this machine; Java must be on the PATH."""
    session.install("--editable", ".[test,spark]", "pandas<3")  # PySpark 4.3 wants no newer one
    session.run("pytest", "-m", "spark", "tests/spark", *session.posargs)


@nox.session(python="3.11")
def ray(session):
    """XGBoost in Ray, with two workers on this machine."""
    session.install("--editable", ".[test,ray]")
    session.run("pytest", "-m", "ray", "tests/ray", *session.posargs)


@nox.session(python="3.11")
def lint(session):
    """Format, lint, and the direction of imports."""
    session.install("ruff>=0.9", "import-linter>=2.3", "--editable", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("ruff", "check", ".")
    session.run("lint-imports")


@nox.session(python="3.11")
def types(session):
    """Static types: of the package, and of what its users write."""
    session.install("--editable", ".[all]", "mypy>=1.15", "pyright[nodejs]>=1.1.400", "pytest>=8.0")
    session.run("mypy")
    session.run("pytest", "tests/types")


@nox.session(python="3.11")
def package(session):
    """Build, and run the demo from the wheel in an empty environment."""
    session.install("build", "twine>=6.1")
    folder = Path(session.create_tmp()).resolve() / "dist"
    shutil.rmtree(folder, ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", str(folder))
    session.run("twine", "check", "--strict", *map(str, folder.iterdir()))
    wheel = next(folder.glob("*.whl"))
    empty = folder / "empty"
    session.run("python", "-m", "venv", "--clear", str(empty))
    requirement = f"gradpair[all] @ {wheel.as_uri()}"
    session.run(str(empty / "bin/pip"), "install", "--quiet", requirement, external=True)
    session.chdir(empty)
    session.run("bin/gradpair", "demo", external=True)
