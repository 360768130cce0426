"""Writing what is charted into files: the numbers as CSV, the screen as SVG."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from io import StringIO
from itertools import count
from pathlib import Path

from tuitrain.errors import TuitrainError

from .renderables.plot import Curve


def as_csv(curves: Sequence[Curve], unnamed: str) -> str:
    """Return a line ``curve,step,value`` for every point; the present line is called ``unnamed``.

    Values are written so that they read back as the same number.
    """
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("curve", "step", "value"))
    for curve in curves:
        name = curve.name or unnamed
        points = zip(curve.series.steps.tolist(), curve.series.values.tolist(), strict=True)
        writer.writerows((name, step, repr(value)) for step, value in points)
    return text.getvalue()


def write_new(folder: Path, stem: str, files: dict[str, str]) -> list[Path]:
    """Write texts, by suffix, under one name that no file has yet: ``stem``, else ``stem-2``.

    Raises
    ------
    TuitrainError : they cannot be written
    """
    safe = re.sub(r"[^\w.-]+", "-", stem).strip("-") or "chart"
    names = (safe if number == 1 else f"{safe}-{number}" for number in count(1))
    choices = ({suffix: folder / f"{name}{suffix}" for suffix in files} for name in names)
    targets = next(each for each in choices if not any(path.exists() for path in each.values()))
    try:
        for suffix, target in targets.items():
            with target.open("x", encoding="utf-8") as file:
                file.write(files[suffix])
    except OSError as error:
        raise TuitrainError(f"cannot write {error.filename}: {error.strerror}") from None
    return list(targets.values())
