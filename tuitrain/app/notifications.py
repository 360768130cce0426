"""What is worth calling somebody back to the screen for: the end, a break, a loss that is NaN."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tuitrain.run.snapshot import Phase, Snapshot

from .renderables.formatting import format_count


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that has happened."""

    title: str
    text: str
    severity: Literal["information", "warning", "error"] = "information"
    in_banner: bool = False
    """Whether the screen says so in its banner, so that no toast need lie over it."""


def find_notice(before: Snapshot | None, after: Snapshot) -> Notice | None:
    """Return what has happened between two snapshots, the gravest alone; None if nothing has."""
    if before is None or before.phase is Phase.STARTING:
        return _failure(after)
    if after.phase is not before.phase and after.phase.ended:
        return _failure(after) or _end(after)
    known = len(before.journal)
    broken = [each for each in after.journal[known:] if each.actor == "breakpoint"]
    if broken:
        entry = broken[-1]
        at = f"{entry.message or entry.command}, at step {format_count(entry.step)}"
        return Notice(f"{after.info.name} has paused", at, "warning")
    if _diverged(after) and not _diverged(before):
        return Notice(f"{after.info.name} diverges", after.note, "error")
    return None


def _failure(shown: Snapshot) -> Notice | None:
    if shown.phase is not Phase.FAILED:
        return None
    return Notice(f"{shown.info.name} has failed", shown.note, "error", in_banner=True)


def _end(shown: Snapshot) -> Notice:
    parts = [f"at step {format_count(shown.step)}"]
    if len(shown.loss):
        parts.append(f"loss {shown.loss.values[-1]:.4g}")
    if len(shown.accuracy):
        parts.append(f"accuracy {shown.accuracy.values[-1] * 100:.1f} %")
    return Notice(f"{shown.info.name} has {shown.phase.value}", ", ".join(parts))


def _diverged(shown: Snapshot) -> bool:
    return shown.note.startswith("loss is not finite")
