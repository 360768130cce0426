"""Events that the user is notified of: the end, a breakpoint, divergence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from tuitrain.run.journal_entry import is_pause_by_itself
from tuitrain.run.snapshot import Phase, Snapshot

from .renderables.formatting import format_count, format_metric
from .renderables.rows import Role, Row


@dataclass(frozen=True, slots=True)
class Notice:
    """A notification."""

    title: str
    text: str
    severity: Literal["information", "warning", "error"] = "information"
    in_banner: bool = False
    """Whether the banner of the main screen shows the same text."""

    @property
    def row(self) -> Row:
        """The notice for the status line."""
        mark, role = _MARKS[self.severity]
        return ((f"{mark} {self.title}", role), (f"  {self.text}", "text"))


_MARKS: Final[dict[str, tuple[str, Role]]] = {
    "information": ("■", "strong"),
    "warning": ("⏸", "warning"),
    "error": ("✗", "bad"),
}


def find_notice(before: Snapshot | None, after: Snapshot) -> Notice | None:
    """Return the most severe event between two snapshots; None if there is none."""
    if before is None or before.phase is Phase.STARTING:
        return _failure(after)
    if after.phase is not before.phase and after.phase.ended:
        return _failure(after) or _loss(after) or _end(after)
    known = len(before.journal)
    pauses = [entry for entry in after.journal[known:] if is_pause_by_itself(entry)]
    if pauses:
        entry = pauses[-1]
        at = f"{entry.message or entry.command}, at step {format_count(entry.step)}"
        return Notice(f"{after.info.name} has paused", at, "warning")
    if _diverged(after) and not _diverged(before):
        return Notice(f"{after.info.name} diverges", after.note, "error")
    return None


def _failure(shown: Snapshot) -> Notice | None:
    if shown.phase is not Phase.FAILED:
        return None
    return Notice(f"{shown.info.name} has failed", shown.note, "error", in_banner=True)


def _loss(shown: Snapshot) -> Notice | None:
    """Return the notice of a run that is not reached any more, with the last step that is known."""
    if shown.phase is not Phase.LOST:
        return None
    problem = shown.attachment.problem if shown.attachment else ""
    at = f"after step {format_count(shown.step)}"
    return Notice(f"{shown.info.name} is lost", f"{problem or 'no connection'}, {at}", "error")


def _end(shown: Snapshot) -> Notice:
    parts = [f"at step {format_count(shown.step)}"]
    if len(shown.loss):
        parts.append(f"loss {shown.loss.values[-1]:.4g}")
    if len(shown.main_series):
        main = shown.info.main_metric
        parts.append(f"{main.name} {format_metric(main, shown.main_series.values[-1])}")
    return Notice(f"{shown.info.name} has {shown.phase.value}", ", ".join(parts))


def _diverged(shown: Snapshot) -> bool:
    return shown.note.startswith("loss is not finite")
