"""Writing a chart into files: its numbers as CSV, its picture as SVG; `png` draws it as PNG."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from io import StringIO
from itertools import count
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.style import Style
from rich.text import Text

from tuitrain.encoding import file_stem, to_encodable
from tuitrain.errors import TuitrainError
from tuitrain.text import visible

from ..renderables.charts.chart import MAX_CURVES
from ..renderables.charts.plot import Curve
from ..renderables.rows import Row, row_width, wrap

MAX_STEM_BYTES: Final = 160
"""Bytes of the name that a file of ours begins with; most systems take 255 in all."""


def to_csv(curves: Sequence[Curve], present_name: str) -> str:
    """Return a line ``curve,step,value`` for every point; the present line is called ``unnamed``.

    Values are written so that they read back as the same number.
    """
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("curve", "step", "value"))
    for curve in curves:
        name = curve.name or present_name
        points = zip(curve.series.steps.tolist(), curve.series.values.tolist(), strict=True)
        writer.writerows((name, step, repr(value)) for step, value in points)
    return text.getvalue()


def legend_rows(curves: Sequence[Curve], width: int) -> list[Row]:
    """Return the names of the present line's curves, each in its colour; none if there is but one.

    On the screen the table of groups has them; a picture stands alone.
    """
    named = [each for each in curves[:MAX_CURVES] if each.name and not each.is_reference]
    row: Row = tuple((f"{each.name}  ", each.role) for each in named)
    return wrap(row, width) if len(named) > 1 else []


def to_svg(rows: Sequence[Row], style_of: Callable[[str], Style], title: str) -> str:
    """Return rows of text as a picture, in the colours that the roles have on the screen."""
    width = max((row_width(row) for row in rows), default=1)
    console = Console(
        file=StringIO(), record=True, width=width, force_terminal=True, color_system="truecolor"
    )
    for row in rows:
        spans = ((visible(text), style_of(role)) for text, role in row)
        console.print(Text.assemble(*spans), end="\n")
    return console.export_svg(title=visible(title), unique_id="chart")


def write_new_files(folder: Path, stem: str, files: Mapping[str, str | bytes]) -> list[Path]:
    """Write files, by suffix, under one name that none has yet: ``stem``, else ``stem-2``.

    All of them are written, or none is left.

    Raises
    ------
    TuitrainError : they cannot be written
    """
    safe = file_stem(stem, MAX_STEM_BYTES) or "chart"
    names = (safe if number == 1 else f"{safe}-{number}" for number in count(1))
    choices = ({suffix: folder / f"{name}{suffix}" for suffix in files} for name in names)
    targets = next(each for each in choices if not any(path.exists() for path in each.values()))
    with ExitStack() as undo:
        for suffix, target in targets.items():
            content = files[suffix]
            try:
                with target.open("xb") as file:
                    undo.callback(target.unlink, missing_ok=True)
                    is_text = isinstance(content, str)
                    file.write(to_encodable(content).encode() if is_text else content)
            except OSError as error:
                raise TuitrainError(f"cannot write {target}: {error.strerror}") from None
        undo.pop_all()
    return list(targets.values())
