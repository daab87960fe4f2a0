"""The verdict: words that follow from the intervals by stated rules."""

from collections.abc import Sequence

from gradpair.compare._candidates import BUILT_IN
from gradpair.compare._statistics import LEVEL, Difference

FEWEST = 10  # rows of the rarer class in a fold, below which nothing is claimed

RULES = (
    f"The verdict tells a difference if its interval leaves out 0, at {LEVEL:.0%} over all that it "
    "could tell (Holm), and if it matters: .001 of average precision, 0.5 % of the built-in "
    "objective's log loss or cost. Intervals are paired by fold, with the corrected resampled t "
    f"statistic of Nadeau and Bengio. With fewer than {FEWEST} rows of the rarer class per fold it "
    "tells nothing."
)


def verdict(
    differences: Sequence[Difference],
    failures: dict[str, str],
    rarest: tuple[float, str],
    folds: int,
) -> list[str]:
    """Return the verdict, one sentence a line.

    ``rarest`` is how many rows of the rarer class a fold has, and what that class is called.
    """
    failed = [f"{name} failed: {why}" for name, why in failures.items()]
    if BUILT_IN in failures:
        return ["the built-in objective failed: there is nothing to compare with", *failed]
    count, name = rarest
    if count < FEWEST:
        return [f"too few {name} to tell: {count:.3g} per fold", *failed]
    if folds < 2:
        return ["one fold is too few to tell", *failed]
    told = [d for d in differences if d.told]
    if not differences:
        return ["no candidate is left to compare with the built-in: keep it", *failed]
    better = [d for d in told if d.better]
    winners = {d.candidate for d in better}
    lines = [_claim(d) for d in better]
    lines += [f"but {_claim(d)}" for d in told if not d.better and d.candidate in winners]
    if not better:
        lines = ["no loss is better than the built-in on this data: keep it"]
    lines += [_claim(d) for d in told if not d.better and d.candidate not in winners]
    return lines + failed


def _claim(d: Difference) -> str:
    does = d.kind.gain if d.better else d.kind.loss
    decimals = digits(d)
    low, high = signed(d.low, decimals, plus=False), signed(d.high, decimals, plus=False)
    return f"{d.candidate} {does}: {signed(d.difference, decimals)} {d.kind.short} [{low}, {high}]"


def digits(d: Difference) -> int:
    """Return how many decimals tell the difference and its interval."""
    size = max(abs(d.low), abs(d.high))
    return 3 if size >= 0.01 or not size else 4 if size >= 0.001 else 5


def signed(value: float, decimals: int, *, plus: bool = True) -> str:
    """Return a number as ``+.012``: a sign, and no zero before the point."""
    text = f"{value:{'+' if plus else ''}.{decimals}f}"
    if float(text) == 0:
        text = text.lstrip("-+")
    return text.replace("0.", ".", 1) if abs(float(text)) < 1 else text
