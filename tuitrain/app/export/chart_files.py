"""Write a chart to files: its numbers as CSV, its picture as SVG; `png` draws it as PNG."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from io import StringIO
from itertools import count
from pathlib import Path
from typing import Final

import numpy as np
from rich.console import Console
from rich.style import Style
from rich.text import Text

from tuitrain.encoding import file_stem, to_encodable
from tuitrain.errors import TuitrainError
from tuitrain.run.history.lr_curve import every_rate
from tuitrain.run.snapshot import GroupHistory
from tuitrain.text import visible

from ..renderables.charts.chart import MAX_CURVES
from ..renderables.charts.plot import Curve
from ..renderables.rows import Row, row_width, wrap

MAX_STEM_BYTES: Final = 160
"""Bytes of a file's stem; most systems allow 255 for the whole name."""


MAX_RATES: Final = 1_000_000
"""Maximum number of learning rates in a file; of more, it has the points of the curves."""


def with_every_rate(curves: Sequence[Curve], histories: Sequence[GroupHistory]) -> list[Curve]:
    """Return curves of learning rates with a point at every step, as far as those are known.

    Parameters
    ----------
    curves : of the present branch
    histories : of its groups, by the names of the curves
    """
    spans = {history.name: history.lr_spans for history in histories}
    ends = {curve.name: int(curve.series.steps[-1]) for curve in curves if len(curve.series)}
    if sum(ends.values()) > MAX_RATES:
        return [*curves]
    return [
        replace(curve, series=every_rate(spans[curve.name], ends[curve.name]))
        if spans.get(curve.name) and curve.name in ends
        else curve
        for curve in curves
    ]


def to_csv(curves: Sequence[Curve], present_name: str) -> str:
    """Return a line ``curve,step,value`` for every point, with all digits of the value.

    A curve without a name is called ``present_name``.
    """
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("curve", "step", "value"))
    for curve in curves:
        name = curve.name or present_name
        points = zip(curve.series.steps.tolist(), curve.series.values.tolist(), strict=True)
        writer.writerows((name, step, repr(value)) for step, value in points)
    return text.getvalue()


def means_note(curves: Sequence[Curve]) -> str:
    """Return up to which step values are means, after a semicolon; "" if all values are there.

    A screen that is attached to a long run keeps no more of its older steps.
    """
    ends = [
        int(curve.series.steps[thinned[-1]])
        for curve in curves
        if len(thinned := np.flatnonzero(curve.series.counts > 1))
    ]
    return f"; values up to step {max(ends)} are means of several" if ends else ""


def legend_rows(curves: Sequence[Curve], width: int) -> list[Row]:
    """Return the names of the present branch's curves, each in its color; no rows for one curve.

    On the screen the groups table names them; a picture has no table.
    """
    named = [item for item in curves[:MAX_CURVES] if item.name and not item.is_reference]
    row: Row = tuple((f"{item.name}  ", item.role) for item in named)
    return wrap(row, width) if len(named) > 1 else []


def to_svg(rows: Sequence[Row], style_of: Callable[[str], Style], title: str) -> str:
    """Return rows of text as an SVG picture, with the roles' colors on the screen."""
    width = max((row_width(row) for row in rows), default=1)
    console = Console(
        file=StringIO(), record=True, width=width, force_terminal=True, color_system="truecolor"
    )
    for row in rows:
        spans = ((visible(text), style_of(role)) for text, role in row)
        console.print(Text.assemble(*spans), end="\n")
    return console.export_svg(title=visible(title), unique_id="chart")


def write_new_files(folder: Path, stem: str, files: Mapping[str, str | bytes]) -> list[Path]:
    """Write files, given by suffix, under an unused stem: ``stem``, else ``stem-2``.

    Either all of them are written, or none.

    Raises
    ------
    TuitrainError : they cannot be written
    """
    safe = file_stem(stem, MAX_STEM_BYTES) or "chart"
    names = (safe if number == 1 else f"{safe}-{number}" for number in count(1))
    choices = ({suffix: folder / f"{name}{suffix}" for suffix in files} for name in names)
    targets = next(item for item in choices if not any(path.exists() for path in item.values()))
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
