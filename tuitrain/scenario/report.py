"""Reports of a headless run: text, JSON lines, a progress bar."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Protocol, TextIO, TypeAlias

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from tuitrain.encoding import ascii_json, write_line
from tuitrain.metric_info import ACCURACY
from tuitrain.records.record_check import Verdict
from tuitrain.run.snapshot import JournalEntry
from tuitrain.text import visible, visible_lines

from .events import (
    Ended,
    EpochEnded,
    Evaluated,
    Event,
    Finding,
    Measured,
    Resumed,
    Started,
    Trouble,
    event_as_json,
)
from .verify import Verification

_GLYPHS = {
    "applied": ("✓", "green"),
    "met": ("✓", "green"),
    "unchanged": ("∅", "yellow"),
    "refused": ("✗", "red"),
    "not met": ("✗", "red"),
}


_FAILS = _GLYPHS["not met"], "FAILS"

Part: TypeAlias = str | tuple[str, str]
"""A string, or a string with its style."""


class Report(Protocol):
    """Reports the events of a headless run."""

    def handle(self, event: Event) -> None:
        """Report one event."""
        ...


class ReportConsole(Console):
    """A console that raises `BrokenPipeError` when its reader leaves, as ``head`` does."""

    def on_broken_pipe(self) -> None:
        """Raise the error; rich would end the process with status 1."""
        raise BrokenPipeError


class TextReport:
    """A text report on stdout, one line for each event."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._has_expectations = False

    def handle(self, event: Event) -> None:
        """Print one event."""
        self._has_expectations |= isinstance(event, Finding)
        if isinstance(event, Ended) and event.ok and not self._has_expectations:
            parts = _at(event.step), f"finished; no expectations; {event.digest}"
        else:
            parts = _parts(event)
        self._console.print(format_line(*parts), highlight=False, soft_wrap=True)


def event_line(event: Event) -> str:
    """Return the line of the report for an event, without colors."""
    return format_line(*_parts(event)).plain


def format_line(*parts: Part) -> Text:
    """Return a line of a report: literal texts, some with a style.

    In plain strings, Rich would replace markup and emoji codes such as ``:fire:``.
    """
    styled = ((part, "") if isinstance(part, str) else part for part in parts)
    return Text.assemble(*((visible(text), style) for text, style in styled))


def _parts(event: Event) -> Sequence[Part]:
    if isinstance(event, Started):
        rest = f"{event.batch_size} samples, {event.steps_per_epoch} an epoch"
        return (event.scenario, "bold"), f": {event.total_steps} steps of {rest}"
    at = _at(event.step)
    match event:
        case Resumed():
            return at, event.message
        case Trouble():
            return at, ("!", "yellow"), f" {event.message}"
        case JournalEntry():
            glyph = _GLYPHS[event.outcome]
            why = f" — {event.why}" if event.why else ""
            return at, glyph, " ", (event.command, "cyan"), f": {event.message}{why}"
        case Finding():
            glyph, verdict = (_GLYPHS["met"], "holds") if event.held else _FAILS
            return at, glyph, f" expect {event.expected}: {verdict} ({event.found})"
        case EpochEnded():
            texts = [f"train loss {event.train_loss:.4f}", *_metric_texts(event.metrics)]
            return at, f"epoch {event.epoch}: {', '.join(texts)}"
        case Evaluated():
            return at, ", ".join(_metric_texts(event.metrics))
        case Ended():
            verdict = ("all expectations hold", "green") if event.ok else ("FAILED", "red")
            return at, verdict, f"; {event.digest}"


def _at(step: int) -> str:
    """Return the beginning of a line, with its step."""
    return f"  {step:>7}  "


def _metric_texts(measured: Measured) -> list[str]:
    """Return metrics as text, shares in percent."""
    return [
        f"{'test accuracy' if info == ACCURACY else info.name} "
        f"{f'{value:.2%}' if info.is_share else f'{value:.4g}'}"
        for info, value in measured
    ]


class JsonReport:
    """One JSON object a line, in ASCII; numbers that are not finite become ``null``.

    Parameters
    ----------
    out : the stream; None if it was closed before the process started
    """

    def __init__(self, out: TextIO | None) -> None:
        self._out = out

    def handle(self, event: Event) -> None:
        """Write one event."""
        write_line(ascii_json(event_as_json(event)), self._out)


class ProgressBar:
    """A progress bar.

    Parameters
    ----------
    label : the name of the run until it has started
    console : draws the bar if it is a terminal. Lines printed through the same console pass above
        the bar; stdout is not used, because it may be a file of data.
    """

    def __init__(self, label: str, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            redirect_stdout=False,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task(visible(label), total=None)

    def handle(self, event: Event) -> None:
        """Read the run's name and length from its first event."""
        if isinstance(event, Started):
            self._progress.update(
                self._task, total=event.total_steps, description=visible(event.scenario)
            )

    def show_task(self, text: str, done: float | None = None) -> None:
        """Show the work in progress, next to the bar."""
        del done
        self._progress.update(self._task, description=visible(text))

    def set_steps(self, taken: int) -> None:
        """Show the number of steps taken."""
        self._progress.update(self._task, completed=taken)

    @contextmanager
    def display(self) -> Iterator[ProgressBar]:
        """Show the bar while the context is open."""
        with self._progress:
            yield self


def format_comparison(folder: str, comparison: Verification, json: bool) -> str:
    """Return the result of a verification, as text or as a JSON object."""
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
        return ascii_json(record)
    lines = [f"{folder}: {_verdict_text(verdict)}"]
    lines += [f"  another environment: {change}" for change in comparison.environment]
    lines += [f"  changed since: {change}" for change in comparison.provenance]
    if comparison.provenance and verdict.difference is not None:
        lines.append("  the difference may come from what has changed")
    elif comparison.provenance and verdict.ok:
        lines.append("  what has changed makes no difference to this run")
    return visible_lines("\n".join(lines))


def _verdict_text(verdict: Verdict) -> str:
    if verdict.difference is not None:
        return f"DIFFERS at step {verdict.difference.step}: {verdict.difference.what}"
    same = f"identical through step {verdict.identical_through}"
    if verdict.nothing_after is None:
        return same
    after = f"after step {verdict.nothing_after}: {verdict.detail}"
    nothing = f"nothing to compare {after}"
    if verdict.same_losses is not None:
        losses = f"losses are the same through step {verdict.same_losses}"
        nothing = f"{losses}, but the state could not be compared {after}"
    return nothing if verdict.identical_through is None else f"{same}; {nothing}"
