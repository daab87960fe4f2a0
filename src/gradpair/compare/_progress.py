"""Finished folds on disk, so that an interrupted comparison can go on."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gradpair.compare._validation import FoldResult

_FILE = "progress.jsonl"
RESULTS, REPORT = "results.csv", "report.html"


def as_csv(folds: Sequence[FoldResult]) -> str:
    """Return one row per candidate, fold and metric."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["candidate", "fold", "metric", "value"])
    for fold in sorted(folds, key=lambda fold: fold.fold):
        for candidate, values in fold.scores.items():
            writer.writerows((candidate, fold.fold, *item) for item in values.items())
        writer.writerows((candidate, fold.fold, "failed", 1) for candidate in fold.failures)
    return text.getvalue()


class Folder:
    """A folder of the user's, with what is finished."""

    def __init__(self, path: Any) -> None:
        self.path = Path(path)
        self._file = self.path / _FILE

    def begin(self, settings: dict[str, Any], n_folds: int, *, resume: bool) -> list[FoldResult]:
        """Write the settings, or check that those on disk are the same; return finished folds."""
        if self.path.exists() and not self.path.is_dir():
            msg = f"{self.path} is no folder; name one for the results."
            raise NotADirectoryError(msg)
        known, done = self._read()
        if resume and known is not None:
            if differing := [k for k in known | settings if known.get(k) != settings.get(k)]:
                was, now = (str(d.get(differing[0]))[:60] for d in (known, settings))
                msg = (
                    f"{self.path} holds the results of another comparison: {differing[0]} was "
                    f"{was}, and is {now} now. Resume with the same settings, or name another "
                    f"folder."
                )
                raise ValueError(msg)
        elif known is not None and len(done) < n_folds:
            msg = (
                f"{self.path} holds {len(done)} of {known.get('folds')} folds of an interrupted "
                f"comparison; resume it, or name another folder."
            )
            raise FileExistsError(msg)
        else:
            done = []
        self.path.mkdir(parents=True, exist_ok=True)
        lines = [json.dumps(settings), *(json.dumps(fold.to_dict()) for fold in done)]
        self._file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self.write(RESULTS, as_csv(done))
        return done

    def add(self, fold: FoldResult, folds: Sequence[FoldResult]) -> None:
        """Keep a finished fold."""
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(fold.to_dict()) + "\n")
        self.write(RESULTS, as_csv(folds))

    def write(self, name: str, text: str) -> Path:
        """Write a file, whole or not at all."""
        path = self.path / name
        partial = path.with_name(f".{name}.partial")
        partial.write_text(text, encoding="utf-8")
        return partial.replace(path)

    def _read(self) -> tuple[dict[str, Any] | None, list[FoldResult]]:
        """Return settings and folds, without a line that was cut off."""
        if not self._file.exists():
            return None, []
        found = []
        for line in self._file.read_text(encoding="utf-8").splitlines():
            try:
                found.append(json.loads(line))
            except json.JSONDecodeError:
                break
        return (found[0], [FoldResult(**fold) for fold in found[1:]]) if found else (None, [])
