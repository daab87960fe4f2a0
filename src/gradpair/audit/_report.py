"""What an audit says: findings and the report that holds them."""

import dataclasses
import math
import textwrap
from collections.abc import Iterable
from typing import Any, Literal, final

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


@final
@dataclasses.dataclass(frozen=True)
class Point:
    """A row at which an objective was called: what it gave there, and what it should have given.

    ``raw_prediction`` is the margin, a log-odds; ``expected`` is None where it is no one number.

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
    """One thing that an audit found, what to do about it, and the row where it shows most.

    An error makes wrong models or none; a warning may, in some use; a note is for information.
    ``code`` is its short, stable name.

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
        details = [f"-> {self.advice}"] if self.point is None else [self.point, f"-> {self.advice}"]
        head = _wrapped(f"{self.severity} [{self.code}] {self.what}")
        return "\n".join([head, *(_wrapped(detail, "    ") for detail in details)])


@final
@dataclasses.dataclass(frozen=True)
class Report:
    """What :func:`~gradpair.check_objective` returns; ``print`` it.

    ``objective`` is its name, ``kind`` how it was called: "loss", "sklearn", or the name of a host.
    The most severe of the ``findings`` come first.

    Examples
    --------
    >>> import gradpair as gp
    >>> report = gp.check_objective(gp.BinaryCrossEntropy())
    >>> report.raise_for_findings("warning")
    >>> report.to_dict()
    {'objective': 'BinaryCrossEntropy()', 'kind': 'loss', 'ok': True, 'findings': []}
    >>> print(report)
    BinaryCrossEntropy() as loss: nothing found.
    """

    objective: str
    kind: str
    findings: tuple[Finding, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "findings", tuple(gravest_first(self.findings)))

    @property
    def ok(self) -> bool:
        """Whether no finding is an error."""
        return not any(found.severity == "error" for found in self.findings)

    def raise_for_findings(self, severity: Severity = "error") -> None:
        """Raise an AssertionError with the report if anything this severe was found; for tests."""
        if severity not in SEVERITIES:
            msg = f"severity must be 'error', 'warning' or 'note'; got {severity!r}."
            raise ValueError(msg)
        raising = SEVERITIES[: SEVERITIES.index(severity) + 1]
        if any(found.severity in raising for found in self.findings):
            raise AssertionError(str(self))

    def to_dict(self) -> dict[str, Any]:
        """Return the report as a dict that strict JSON can hold: nan and inf become words."""
        findings = [dataclasses.asdict(found, dict_factory=_jsonable) for found in self.findings]
        return {"objective": self.objective, "kind": self.kind, "ok": self.ok, "findings": findings}

    def __str__(self) -> str:
        found = [finding.severity for finding in self.findings]
        counts = [(found.count(severity), severity) for severity in SEVERITIES]
        told = ", ".join(f"{n} {name}{'s' if n > 1 else ''}" for n, name in counts if n)
        head = _wrapped(f"{self.objective} as {self.kind}: {told or 'nothing found'}.")
        return "\n\n".join([head, *map(str, self.findings)])


def gravest_first(findings: Iterable[Finding]) -> list[Finding]:
    """Sort findings by severity, and leave those of one severity in their order."""
    return sorted(findings, key=lambda found: SEVERITIES.index(found.severity))


def _wrapped(text: object, indent: str = "") -> str:
    return textwrap.fill(str(text), 80, initial_indent=indent, subsequent_indent="    ")


def _jsonable(items: list[tuple[str, Any]]) -> dict[str, Any]:
    odd = {k: str(v) for k, v in items if isinstance(v, float) and not math.isfinite(v)}
    return dict(items) | odd
