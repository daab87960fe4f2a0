"""What an audit says: findings and the report that holds them."""

import dataclasses
import math
import textwrap
from typing import Any, Literal, final

Severity = Literal["error", "warning", "note"]

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
_WIDTH = 80


@final
@dataclasses.dataclass(frozen=True)
class Point:
    """A row at which an objective was called, and what it gave there.

    Parameters
    ----------
    y_true : float
        The label.
    raw_prediction : float
        The margin, a log-odds.
    got : float
        What the objective returned.
    expected : float or None
        What it should have returned, where that is a single number.

    Examples
    --------
    >>> from gradpair.audit import Point
    >>> print(Point(y_true=1.0, raw_prediction=-2.0, got=0.88, expected=-0.88))
    worst at y = 1, z = -2: got 0.88, expected -0.88
    """

    y_true: float
    raw_prediction: float
    got: float
    expected: float | None = None

    def __str__(self) -> str:
        where = f"worst at y = {self.y_true:g}, z = {self.raw_prediction:g}: got {self.got:.6g}"
        return where if self.expected is None else f"{where}, expected {self.expected:.6g}"


@final
@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing that an audit found.

    Parameters
    ----------
    severity : {"error", "warning", "note"}
        An error makes wrong models or none; a warning may, in some use; a note is for information.
    code : str
        Short, stable name of what was found, such as ``"weights-dropped"``.
    what : str
        What was found.
    advice : str
        What to do about it.
    point : Point or None
        The row where it shows most.

    Examples
    --------
    >>> from gradpair.audit import Finding
    >>> print(Finding("error", "averaged", "Derivatives shrink as rows are added.", "Do not."))
    error [averaged] Derivatives shrink as rows are added.
        -> Do not.
    """

    severity: Severity
    code: str
    what: str
    advice: str
    point: Point | None = None

    def __str__(self) -> str:
        lines = _wrapped(f"{self.severity} [{self.code}] {self.what}", "")
        if self.point is not None:
            lines += _wrapped(str(self.point), "    ")
        return "\n".join([*lines, *_wrapped(f"-> {self.advice}", "    ")])


@final
@dataclasses.dataclass(frozen=True)
class Report:
    """What :func:`~gradpair.check_objective` returns; ``print`` it.

    Parameters
    ----------
    objective : str
        Name of the audited objective.
    kind : str
        How it was called: "loss", "xgboost", "lightgbm" or "sklearn".
    findings : tuple of Finding
        The most severe first.

    Examples
    --------
    >>> import gradpair as gp
    >>> report = gp.check_objective(gp.BinaryCrossEntropy())
    >>> report.ok, report.findings
    (True, ())
    >>> print(report)
    BinaryCrossEntropy() as loss: nothing found.
    """

    objective: str
    kind: str
    findings: tuple[Finding, ...]

    def __post_init__(self) -> None:
        ordered = sorted(self.findings, key=lambda found: SEVERITIES.index(found.severity))
        object.__setattr__(self, "findings", tuple(ordered))

    @property
    def ok(self) -> bool:
        """Whether no finding is an error."""
        return not any(found.severity == "error" for found in self.findings)

    def raise_for_findings(self, severity: Severity = "error") -> None:
        """Raise if anything of this severity or a higher one was found; for test-suites.

        Parameters
        ----------
        severity : {"error", "warning", "note"}
            The least severity that raises.

        Raises
        ------
        AssertionError
            With the report as its message.
        ValueError
            ``severity`` is none of the three.

        Examples
        --------
        >>> import gradpair as gp
        >>> gp.check_objective(gp.FocalLoss(gamma=2.0)).raise_for_findings("warning")
        """
        if severity not in SEVERITIES:
            msg = f"severity must be 'error', 'warning' or 'note'; got {severity!r}."
            raise ValueError(msg)
        raising = SEVERITIES[: SEVERITIES.index(severity) + 1]
        if any(found.severity in raising for found in self.findings):
            raise AssertionError(str(self))

    def to_dict(self) -> dict[str, Any]:
        """Return the report as a dict that strict JSON can hold: nan and inf become words.

        Examples
        --------
        >>> import gradpair as gp
        >>> gp.check_objective(gp.BinaryCrossEntropy()).to_dict()
        {'objective': 'BinaryCrossEntropy()', 'kind': 'loss', 'ok': True, 'findings': []}
        """
        findings = [dataclasses.asdict(found) for found in self.findings]
        for found in findings:
            if found["point"] is not None:
                found["point"] = {name: _jsonable(value) for name, value in found["point"].items()}
        return {
            "objective": self.objective,
            "kind": self.kind,
            "ok": self.ok,
            "findings": findings,
        }

    def __str__(self) -> str:
        found = [finding.severity for finding in self.findings]
        counts = [(found.count(severity), severity) for severity in SEVERITIES]
        told = ", ".join(f"{n} {name}{'s' if n > 1 else ''}" for n, name in counts if n)
        head = _wrapped(f"{self.objective} as {self.kind}: {told or 'nothing found'}.", "")
        return "\n\n".join(["\n".join(head), *map(str, self.findings)])


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=indent, subsequent_indent=indent or "    ")


def _jsonable(value: float | None) -> float | str | None:
    return value if value is None or math.isfinite(value) else str(value)
