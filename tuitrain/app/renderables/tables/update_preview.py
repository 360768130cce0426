"""The size of the next update without and with a command, beside the last update."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from tuitrain.run.snapshot import GroupView, UpdatePreview

from ..formatting import format_number
from ..rows import Role, Row, ljust, rjust, wrap_text

JUMP_FACTOR: Final = 10.0
"""Ratio to the last update from which on a row has a warning."""

_NAME, _NUMBER = 16, 10


def update_rows(
    groups: Sequence[GroupView], preview: UpdatePreview | None, width: int, max_rows: int
) -> list[Row]:
    """Return a header and a row for each group, the groups that the command affects first.

    Parameters
    ----------
    preview : None until the run has replied
    max_rows : maximum number of rows under the header
    """
    if preview is not None and preview.problem:
        if not preview.is_possible:
            return wrap_text(preview.problem, width, "muted")[: 1 + max_rows]
        return wrap_text(f"✗ {preview.problem}", width, "bad")[: 1 + max_rows]
    last = {group.name: group.update_ratio for group in groups}
    if preview is None:
        waiting = [_row(name, (format_number(last[name]), "…", "…"), ()) for name in last]
        return [_header(), *waiting[:max_rows]]
    ratios = sorted(preview.ratios, key=lambda ratio: ratio[1] == ratio[2])
    rows = [_group(name, last.get(name, math.nan), *values) for name, *values in ratios]
    return [_header(), *rows[:max_rows]]


def _header() -> Row:
    titles = "".join(rjust(title, _NUMBER) for title in ("last", "as it is", "with it"))
    return ((ljust("|Δw|/|w|", _NAME) + titles, "muted"),)


def _group(name: str, last: float, current: float, proposed: float) -> Row:
    numbers = (format_number(last), format_number(current), format_number(proposed))
    if math.isnan(proposed):
        return _row(name, numbers, (("   not updated", "frozen"),))
    jump = _jump(last, proposed)
    if jump > JUMP_FACTOR:
        return _row(name, numbers, ((f"   ⚠ x{jump:.3g} the last", "bad"),), "bad")
    is_same = current == proposed
    note = "   unchanged" if is_same else f"   x{jump:.3g} the last" if jump > 0 else ""
    return _row(name, numbers, ((note, "muted"),), "text" if is_same else "strong")


def _row(name: str, numbers: tuple[str, str, str], note: Row, role: Role = "text") -> Row:
    last, current, proposed = (rjust(number, _NUMBER) for number in numbers)
    return ((ljust(name, _NAME), "text"), (last + current, "muted"), (proposed, role), *note)


def _jump(last: float, proposed: float) -> float:
    """Return the ratio of the next update to the last; 0.0 if it is undefined."""
    return proposed / last if last > 0 and proposed > 0 else 0.0
