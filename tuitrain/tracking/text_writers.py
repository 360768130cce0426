"""Logs as text: CSV and JSON Lines, one row a line, long and tidy.

A row has a branch, a step, a name and a value; values of a group name the group too. The rows of a
run are one table, whatever is measured: in pandas, ``pivot_table`` makes a wide one of it.
"""

from __future__ import annotations

import csv
import io
import math
import os
from pathlib import Path
from typing import Any, Final

import msgspec

from tuitrain.encoding import to_encodable

from .rows import BranchStart, Histogram, Row, Scalar

COLUMNS: Final = ("branch", "step", "name", "group", "value", "text")
"""The columns of a CSV file."""

_BUFFERED: Final = 1 << 16
"""Bytes that are collected before they are written."""


class _LineWriter:
    """Appends lines to a new file, many at a time.

    The lines are not in a buffer of Python's file object: a forked child would write it too.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("wb", buffering=0)
        self._lines = bytearray()

    def begin(self, branch: BranchStart) -> None:
        """Do nothing: each row names its branch."""

    def flush(self) -> None:
        """Write the collected lines."""
        while self._lines:
            written = self._file.write(self._lines)
            del self._lines[: written or 0]

    def close(self) -> None:
        """Write the collected lines, and wait until they are on disk."""
        try:
            self.flush()
            os.fsync(self._file.fileno())
        finally:
            self._file.close()

    def _append(self, line: bytes) -> None:
        self._lines += line
        if len(self._lines) >= _BUFFERED:
            self.flush()


class CsvWriter(_LineWriter):
    """Writes a CSV file with a header, in UTF-8; histograms are left out.

    A value that is not finite is ``nan``; texts have no value.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._text = io.StringIO(newline="")
        self._csv = csv.writer(self._text, lineterminator="\n")
        self._row(COLUMNS)

    def write(self, branch: str, row: Row, time: float) -> None:
        """Write a row."""
        del time
        if isinstance(row, Histogram):
            return
        if isinstance(row, Scalar):
            self._row((branch, row.step, row.name, row.group, row.value, ""))
        else:
            self._row((branch, row.step, row.name, "", "", row.text))

    def _row(self, cells: tuple[object, ...]) -> None:
        self._csv.writerow(cells)
        line = self._text.getvalue()
        self._text.seek(0)
        self._text.truncate()
        self._append(to_encodable(line).encode())


class JsonlWriter(_LineWriter):
    """Writes one JSON object a line; null is a value that is not finite."""

    def write(self, branch: str, row: Row, time: float) -> None:
        """Write a row."""
        del time
        self._append(msgspec.json.encode(_fields(branch, row)) + b"\n")


def _fields(branch: str, row: Row) -> dict[str, Any]:
    fields: dict[str, Any] = {"branch": branch, "step": row.step, "name": to_encodable(row.name)}
    if isinstance(row, Scalar):
        group = {"group": to_encodable(row.group)} if row.group else {}
        return {**fields, **group, "value": row.value if math.isfinite(row.value) else None}
    if isinstance(row, Histogram):
        parameter = to_encodable(row.parameter)
        return {**fields, "parameter": parameter, "edges": row.edges, "counts": row.counts}
    return {**fields, "text": to_encodable(row.text)}
