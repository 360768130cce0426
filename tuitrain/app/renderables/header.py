"""The two lines at the top: what is trained, how far it is, how fast it goes."""

from __future__ import annotations

from typing import Final

from tuitrain.run.snapshot import Phase, Snapshot

from .formatting import format_compact, format_count, format_duration
from .rows import Role, Row, ellipsize, first_fitting, join_rows, justify, row_width

PHASE_LABELS: Final[dict[Phase, tuple[str, str, Role]]] = {
    Phase.STARTING: ("◌", "STARTING", "warning"),
    Phase.RUNNING: ("▶", "RUNNING", "good"),
    Phase.PAUSED: ("⏸", "PAUSED", "warning"),
    Phase.FINISHED: ("■", "FINISHED", "accent"),
    Phase.STOPPED: ("■", "STOPPED", "accent"),
    Phase.FAILED: ("✗", "FAILED", "bad"),
    Phase.RECORDED: ("▣", "RECORDING", "warning"),
    Phase.PLAYED: ("▶", "RECORDING", "warning"),
}
_SWEEP_SECONDS: Final = 1.6
_SHORTEST_BAR: Final = 16
_LEAST_BAR: Final = 28
"""Cells of the bar, its percentage among them, that are not given away for the overhead."""
_HELD: Final[tuple[str, str, Role]] = ("‖", "DISPLAY HELD", "alert")


def header_rows(snapshot: Snapshot, width: int, now: float = 0.0, held: bool = False) -> list[Row]:
    """Return the two lines; ``now`` moves the bar of a run that has yet to start.

    A display that is ``held`` says so instead of what the run does, for that is not known.
    """
    inner = width - 2
    state = _state(snapshot, held)
    room = inner - row_width(state) - 2
    first = justify(_title(snapshot, room), state, inner)
    pace = _with_note(snapshot, _pace(snapshot, inner), inner)
    room = inner - row_width(pace) - 3 if pace else inner
    waits = snapshot.phase is Phase.STARTING and snapshot.progress is None
    bar = indeterminate_bar(room, now) if waits else progress_bar(_share(snapshot), room)
    second = justify(bar, pace, inner) if pace else bar
    pad: Row = ((" ", "text"),)
    return [pad + first + pad, pad + second + pad]


def progress_bar(share: float, width: int) -> Row:
    """Draw a bar for a share of one, with half cells, and the percentage behind it."""
    label = f" {int(share * 100):>3} %"
    cells = max(0, width - len(label))
    halves = int(share * cells * 2)
    done = "━" * (halves // 2) + ("╸" if halves % 2 else "")
    return ((done, "accent"), ("━" * (cells - len(done)), "faint"), (label, "text"))


def indeterminate_bar(width: int, now: float) -> Row:
    """Draw a bar whose end is not known: a piece that goes to and fro with the time."""
    piece = max(1, width // 5)
    phase = (now / _SWEEP_SECONDS) % 2
    at = round((phase if phase <= 1 else 2 - phase) * (width - piece))
    return (("━" * at, "faint"), ("━" * piece, "warning"), ("━" * (width - piece - at), "faint"))


def _title(snapshot: Snapshot, width: int) -> Row:
    title = snapshot.info
    name: Row = ((title.name, "strong"),)
    branch: Row = () if snapshot.branch == "main" else ((f" ⎇ {snapshot.branch}", "warning"),)
    rest = [title.model, title.data, f"seed {title.seed}"]
    choices = [(*name, *branch, (" · " + " · ".join(rest[:most]), "muted")) for most in (3, 2, 1)]
    return first_fitting([*choices, (*name, *branch), name], width)


def _state(snapshot: Snapshot, held: bool) -> Row:
    glyph, word, role = _HELD if held else PHASE_LABELS[snapshot.phase]
    steps = f"{format_count(snapshot.step)} / {format_count(snapshot.info.total_steps)}"
    return join_rows(
        [
            ((f"{glyph} {word}", role),),
            (("step ", "muted"), (steps, "text")),
            (("epoch ", "muted"), (f"{snapshot.epoch:.1f}", "text")),
        ],
        gap="   ",
    )


def _pace(snapshot: Snapshot, width: int) -> Row:
    """Say how fast it goes; where that leaves too little of the bar, without the overhead."""
    if snapshot.phase is Phase.STARTING:
        return ()
    if snapshot.phase.is_record:
        return ((snapshot.record_status, "muted"),)
    speed = format_compact(snapshot.samples_per_second) if snapshot.samples_per_second else "—"
    eager: Row = ((", eager", "muted"),) if snapshot.fallback_reason else ()
    parts: list[Row] = [((speed, "text"), (" samples/s", "muted"), *eager)]
    if not snapshot.phase.ended:
        parts.append((("ETA ", "muted"), (format_duration(snapshot.eta), "text")))
    if snapshot.breakpoints:
        many = len(snapshot.breakpoints)
        what = f" breakpoint{'s' if many > 1 else ''}"
        parts.insert(0, ((f"◉ {many}", "warning"), (what, "muted")))
    pace = join_rows(parts, gap="   ")
    if snapshot.overhead is None or snapshot.phase is not Phase.RUNNING:
        return pace
    overhead: Row = (("overhead ", "muted"), (_overhead(snapshot.overhead), "text"))
    return first_fitting([join_rows([pace, overhead], gap="   "), pace], width - _LEAST_BAR)


def _overhead(share: float) -> str:
    """Write a share, with a decimal where that says something: ``1.4 %``, ``23 %``."""
    return f"{share * 100:.1f} %" if share < 0.0995 else f"{share * 100:.0f} %"


def _with_note(snapshot: Snapshot, pace: Row, width: int) -> Row:
    """Put what there is to say about the run before its pace, or in its place if need be.

    The note of a run that starts or has failed is in the banner.
    """
    if not snapshot.note or snapshot.phase in (Phase.STARTING, Phase.FAILED):
        return pace
    note = f" ⚠ {ellipsize(snapshot.note, width - _SHORTEST_BAR - 4)} "
    alert: Row = ((note, "alert"),)
    return first_fitting([join_rows([alert, pace], gap="   "), alert], width - _SHORTEST_BAR)


def _share(snapshot: Snapshot) -> float:
    if snapshot.progress is not None and snapshot.phase is Phase.STARTING:
        return min(1.0, snapshot.progress)
    total = snapshot.info.total_steps
    return min(1.0, snapshot.step / total) if total else 0.0
