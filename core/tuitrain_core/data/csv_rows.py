"""Rows of text in CSV files: the encoding, the lines, the separator and the header.

Memory is bounded before it is used: by the size of the file, the length of a line, and the number
of columns.

Format: https://www.rfc-editor.org/rfc/rfc4180, in UTF-8, with any separator.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TextIO

import numpy as np

from ..errors import DataError

MAX_BYTES: Final = 1 << 30
"""Bytes of a file: it is read as a whole."""

MAX_LINE: Final = 1 << 20
"""Characters of a line; a longer one is of a file of another kind."""

MAX_COLUMNS: Final = 10_000
"""Columns of a table, each of which is described."""

SEPARATORS: Final[Mapping[str, str]] = {
    "comma": ",",
    "semicolon": ";",
    "tab": "\t",
    "pipe": "|",
    "space": " ",
}
"""Separators that can be written as a word."""

_NOT_UTF_8: Final = re.compile("[\udc80-\udcff]")


@contextmanager
def opened_csv(path: Path) -> Iterator[TextIO]:
    """Open a file as text; report what prevents its reading.

    Raises
    ------
    DataError : the file cannot be read, or is too large
    """
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            size = os.fstat(file.fileno()).st_size
            if size > MAX_BYTES:
                raise DataError(f"{path}: has {size} bytes, but {MAX_BYTES} are read at most")
            yield file
    except DataError:
        raise
    except (OSError, ValueError) as error:  # a ValueError: a path with a NUL
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path!s:.200}: cannot be read: {reason}") from error


class _Lines:
    """The lines of a file without comments, each at most `MAX_LINE` characters long."""

    def __init__(self, path: Path, file: TextIO) -> None:
        self.path, self.file = path, file
        self.number = 0
        self.separator = ","
        self.opened = 0  # the line on which a quoted cell begins that is not closed yet, or 0

    def __iter__(self) -> Iterator[str]:
        while line := self.file.readline(MAX_LINE + 1):
            self.number += 1
            if len(line) > MAX_LINE:
                raise DataError(
                    f"{self.path}: line {self.number} is longer than {MAX_LINE} characters; is "
                    "this a CSV file?"
                )
            self._check_text(line)
            if not self.opened and line.lstrip().startswith("#"):
                continue
            yield line
            if '"' in line:
                is_open = _ends_quoted(line, self.separator, bool(self.opened))
                self.opened = (self.opened or self.number) if is_open else 0

    def _check_text(self, line: str) -> None:
        if (wrong := None if line.isascii() else _NOT_UTF_8.search(line)) is not None:
            raise DataError(
                f"{self.path}: line {self.number}: byte {ord(wrong[0]) - 0xDC00:#04x} is no UTF-8 "
                "text; save the file as UTF-8"
            )
        if "\0" in line:
            raise DataError(f"{self.path}: line {self.number} has a NUL; this is no CSV file")


def _ends_quoted(line: str, separator: str, quoted: bool) -> bool:
    """Return whether a quoted cell continues after a line.

    A quote begins a quoted cell only at the start of a cell, as the module `csv` reads it.

    Parameters
    ----------
    quoted : whether the line begins within a quoted cell
    """
    at, starts = 0, True
    while at < len(line):
        char = line[at]
        if quoted:
            if char == '"' and line[at + 1 : at + 2] == '"':
                at += 1
            elif char == '"':
                quoted = False
        elif char == separator:
            starts = True
        elif starts and char == '"':
            quoted, starts = True, False
        elif char != " ":
            starts = False
        at += 1
    return quoted


def read_rows(path: Path, file: TextIO, sep: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the header, then the rows, each with the number of its last line.

    Raises
    ------
    DataError : a line is malformed, or there is no header row
    """
    lines = _Lines(path, file)
    source = iter(lines)
    head = next((line for line in source if line.strip()), "")
    if not head:
        raise DataError(f"{path}: is empty; the first row must name the columns")
    separator = lines.separator = _separator(sep, head)
    reader = csv.reader(
        _prepend(head, source), delimiter=separator, skipinitialspace=True, strict=True
    )
    header = False
    try:
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            yield lines.number, row if header else _header(path, row)
            header = True
        if not header:
            raise DataError(
                f"{path}: has no text in its cells; the first row must name the columns"
            )
    except csv.Error as error:
        if lines.opened:
            raise DataError(
                f'{path}: line {lines.opened}: a cell begins with " and has no closing one'
            ) from None
        raise DataError(f"{path}: line {lines.number}: cannot be read as CSV: {error}") from None


def _prepend(line: str, lines: Iterator[str]) -> Iterator[str]:
    yield line
    yield from lines


def _separator(sep: str, head: str) -> str:
    if not sep:
        return max(",;\t|", key=head.count)
    separator = SEPARATORS.get(sep, sep)
    if len(separator) != 1 or separator in '"\r\n#' or separator.isalnum():
        raise DataError(
            f"sep must be one character such as ; or one of {', '.join(SEPARATORS)}, but is {sep!r}"
        )
    return separator


def _header(path: Path, row: list[str]) -> list[str]:
    """Return the names of the columns; a column without a name gets its number."""
    if len(row) > MAX_COLUMNS:
        raise DataError(f"{path}: has {len(row)} columns, but {MAX_COLUMNS} are read at most")
    if all(not np.isnan(parse_number(cell.strip())) for cell in row):
        raise DataError(
            f"{path}: the first row must name the columns, but has only numbers: {shown(row, 4)}"
        )
    names = [cell.strip() or f"column {place}" for place, cell in enumerate(row, start=1)]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise DataError(f"{path}: the header names the column {twice!r:.80} more than once")
    return names


def shown(names: Any, limit: int = 12) -> str:
    """Return names for an error, the first of them if there are many."""
    listed = list(map(str, names))
    more = f" and {len(listed) - limit} more" if len(listed) > limit else ""
    return ", ".join(name[:60] for name in listed[:limit]) + more


def parse_number(cell: str) -> float:
    """Return the number in a cell; NaN if it is none."""
    try:
        return float(cell) if "_" not in cell else np.nan
    except ValueError:
        return np.nan
