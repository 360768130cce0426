"""The record of an imported log."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from tuitrain.commands import MAX_COUNT
from tuitrain.engines.registry import IMPORTED_ENGINE
from tuitrain.errors import TuitrainError
from tuitrain.records.record_reader import HEADER, JOURNAL, METRICS, SCHEMA, Header
from tuitrain.records.record_writer import RecordWriter
from tuitrain.run.journal_entry import NO_TICKET
from tuitrain.run.logs.log_capture import LOG_NAME, LogCapture
from tuitrain.run.snapshot import JournalEntry
from tuitrain.scenario.schema import Scenario

from .event_values import FileValues, TagText, first_time, last_time
from .imported_curves import choose_loss, count_values, name_metrics, unit_accuracy
from .segments import Segment, cut_at_restarts

SOURCE: Final = "imported from"
"""The name of the log's folder in the provenance of a record."""


@dataclass(frozen=True, slots=True)
class ImportedLog:
    """A log as a record has it.

    Attributes
    ----------
    loss : the tag that became the loss
    metrics : the names of the metrics by tag, the main one first
    shift : added to all steps, so that the first loss has step 1 or more
    segments : the values, cut where the steps begin again
    """

    loss: str
    metrics: Mapping[str, str]
    shift: int
    segments: list[Segment]
    first_time: float
    last_time: float

    @property
    def steps(self) -> int:
        """The largest step; at least 1."""
        return max(1, *(segment.last_step + self.shift for segment in self.segments))


def read_log(files: list[FileValues], source: str, loss: str | None = None) -> ImportedLog:
    """Return the log that some files hold.

    Parameters
    ----------
    files : in the order in which they were written
    source : the log's name in errors
    loss : the tag of the loss (default: see `choose_loss`)

    Raises
    ------
    TuitrainError : there are no numbers, there is no such tag, or a step is too large
    """
    counts = count_values(files)
    main = choose_loss(counts, source, loss)
    segments = cut_at_restarts(files, main)
    names = name_metrics(tag for tag in counts if tag != main)
    for tag, name in names.items():
        values = [value for item in segments for value in item.curves.get(tag, ((), ()))[1]]
        names[tag] = unit_accuracy(name, values, names.values())
    shift = _shift(segments, main)
    log = ImportedLog(main, names, shift, segments, first_time(files), last_time(files))
    if log.steps > MAX_COUNT:
        raise TuitrainError(f"{source}: its steps are too far apart, {log.steps} in all")
    return log


def write_record(
    log: ImportedLog, folder: Path, name: str, source: Path, texts: Iterable[TagText] = ()
) -> None:
    """Write the record of a log.

    Parameters
    ----------
    folder : of the record, which does not exist yet
    name : of the run
    source : the folder of the log
    texts : those of the log, which become lines of the captured output

    Raises
    ------
    TuitrainError : it cannot be written
    """
    scenario = Scenario(
        schema=1,
        name=name,
        optimizer={"name": "unknown"},
        description=f"Imported from {source}; its loss is {log.loss}.",
        model="-",
        data=source.name,
        engine=IMPORTED_ENGINE,
        steps=log.steps,
        metrics=tuple(dict.fromkeys(log.metrics.values())),
    )
    header = Header(SCHEMA, msgspec.to_builtins(scenario), {}, "", {SOURCE: str(source.absolute())})
    with ExitStack() as files:
        writer = RecordWriter(folder, header, files)
        step = 0
        for number, segment in enumerate(log.segments):
            if number:
                fork = max(segment.fork + log.shift, 0)
                writer.command(_entry(step, f"rewind {fork}", "applied", "the log goes back"))
                step = fork
            step = max(step, _write_segment(log, segment, writer))
        writer.command(_entry(step, "pause", "unchanged", "the log ends here"))
        restarts = len(log.segments) - 1
        writer.ended(step, f"b{restarts}" if restarts else "main", "finished", {})
    _write_texts(texts, folder, log.shift)
    _set_times(folder, log)


def _write_segment(log: ImportedLog, segment: Segment, writer: RecordWriter) -> int:
    """Write the values of a segment in the order of their steps; return the last step."""
    first, last = 0, 0
    losses: list[float] = []
    for step, rows in _by_step(log, segment):
        if losses and (step != first + len(losses) or log.loss not in rows):
            writer.losses(first, losses)
            losses = []
        if log.loss in rows:
            first = step - len(losses)
            losses.append(rows.pop(log.loss))
        if rows:
            if losses:
                writer.losses(first, losses)
                losses = []
            writer.metrics(step, {log.metrics[tag]: value for tag, value in rows.items()})
        last = step
    if losses:
        writer.losses(first, losses)
    return last


def _write_texts(texts: Iterable[TagText], folder: Path, shift: int) -> None:
    """Write texts as lines of the captured output, with their tags and steps."""
    items = list(texts)
    if not items:
        return
    output = LogCapture()
    output.write_to(folder / LOG_NAME)
    for item in items:
        output.get_step = partial(int, item.step + shift)
        output.add("out", f"{item.tag}: {item.text}")
    output.close()


def _by_step(log: ImportedLog, segment: Segment) -> Iterator[tuple[int, dict[str, float]]]:
    """Yield the values by tag of each step, with ascending steps."""
    tags = list(segment.curves)
    if not tags:
        return
    steps = np.concatenate([segment.curves[tag][0] for tag in tags])
    values = np.concatenate([segment.curves[tag][1] for tag in tags])
    which = np.repeat(np.arange(len(tags)), [len(segment.curves[tag][0]) for tag in tags])
    rows: dict[str, float] = {}
    at: int | None = None
    for index in np.argsort(steps, kind="stable").tolist():
        step = int(steps[index]) + log.shift
        if at is not None and step != at:
            yield at, rows
            rows = {}
        at = step
        rows[tags[which[index]]] = float(values[index])
    if at is not None:
        yield at, rows


def _shift(segments: list[Segment], main: str) -> int:
    """Return what is added to steps: a first loss at step 0 is that of the first step."""
    losses = [int(item.curves[main][0][0]) for item in segments if main in item.curves]
    others = [int(steps[0]) for item in segments for steps, _ in item.curves.values()]
    return max(0, 1 - min(losses), -min(others))


def _entry(step: int, command: str, outcome: Any, message: str) -> JournalEntry:
    return JournalEntry(NO_TICKET, step, command, "api", outcome, message)


def _set_times(folder: Path, log: ImportedLog) -> None:
    """Give the files the times of the log, which lists of runs show."""
    times = ((HEADER, log.first_time), (METRICS, log.last_time), (JOURNAL, log.last_time))
    for name, time in times:
        if time:
            os.utime(folder / name, (time, time))
