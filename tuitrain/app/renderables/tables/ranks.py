"""The processes of a training in several, as rows: step times, the slowest, whether they agree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tuitrain.engines.views import RankView

from ..formatting import format_count
from ..rows import Row, ljust, rjust

MIN_RATIO: Final = 1.2
"""How much longer than the median the slowest rank takes for its own part, to be marked."""

_RANK, _HOST, _TIME, _OWN = 5, 20, 11, 13
ONE_PROCESS: Final = "this training has one process"
STARTING: Final = "the run is starting: its ranks are not known yet"


def rank_rows(ranks: Sequence[RankView]) -> list[Row]:
    """Return a header, and a row for each rank."""
    if not ranks:
        return [((ONE_PROCESS, "muted"),)]
    header = (
        rjust("rank", _RANK)
        + "  "
        + ljust("host", _HOST)
        + rjust("step", _TIME)
        + rjust("own part", _OWN)
        + "  weights"
    )
    slowest = slowest_rank(ranks)
    return [((header, "muted"),), *(_row(rank, rank.rank == slowest) for rank in ranks)]


def slowest_rank(ranks: Sequence[RankView]) -> int | None:
    """Return the rank for which the others wait; None if all take about the same time."""
    if len(ranks) < 2:
        return None
    times = sorted(rank.own_seconds for rank in ranks)
    median = times[(len(times) - 1) // 2]
    last = max(ranks, key=lambda rank: rank.own_seconds)
    return last.rank if last.own_seconds > MIN_RATIO * median else None


def ranks_summary(ranks: Sequence[RankView]) -> str:
    """Return the number of ranks, the slowest, and whether all have the same weights."""
    if not ranks:
        return ""
    parts = [f"{format_count(len(ranks))} ranks"]
    if not all(rank.host for rank in ranks):
        return f"{parts[0]} · their first reports come after about a second of training"
    slowest = slowest_rank(ranks)
    if slowest is not None:
        parts.append(f"the others wait for rank {slowest}")
    others = [str(rank.rank) for rank in ranks if rank.agrees is False]
    if others:
        parts.append(f"✗ other weights than rank 0: {', '.join(others)}")
    elif all(rank.agrees for rank in ranks):
        parts.append("✓ the same weights on all")
    else:
        parts.append("each has a part of the weights")
    return " · ".join(parts)


def _row(rank: RankView, is_slowest: bool) -> Row:
    if not rank.host:
        return (rjust(str(rank.rank), _RANK) + "  ", "strong"), ("not reported yet", "muted")
    marks = {True: ("✓", "good"), False: ("✗ differ", "bad"), None: ("a part", "muted")}
    mark, role = marks[rank.agrees]
    return (
        (rjust(str(rank.rank), _RANK) + "  ", "strong"),
        (ljust(rank.host, _HOST), "text"),
        (rjust(_milliseconds(rank.step_seconds), _TIME), "text"),
        (rjust(_milliseconds(rank.own_seconds), _OWN), "warning" if is_slowest else "text"),
        (f"  {mark}", role),
        ("   slowest" if is_slowest else "", "warning"),
    )


def _milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:.3g} ms" if seconds else "-"
