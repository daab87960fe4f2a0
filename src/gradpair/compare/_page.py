"""The report as a page, and as a part of a notebook."""

import base64
import html
import io
from importlib import resources
from typing import Any

from gradpair.compare._extras import needed
from gradpair.compare._report import Comparison, Kind, number
from gradpair.compare._scores import METRICS
from gradpair.compare._verdict import RULES, digits, signed

_PICTURES: dict[Kind, tuple[str, str]] = {
    "differences": (
        "Differences to the built-in",
        "Bars are intervals, adjusted for the number of claims; grey ones cannot be told from 0.",
    ),
    "precision-recall": ("Precision and recall", "Means over folds; bands are ± 1 deviation."),
    "reliability-raw": (
        "Are the raw probabilities right?",
        "On the diagonal they are. Each point holds a tenth of the positives that are expected.",
    ),
    "reliability": (
        "And recalibrated on held-out rows?",
        "The same after Platt's line, fitted to rows that the model was not trained on.",
    ),
    "cost": (
        "Where to cut",
        "Cost of calling those positive that reach the threshold; the costs imply the dotted one.",
    ),
}
_STYLES = {
    "light": {"text.color": "#1b1b1b", "axes.edgecolor": "#555555"},
    "dark": {"text.color": "#e6e6e6", "axes.edgecolor": "#aaaaaa"},
}


def page(comparison: Comparison) -> str:
    """Return the whole report."""
    environment = needed("jinja2").Environment(autoescape=True, trim_blocks=True)
    template = resources.files("gradpair.compare").joinpath("report.html").read_text("utf-8")
    pictures = [
        {"title": title, "told": told, **_picture(comparison, kind)}
        for kind, (title, told) in _PICTURES.items()
        if comparison.scored and (kind != "differences" or comparison.compared)
    ]
    return str(
        environment.from_string(template).render(
            comparison=comparison,
            verdict=comparison.verdict_lines,
            rules=RULES,
            pictures=pictures,
            titles=[metric.title for metric in METRICS.values()],
            means=_means(comparison),
            differences=_differences(comparison, claims=True),
            others=_differences(comparison, claims=False),
            settings=comparison.settings,
        )
    )


def fragment(comparison: Comparison) -> str:
    """Return the verdict and the table of means, for a notebook's cell."""
    heads = "".join(f"<th>{html.escape(m.short)}</th>" for m in METRICS.values())
    rows = "".join(
        f"<tr><th>{html.escape(name)}</th>" + "".join(f"<td>{cell}</td>" for cell in cells)
        + "</tr>"
        for name, cells in _means(comparison)
    )  # fmt: skip
    told = "<br>".join(map(html.escape, comparison.verdict_lines))
    head = html.escape(comparison.head)
    return f"<p><b>{told}</b></p><p>{head}</p><table><tr><th></th>{heads}</tr>{rows}</table>"


def _means(comparison: Comparison) -> list[tuple[str, list[str]]]:
    return [
        (name, [number(comparison.values(name, metric).mean()) for metric in METRICS])
        for name in comparison.scored
    ]


def _differences(comparison: Comparison, *, claims: bool) -> list[dict[str, Any]]:
    found = []
    for d in comparison.compared:
        if comparison.claims(d.metric) is not claims:
            continue
        n = digits(d)
        interval = f"[{signed(d.low, n)}, {signed(d.high, n)}]"
        told = "better" if d.told and d.better else "worse" if d.told else ""
        found.append(
            {
                "candidate": d.candidate,
                "metric": d.kind.short,
                "difference": signed(d.difference, n),
                "interval": interval,
                "told": told,
            }
        )
    return found


def _picture(comparison: Comparison, kind: Kind) -> dict[str, str]:
    """Draw a picture for light and dark pages."""
    from gradpair.compare._plots import described, figure  # noqa: PLC0415 - an extra

    matplotlib = needed("matplotlib")
    found = {"alt": described(comparison, kind)}
    for name, style in _STYLES.items():
        colours = {
            **style,
            "axes.labelcolor": style["text.color"],
            "xtick.color": style["text.color"],
            "ytick.color": style["text.color"],
            "axes.facecolor": "none",
            "figure.facecolor": "none",
            "font.size": 10,
            "svg.hashsalt": "gradpair",
        }
        with matplotlib.rc_context(colours):
            drawn = io.BytesIO()
            figure(comparison, kind).savefig(drawn, format="svg", metadata={"Date": None})
        found[name] = "data:image/svg+xml;base64," + base64.b64encode(drawn.getvalue()).decode()
    return found
