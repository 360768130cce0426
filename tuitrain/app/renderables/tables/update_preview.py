"""How far the next update would go after a command, beside how far the last one went."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from tuitrain.run.snapshot import GroupView, UpdatePreview

from ..formatting import format_number
from ..rows import Role, Row, ellipsize, ljust, rjust

JUMP_FACTOR: Final = 10.0
"""So many times the last update is a jump to be warned of."""

_NAME, _NUMBER = 16, 10


def update_rows(
    groups: Sequence[GroupView], preview: UpdatePreview | None, width: int, most: int
) -> list[Row]:
    """Return a title and a row for each group, those first that the command moves otherwise.

    Parameters
    ----------
    preview : None while the run has not answered yet
    most : rows under the title that there is room for
    """
    if preview is not None and preview.problem:
        return [((ellipsize(f"✗ {preview.problem}", width), "bad"),)]
    last = {group.name: group.update_ratio for group in groups}
    if preview is None:
        waiting = [_row(name, (format_number(last[name]), "…", "…"), ()) for name in last]
        return [_title(), *waiting[:most]]
    ratios = sorted(preview.ratios, key=lambda each: each[1] == each[2])
    rows = [_group(name, last.get(name, math.nan), *each) for name, *each in ratios]
    return [_title(), *rows[:most]]


def _title() -> Row:
    titles = "".join(rjust(each, _NUMBER) for each in ("last", "as it is", "with it"))
    return ((ljust("|Δw|/|w|", _NAME) + titles, "muted"),)


def _group(name: str, last: float, now: float, then: float) -> Row:
    numbers = (format_number(last), format_number(now), format_number(then))
    if math.isnan(then):
        return _row(name, numbers, (("   not updated", "frozen"),))
    jump = _jump(last, then)
    if jump > JUMP_FACTOR:
        return _row(name, numbers, ((f"   ⚠ x{jump:.3g} the last", "bad"),), "bad")
    same = now == then
    times = "   unchanged" if same else f"   x{jump:.3g} the last" if jump > 0 else ""
    return _row(name, numbers, ((times, "muted"),), "text" if same else "strong")


def _row(name: str, numbers: tuple[str, str, str], said: Row, role: Role = "text") -> Row:
    last, now, then = (rjust(each, _NUMBER) for each in numbers)
    return ((ljust(name, _NAME), "text"), (last + now, "muted"), (then, role), *said)


def _jump(last: float, then: float) -> float:
    """Return how many times the last update the next one is; 0.0 where that cannot be said."""
    return then / last if last > 0 and then > 0 else 0.0
