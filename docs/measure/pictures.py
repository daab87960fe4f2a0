"""Draw every loss, its gradient and its hessian, as docs/losses.md shows them.

``--write`` puts the pictures into docs/images/losses and their list into the page; without it they
are drawn into ``--folder``. Which losses are drawn is listed in the tests' table.
"""

import argparse
import re
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np

ROOT = Path(__file__).parents[2]
PLACE = ROOT / "docs" / "images" / "losses"
PAGE = ROOT / "docs" / "losses.md"
BLOCK = re.compile(r"(<!-- pictures -->\n).*?(<!-- end of pictures -->)", re.DOTALL)
sys.path.insert(0, str(ROOT / "tests"))

import gradpair as gp  # noqa: E402 - the path comes first
from helpers.table import PICTURED  # noqa: E402

mpl.use("svg")
STYLE = {
    "svg.hashsalt": "gradpair",  # the same file in every run
    "svg.fonttype": "none",
    "path.simplify": False,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "sans-serif"],
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "lines.linewidth": 1.8,
}
PLAIN = gp.BinaryCrossEntropy()
# Told apart without colours too, and where one lies on the other.
LINES = {1: {"color": "#0b62c4"}, 0: {"color": "#c2410c", "dashes": (4, 2)}}
REFERENCE = {"color": "0.6", "linewidth": 1.1, "dashes": (1, 1.5)}
Z = np.linspace(-6, 6, 121)


def curves(loss, label):
    """Loss, gradient and hessian of rows of one label."""
    y = np.full(Z.size, float(label))
    return loss.loss(y, Z), *loss.gradient_hessian(y, Z)


def file_name(loss):
    """The class in lower case, as the pages of derivations are called."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(loss).__name__).lower()


def drawn(loss):
    """A figure of the three, side by side."""
    from matplotlib import pyplot as plt  # noqa: PLC0415 - once the backend is set

    figure, axes = plt.subplots(1, 3, figsize=(9, 2.9), facecolor="white")
    # In fixed places, whatever the fonts.
    figure.subplots_adjust(left=0.045, right=0.99, top=0.82, bottom=0.17, wspace=0.2)
    for order, (panel, title) in enumerate(zip(axes, ("loss", "gradient", "hessian"), strict=True)):
        panel.axhline(0, color="0.8", linewidth=0.8, zorder=0)
        panel.axvline(0, color="0.8", linewidth=0.8, zorder=0)
        panel.set_title(title)
        panel.set(xlim=(Z[0], Z[-1]), xlabel="raw prediction z")
        for label, line in LINES.items():
            if loss != PLAIN:
                panel.plot(Z, curves(PLAIN, label)[order], **REFERENCE)
            panel.plot(Z, curves(loss, label)[order], gid=f"{title} of {label}", **line)
    handles = [mpl.lines.Line2D([], [], **line) for line in LINES.values()]
    handles.append(mpl.lines.Line2D([], [], **REFERENCE))
    names = ["label 1", "label 0", "cross-entropy"][: 2 if loss == PLAIN else 3]
    figure.legend(
        handles[: len(names)], names, ncols=3, columnspacing=1.2, loc="upper right", frameon=False
    )
    figure.text(0.045, 0.94, repr(loss), fontsize=9, va="center")
    return figure


def described(loss):
    """The picture in words."""
    words, middle = [], Z.size // 2
    for label in LINES:
        value, gradient, hessian = curves(loss, label)
        text = f"at 0 a {label} costs {value[middle]:.2f}, with gradient {gradient[middle]:.2f}"
        text += f" and hessian {hessian[middle]:.2f}"
        if (hessian < 0).any():
            low, high = Z[hessian < 0][[0, -1]]
            text += f", which is negative from {low:.1f} to {high:.1f}"
        words.append(text)
    span = f"raw predictions from {Z[0]:g} to {Z[-1]:g}"
    return f"Loss, gradient and hessian of {loss!r} for {span}: {'; '.join(words)}."


def rendered(text):
    """The page with the list of pictures."""
    lines = []
    for loss in PICTURED:
        name = file_name(loss)
        lines.append(f"### {type(loss).__name__}\n\n")
        lines.append(f"![{described(loss)}](images/losses/{name}.svg)\n\n")
        lines.append(f"[Derivation](derivations/{name}.md)\n\n")
    return BLOCK.sub(lambda found: f"{found[1]}\n{''.join(lines)}{found[2]}", text)


def draw(folder):
    """Draw all of them into a folder."""
    from matplotlib import pyplot as plt  # noqa: PLC0415 - once the backend is set

    with mpl.rc_context(STYLE):
        for loss in PICTURED:
            path, figure = folder / f"{file_name(loss)}.svg", drawn(loss)
            figure.savefig(path, metadata={"Date": None, "Creator": None})
            plt.close(figure)
            text = path.read_text(encoding="utf-8")
            # A hundredth of a point is enough, and the file half as large.
            text = re.sub(r"\d+\.\d{3,}", lambda number: f"{float(number[0]):.2f}", text)
            path.write_text(text.replace(" \nL ", " L "), encoding="utf-8")


def main(argv=None):
    """Draw the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path())
    parser.add_argument("--write", action="store_true", help="draw into docs/images/losses")
    options = parser.parse_args(argv)
    if options.write:
        PLACE.mkdir(exist_ok=True)
        PAGE.write_text(rendered(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    draw(PLACE if options.write else options.folder)


if __name__ == "__main__":
    main()
