"""The two lines at the top: title, state, progress and throughput; and the banner below them."""

from __future__ import annotations

from typing import Final

from tuitrain.run.snapshot import Attachment, FrozenCache, Phase, Snapshot

from .formatting import format_compact, format_count, format_duration
from .rows import Role, Row, ellipsize, first_fitting, join_rows, justify, row_width, wrap_text
from .tables.journal import WAITING

PHASE_LABELS: Final[dict[Phase, tuple[str, str, Role]]] = {
    Phase.STARTING: ("◌", "STARTING", "warning"),
    Phase.RUNNING: ("▶", "RUNNING", "good"),
    Phase.PAUSED: ("⏸", "PAUSED", "warning"),
    Phase.FINISHED: ("■", "FINISHED", "accent"),
    Phase.STOPPED: ("■", "STOPPED", "accent"),
    Phase.FAILED: ("✗", "FAILED", "bad"),
    Phase.LOST: ("✗", "LOST", "bad"),
    Phase.RECORDED: ("▣", "RECORDING", "warning"),
    Phase.PLAYED: ("▶", "RECORDING", "warning"),
}
_SWEEP_SECONDS: Final = 1.6
_MIN_BAR: Final = 16
_BAR_WITH_OVERHEAD: Final = 28
"""Minimum width of the bar with its percentage next to the overhead."""
_STALLED: Final[tuple[str, str, Role]] = ("‖", "DISPLAY HELD", "alert")


def header_rows(
    snapshot: Snapshot,
    width: int,
    now: float = 0.0,
    stalled: bool = False,
    read_only: bool = False,
) -> list[Row]:
    """Return the two lines of the header.

    Parameters
    ----------
    now : time in seconds, which animates the bar of a starting run
    stalled : whether the display is not updated, so that the state of the run is unknown
    read_only : whether the screen steers no run; that of a recording does not say so
    """
    inner = width - 2
    state = _state(snapshot, stalled)
    if read_only and not snapshot.phase.is_record:
        mark: Row = (("read-only", "warning"),)
        state = first_fitting([join_rows([mark, state], gap="   "), state], inner - _MIN_BAR)
    room = inner - row_width(state) - 2
    first = justify(_title(snapshot, room), state, inner)
    pace = _with_note(snapshot, _pace(snapshot, inner), inner)
    room = inner - row_width(pace) - 3 if pace else inner
    is_unknown = snapshot.phase is Phase.STARTING and snapshot.progress is None
    bar = indeterminate_bar(room, now) if is_unknown else progress_bar(_share(snapshot), room)
    if snapshot.info.is_open:
        bar = (("━" * max(0, room), "faint"),)  # of a loop whose length only the script knows
    second = justify(bar, pace, inner) if pace else bar
    pad: Row = ((" ", "text"),)
    return [pad + first + pad, pad + second + pad]


def progress_bar(share: float, width: int) -> Row:
    """Draw a bar in half cells for a fraction, followed by the percentage."""
    label = f" {int(share * 100):>3} %"
    cells = max(0, width - len(label))
    halves = int(share * cells * 2)
    done = "━" * (halves // 2) + ("╸" if halves % 2 else "")
    return ((done, "accent"), ("━" * (cells - len(done)), "faint"), (label, "text"))


def indeterminate_bar(width: int, now: float) -> Row:
    """Draw a bar of unknown progress: a piece that moves to and fro over time."""
    piece = max(1, width // 5)
    phase = (now / _SWEEP_SECONDS) % 2
    at = round((phase if phase <= 1 else 2 - phase) * (width - piece))
    return (("━" * at, "faint"), ("━" * piece, "warning"), ("━" * (width - piece - at), "faint"))


def _title(snapshot: Snapshot, width: int) -> Row:
    title = snapshot.info
    name: Row = ((title.name, "strong"),)
    branch: Row = () if snapshot.branch == "main" else ((f" ⎇ {snapshot.branch}", "warning"),)
    seed = "-" if title.seed is None else title.seed
    rest = [text for text in (title.model, title.data, f"seed {seed}") if text]
    choices = [
        (*name, *branch, (" · " + " · ".join(rest[:number]), "muted"))
        for number in range(len(rest), 0, -1)
    ]
    return first_fitting([*choices, (*name, *branch), name], width)


def _state(snapshot: Snapshot, stalled: bool) -> Row:
    glyph, word, role = _STALLED if stalled else PHASE_LABELS[snapshot.phase]
    steps = format_count(snapshot.step)
    step = "last step" if snapshot.phase is Phase.LOST else "step"
    if not snapshot.info.is_open:
        steps += f" / {format_count(snapshot.info.total_steps)}"
    has_epochs = snapshot.info.has_epochs or not snapshot.info.total_steps
    return join_rows(
        [
            ((f"{glyph} {word}", role),),
            ((f"{step} ", "muted"), (steps, "text")),
            (("epoch ", "muted"), (f"{snapshot.epoch:.1f}", "text")) if has_epochs else (),
        ],
        gap="   ",
    )


def _pace(snapshot: Snapshot, width: int) -> Row:
    """Return throughput, breakpoints, remaining time and, if there is room, the overhead."""
    if snapshot.phase in (Phase.STARTING, Phase.LOST):
        return ()
    if snapshot.phase.is_record:
        return ((snapshot.record_status, "muted"),)
    speed = format_compact(snapshot.samples_per_second) if snapshot.samples_per_second else "—"
    eager: Row = ((", eager", "muted"),) if snapshot.fallback_reason else ()
    unit = f" {snapshot.info.speed_unit}/s"
    parts: list[Row] = [((speed, "text"), (unit, "muted"), *eager)]
    if not snapshot.phase.ended and not snapshot.info.is_open:
        parts.append((("ETA ", "muted"), (format_duration(snapshot.eta), "text")))
    if snapshot.pace is not None:
        parts.insert(
            0, (("at most ", "muted"), (f"{snapshot.pace:g}", "text"), (" steps/s", "muted"))
        )
    if snapshot.breakpoints:
        number = len(snapshot.breakpoints)
        noun = f" breakpoint{'s' if number > 1 else ''}"
        parts.insert(0, ((f"◉ {number}", "warning"), (noun, "muted")))
    if snapshot.rules and not snapshot.breakpoints:
        number = len(snapshot.rules)
        parts.insert(
            0, ((f"◉ {number}", "warning"), (f" rule{'s' if number > 1 else ''}", "muted"))
        )
    if viewers := _viewers(snapshot.attachment):
        parts.insert(0, viewers)
    if snapshot.scheduled:
        waiting: Row = ((f"{WAITING} {len(snapshot.scheduled)}", "warning"), (" waiting", "muted"))
        if row_width(join_rows([waiting, *parts], gap="   ")) <= width - _BAR_WITH_OVERHEAD:
            parts.insert(0, waiting)
    paces = [join_rows(parts, gap="   ")]
    if cached := cached_below(snapshot.frozen_cache):
        paces.insert(0, join_rows([((cached, "frozen"),), *parts], gap="   "))
    if snapshot.overhead is not None and snapshot.phase is Phase.RUNNING:
        overhead: Row = (("overhead ", "muted"), (_overhead(snapshot.overhead), "text"))
        paces = [row for pace in paces for row in (join_rows([pace, overhead], gap="   "), pace)]
    return first_fitting(paces, width - _BAR_WITH_OVERHEAD)


def cached_below(cache: FrozenCache | None) -> str:
    """Return below which layer outputs are kept, and of how many samples; "" if none are."""
    if cache is None or not cache.below:
        return ""
    share = cache.known / cache.samples if cache.samples else 1.0
    return f"cached below {cache.below}" + (f" {int(share * 100)} %" if share < 1 else "")


def _viewers(attachment: Attachment | None) -> Row:
    """Return who has the pen, of how many screens, and how late this one is."""
    if attachment is None:
        return ()
    holder = "you" if attachment.holds_pen else ellipsize(attachment.pen, 16) or "free"
    row: Row = (("✎ ", "muted"), (holder, "text" if attachment.holds_pen else "warning"))
    if attachment.viewers > 1:
        row = (*row, (f" of {attachment.viewers}", "muted"))
    if attachment.delay is not None:
        row = (*row, (f", {attachment.delay:.0f} s late", "warning"))
    return row


def _overhead(share: float) -> str:
    """Write a fraction, with a decimal below ten percent: ``1.4 %``, ``23 %``."""
    return f"{share * 100:.1f} %" if share < 0.0995 else f"{share * 100:.0f} %"


def _with_note(snapshot: Snapshot, pace: Row, width: int) -> Row:
    """Put the note of the run before the throughput, or in its place if there is too little room.

    A problem of the connection comes before a note of the run.

    The note of a starting or failed run is in the banner.
    """
    problem = snapshot.attachment.problem if snapshot.attachment else ""
    text = problem or snapshot.note
    if not text or (not problem and snapshot.phase in (Phase.STARTING, Phase.FAILED)):
        return pace
    note = f" ⚠ {ellipsize(text, width - _MIN_BAR - 4)} "
    alert: Row = ((note, "alert"),)
    rows = [join_rows([alert, pace], gap="   "), alert] if pace else [alert]
    return first_fitting(rows, width - _MIN_BAR)


def _share(snapshot: Snapshot) -> float:
    if snapshot.progress is not None and snapshot.phase is Phase.STARTING:
        return min(1.0, snapshot.progress)
    total = snapshot.info.total_steps
    return min(1.0, snapshot.step / total) if total else 0.0


def banner_rows(snapshot: Snapshot, width: int) -> list[Row]:
    """Return the note of a starting or failed run, wrapped into rows; no rows for others."""
    if snapshot.phase is Phase.FAILED:
        return wrap_text(snapshot.note or "no reason was given", width, "bad")
    if snapshot.phase is Phase.STARTING:
        return wrap_text(snapshot.note or "preparing the run", width, "text")
    return []
