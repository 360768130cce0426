"""Logs for TensorBoard: event files, a folder for each branch.

The messages and the framing of records are those of the package ``tensorboard``, which needs no
TensorFlow. TensorBoard shows each folder as a run, so a branch never hides the steps of another.
"""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path
from typing import Any, Final

import numpy as np

from tuitrain.encoding import to_encodable
from tuitrain.errors import TuitrainError

from .extras import load_extra
from .rows import BranchStart, Histogram, Row, Scalar, Text
from .tags import tag_of

EXTRA: Final = "tensorboard"

SUFFIX: Final = ".tuitrain"
"""The end of the names of event files that this program writes."""

_PROTO = "tensorboard.compat.proto"
_BUFFERED: Final = 1 << 16


class TensorBoardWriter:
    """Writes the event files of a run.

    Parameters
    ----------
    folder : has, or gets, a folder for each branch
    replaces : whether event files of this program in it are removed first

    Raises
    ------
    TuitrainError : the package is not installed, or the folder has event files already
    """

    def __init__(self, folder: Path, replaces: bool = False) -> None:
        self._event = load_extra(f"{_PROTO}.event_pb2", EXTRA).Event
        self._summary = load_extra(f"{_PROTO}.summary_pb2", EXTRA)
        self._records = load_extra("tensorboard.summary.writer.record_writer", EXTRA).RecordWriter
        self._folder = folder
        self._branches: dict[str, tuple[Any, _EventFile]] = {}
        self._texts: dict[tuple[str, str], tuple[Text, float]] = {}
        self._unwritten = set[tuple[str, str]]()
        _clear(folder, replaces)

    def begin(self, branch: BranchStart) -> None:
        """Begin the folder of a branch."""
        file = _EventFile(self._folder / branch.name)
        self._branches[branch.name] = self._records(file), file
        first = self._event(wall_time=time.time(), file_version="brain.Event:2")
        self._branches[branch.name][0].write(first.SerializeToString())

    def write(self, branch: str, row: Row, time: float) -> None:
        """Write a row as an event; the texts of a step become one, as only one is shown."""
        if isinstance(row, Text):
            self._add_text(branch, row, time)
        else:
            self._write_event(branch, row, time)

    def _add_text(self, branch: str, row: Text, time: float) -> None:
        key = branch, row.name
        if key in self._texts:
            before, _ = self._texts[key]
            if before.step == row.step:
                row = row._replace(text=f"{before.text}\n\n{row.text}")
            else:
                self._write_text(key)
        self._texts[key] = row, time
        self._unwritten.add(key)

    def _write_text(self, key: tuple[str, str]) -> None:
        if key in self._unwritten:
            self._unwritten.remove(key)
            self._write_event(key[0], *self._texts[key])

    def _write_event(self, branch: str, row: Row, time: float) -> None:
        value = self._value(row)
        event = self._event(
            wall_time=time, step=row.step, summary=self._summary.Summary(value=[value])
        )
        self._branches[branch][0].write(event.SerializeToString())

    def flush(self) -> None:
        """Write the collected events."""
        for key in sorted(self._unwritten):
            self._write_text(key)
        for _, file in self._branches.values():
            file.flush()

    def close(self) -> None:
        """Close all files."""
        try:
            self.flush()
        finally:
            for _, file in self._branches.values():
                file.close()

    def _value(self, row: Row) -> Any:
        if isinstance(row, Scalar):
            return self._summary.Summary.Value(tag=tag_of(row), simple_value=_float32(row.value))
        if isinstance(row, Text):
            return self._text(row)
        return self._summary.Summary.Value(tag=tag_of(row), histo=self._histogram(row))

    def _text(self, row: Text) -> Any:
        plugin = self._summary.SummaryMetadata.PluginData(plugin_name="text")
        value = self._summary.Summary.Value(
            tag=row.name, metadata=self._summary.SummaryMetadata(plugin_data=plugin)
        )
        value.tensor.dtype = _DT_STRING
        value.tensor.tensor_shape.dim.add(size=1)
        # Markdown: indented lines are shown as written.
        lines = "\n".join("    " + line for line in to_encodable(row.text).split("\n"))
        value.tensor.string_val.append(lines.encode())
        return value

    def _histogram(self, row: Histogram) -> Any:
        edges, counts = np.array(row.edges), np.array(row.counts)
        centres = (edges[:-1] + edges[1:]) / 2
        return self._summary.HistogramProto(
            min=row.edges[0],
            max=row.edges[-1],
            num=float(counts.sum()),
            sum=float((centres * counts).sum()),
            sum_squares=float((centres**2 * counts).sum()),
            bucket_limit=row.edges[1:],
            bucket=[float(count) for count in row.counts],
        )


_DT_STRING: Final = 7
"""The type of strings in a TensorProto."""


def _float32(value: float) -> float:
    """Return a value as the scalars of TensorBoard hold it."""
    with np.errstate(over="ignore"):
        return float(np.float32(value))


class _EventFile:
    """A new event file; it collects what is written.

    What is collected is not in a buffer of Python's file object, which a forked child would write.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        host = socket.gethostname()
        stem = f"events.out.tfevents.{int(time.time()):010d}.{host}.{os.getpid()}"
        self._file = (folder / f"{stem}{SUFFIX}").open("xb", buffering=0)
        self._records = bytearray()

    def write(self, content: bytes) -> None:
        """Collect a record."""
        self._records += content
        if len(self._records) >= _BUFFERED:
            self.flush()

    def flush(self) -> None:
        """Write what is collected."""
        while self._records:
            written = self._file.write(self._records)
            del self._records[: written or 0]

    def close(self) -> None:
        """Write what is collected, and close the file."""
        try:
            self.flush()
        finally:
            self._file.close()


def _clear(folder: Path, replaces: bool) -> None:
    """Remove the event files of this program, or refuse a folder with event files."""
    existing = list(folder.glob("*/events.out.tfevents.*"))
    if existing and not replaces:
        raise TuitrainError(f"{folder} has event files already; name another folder")
    for path in existing:
        if path.name.endswith(SUFFIX):
            path.unlink()
