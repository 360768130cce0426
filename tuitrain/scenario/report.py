"""The faces of a headless run: a report to read, JSON lines, a progress bar."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
from .rerun import Difference

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


def told_comparison(
    folder: str, step: int, difference: Difference | None, environments: Sequence[str], json: bool
) -> str:
    """Write what came of running a recorded run again, as text or as a JSON object."""
    if json:
        record = {
            "event": "comparison",
            "run": folder,
            "identical_through": step if difference is None else None,
            "difference": None if difference is None else asdict(difference),
            "environment": list(environments),
            "ok": difference is None,
        }
        return msgspec.json.encode(record).decode()
    lines = [f"  another environment: {each}" for each in environments]
    if difference is None:
        return "\n".join([f"{folder}: identical through step {step}", *lines])
    return "\n".join([f"{folder}: DIFFERS at step {difference.step}: {difference.what}", *lines])
