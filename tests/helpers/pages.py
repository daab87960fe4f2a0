"""The pages of the documentation, and the Python in them."""

import re
from pathlib import Path

import numpy as np

from helpers.hosts import digits

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
MANY_MACHINES = ROOT / "docs/many_machines.md"


def blocks(text):
    """Return the Python blocks of a text."""
    return re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def sections(page):
    """Return the text below each heading of second order."""
    parts = re.split(r"^## (.*)\n", page.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def of_the_reader():
    """Return what stands for the reader's own data."""
    data = digits()
    x = data.x - data.x.mean()  # a reader's features are of any sign
    return {
        "X": np.ascontiguousarray(x[::2]),
        "y": data.y[::2].astype(int),
        "X_new": np.ascontiguousarray(x[1::2]),
        "y_new": data.y[1::2].astype(int),
        "weight": data.weight[::2],
    }


def run(text, **more):
    """Run the Python blocks of a text, one after the other, and return what they leave."""
    names = {**of_the_reader(), **more}
    for number, block in enumerate(blocks(text)):
        exec(compile(block, f"block {number}", "exec"), names)
    return names


def run_section(heading, **more):
    """Run the blocks of a section of the page on many machines."""
    return run(sections(MANY_MACHINES)[heading], **more)
