"""The faces of a headless run: a report to read, JSON lines, and a folder of records."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
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

from tuitrain.errors import ScenarioError
from tuitrain.run.snapshot import JournalEntry

from .events import Ended, EpochEnded, Event, Finding, Started, as_record
from .schema import Scenario

_GLYPHS = {"applied": "[green]✓[/]", "unchanged": "[yellow]∅[/]", "refused": "[red]✗[/]"}


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


class FolderReport:
    """Writes a run folder: ``scenario.json``, ``journal.jsonl``, ``metrics.jsonl``.

    Parameters
    ----------
    folder : made if need be
    scenario : what is run, written down as it was resolved
    files : closes the files

    Raises
    ------
    ScenarioError : the folder cannot be made or written to
    """

    def __init__(self, folder: Path, scenario: Scenario, files: ExitStack) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            encoded = msgspec.json.format(msgspec.json.encode(scenario))
            (folder / "scenario.json").write_bytes(encoded + b"\n")
            self._journal = _lines(folder / "journal.jsonl", files)
            self._metrics = _lines(folder / "metrics.jsonl", files)
        except OSError as error:
            raise ScenarioError(f"--out {folder}: cannot be written: {error.strerror}") from None

    def tell(self, event: Event) -> None:
        """Write one event where it belongs."""
        goes_to_journal = isinstance(event, JournalEntry | Finding)
        (self._journal if goes_to_journal else self._metrics).tell(event)


def _lines(path: Path, files: ExitStack) -> JsonReport:
    return JsonReport(files.enter_context(path.open("w", encoding="utf-8")))


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

    def note(self, text: str) -> None:
        """Say what is being waited for."""
        self._progress.update(self._task, description=escape(text))

    def steps(self, taken: int) -> None:
        """Move on to so many steps taken."""
        self._progress.update(self._task, completed=taken)

    @contextmanager
    def shown(self) -> Iterator[ProgressBar]:
        """Show the bar inside."""
        with self._progress:
            yield self
