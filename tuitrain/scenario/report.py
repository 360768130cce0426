"""The faces of a headless run: a report to read, JSON lines, a progress bar."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Protocol, TextIO

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from tuitrain.run.snapshot import JournalEntry

from .events import Ended, EpochEnded, Event, Finding, Started, Trouble, WentOn, as_record
from .record_check import Verdict
from .rerun import Comparison

_GLYPHS = {
    "applied": "[green]✓[/]",
    "met": "[green]✓[/]",
    "unchanged": "[yellow]∅[/]",
    "refused": "[red]✗[/]",
    "not met": "[red]✗[/]",
}


class Report(Protocol):
    """Something that is told what happens in a headless run."""

    def tell(self, event: Event) -> None:
        """Take in one event."""
        ...


class TextReport:
    """A report for a person; it goes to stdout, a line for each event."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def tell(self, event: Event) -> None:
        """Print one event."""
        self._console.print(self._line(event), highlight=False, soft_wrap=True)

    def _line(self, event: Event) -> str:
        match event:
            case Started():
                return (
                    f"[bold]{escape(event.scenario)}[/]: {event.total_steps} steps of "
                    f"{event.batch_size} samples, {event.steps_per_epoch} an epoch"
                )
            case WentOn():
                return f"  {event.step:>7}  {escape(event.message)}"
            case Trouble():
                return f"  {event.step:>7}  [yellow]![/] {escape(event.message)}"
            case JournalEntry():
                glyph = _GLYPHS[event.outcome]
                text = f"[cyan]{escape(event.command)}[/]: {escape(event.message)}"
                return f"  {event.step:>7}  {glyph} {text}"
            case Finding():
                glyph, verdict = ("[green]✓[/]", "holds") if event.held else ("[red]✗[/]", "FAILS")
                found = f"{escape(event.expected)}: {verdict} ({escape(event.found)})"
                return f"  {event.step:>7}  {glyph} expect {found}"
            case EpochEnded():
                return (
                    f"  {event.step:>7}  epoch {event.epoch}: train loss {event.train_loss:.4f}, "
                    f"test accuracy {event.test_accuracy:.2%}"
                )
            case Ended():
                verdict = "[green]all expectations hold[/]" if event.ok else "[red]FAILED[/]"
                return f"  {event.step:>7}  {verdict}; {event.digest}"


class JsonReport:
    """One JSON object a line; numbers that are not finite become null."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def tell(self, event: Event) -> None:
        """Write one event."""
        self._out.write(msgspec.json.encode(as_record(event)).decode() + "\n")
        self._out.flush()


class ProgressBar:
    """A progress bar.

    Parameters
    ----------
    label : what to call the run until it has told its name
    console : where it is drawn; nothing is, where that is no terminal. Lines printed through the
        same console pass above the bar; stdout is left alone, for it may be a file of data.
    """

    def __init__(self, label: str, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            redirect_stdout=False,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task(escape(label), total=None)

    def tell(self, event: Event) -> None:
        """Learn how long the run is."""
        if isinstance(event, Started):
            self._progress.update(
                self._task, total=event.total_steps, description=escape(event.scenario)
            )

    def note(self, text: str, done: float | None = None) -> None:
        """Say what is being waited for; the bar is that of the steps."""
        del done
        self._progress.update(self._task, description=escape(text))

    def steps(self, taken: int) -> None:
        """Move on to so many steps taken."""
        self._progress.update(self._task, completed=taken)

    @contextmanager
    def shown(self) -> Iterator[ProgressBar]:
        """Show the bar inside."""
        with self._progress:
            yield self


def told_comparison(folder: str, comparison: Comparison, json: bool) -> str:
    """Write what came of running a recorded run again, as text or as a JSON object."""
    verdict = comparison.verdict
    if json:
        record = {
            "event": "comparison",
            "run": folder,
            "identical_through": None if verdict.difference else verdict.identical_through,
            "nothing_after": verdict.nothing_after,
            "difference": None if verdict.difference is None else asdict(verdict.difference),
            "environment": comparison.environment,
            "changed": comparison.provenance,
            "ok": verdict.ok,
        }
        return msgspec.json.encode(record).decode()
    lines = [f"{folder}: {_verdict_text(verdict)}"]
    lines += [f"  another environment: {each}" for each in comparison.environment]
    lines += [f"  changed since: {each}" for each in comparison.provenance]
    return "\n".join(lines)


def _verdict_text(verdict: Verdict) -> str:
    if verdict.difference is not None:
        return f"DIFFERS at step {verdict.difference.step}: {verdict.difference.what}"
    same = f"identical through step {verdict.identical_through}"
    if verdict.nothing_after is None:
        return same
    nothing = f"nothing to compare after step {verdict.nothing_after}: {verdict.detail}"
    return nothing if verdict.identical_through is None else f"{same}; {nothing}"
