"""What the training code says: prints, logging and warnings, with the step at which it was said.

Owns the text streams of the process while a screen is up: whatever is printed by any thread becomes
a line here, and never reaches the terminal under the screen. It is kept in memory up to a number of
lines, and in a file as a whole.
"""

from __future__ import annotations

import io
import logging
import sys
import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

MAX_LINES: Final = 5000
"""So many lines are kept in memory, the newest; a line of 200 characters takes about 400 bytes."""

_LONGEST: Final = 2000
"""Characters; what is longer, such as a progress bar without line ends, is cut into lines."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line that was said.

    Attributes
    ----------
    step : steps taken when it was said
    level : ``out`` or ``err`` of what was printed, else the level of `logging`: ``warning``
    """

    step: int
    level: str
    text: str


@dataclass(frozen=True, slots=True)
class LogSnapshot:
    """What was said so far: the newest lines, how many there were, and why none are written.

    Attributes
    ----------
    file : where all of it is, or ""
    problem : why it is no longer written there, or ""
    """

    lines: tuple[LogLine, ...] = ()
    total: int = 0
    file: str = ""
    problem: str = ""


class LogCapture:
    """Takes lines from any thread."""

    def __init__(self, max_lines: int = MAX_LINES) -> None:
        self.get_step: Callable[[], int] = lambda: 0
        """Says at which step the run is."""
        self.is_released = False
        self._lines: deque[LogLine] = deque(maxlen=max_lines)
        self._total = 0
        self._lock = threading.Lock()
        self._file: TextIO | None = None
        self._said = LogSnapshot()

    def snapshot(self) -> LogSnapshot:
        """Return what was said; the same value as long as nothing was added."""
        with self._lock:
            if self._said.total != self._total:
                self._said = LogSnapshot(
                    tuple(self._lines), self._total, self._said.file, self._said.problem
                )
            return self._said

    def add(self, level: str, text: str) -> None:
        """Take in a text, of one line or more."""
        with self._lock:
            step = self.get_step()
            for line in text.splitlines() or [""]:
                self._lines.append(LogLine(step, level, line))
                self._total += 1
                self._write(self._lines[-1])

    def write_to(self, path: Path) -> None:
        """Write everything into a file from now on, and what was said so far first."""
        with self._lock:
            try:
                self._file = path.open("a", encoding="utf-8", errors="replace")
            except OSError as error:
                self._said = LogSnapshot(problem=f"{path}: {error.strerror}")
                return
            self._said = LogSnapshot(file=str(path))
            for line in self._lines:
                self._write(line)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._close()

    @contextmanager
    def capture(self) -> Iterator[None]:
        """Take what is printed, logged and warned of, until the context is left."""
        handler = _Handler(self)
        root = logging.getLogger()
        streams = sys.stdout, sys.stderr
        shown = warnings.showwarning
        self.install_streams()
        root.addHandler(handler)
        warnings.showwarning = self._warned
        try:
            yield
        finally:
            sys.stdout, sys.stderr = streams
            warnings.showwarning = shown
            root.removeHandler(handler)
            self.close()

    def release(self) -> None:
        """Let through what is printed from now on: the screen has gone, or is about to."""
        self.is_released = True

    def install_streams(self) -> None:
        """Put our streams in the place of those that are there, if they are not ours already."""
        if not isinstance(sys.stdout, _Stream):
            sys.stdout = _Stream(self, "out", sys.stdout)
        if not isinstance(sys.stderr, _Stream):
            sys.stderr = _Stream(self, "err", sys.stderr)

    def _warned(
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        del file, line
        self.add("warning", f"{category.__name__}: {message} ({filename}:{lineno})")

    def _write(self, line: LogLine) -> None:
        if self._file is None:
            return
        try:
            self._file.write(f"{line.step}\t{line.level}\t{line.text}\n")
            self._file.flush()
        except OSError as error:
            self._said = LogSnapshot(problem=f"{self._said.file}: {error.strerror}")
            self._close()

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is None:
            return
        try:
            file.close()  # tries once more to write what is left
        except OSError as error:
            self._said = LogSnapshot(
                problem=self._said.problem or f"{self._said.file}: {error.strerror}"
            )


class _Handler(logging.Handler):
    """Hands log records over."""

    def __init__(self, output: LogCapture) -> None:
        super().__init__()
        self._output = output

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._output.add(record.levelname.lower(), f"{record.name}: {self.format(record)}")
        except Exception as error:  # a record whose arguments do not fit its message
            self._output.add("error", f"{record.name}: {record.msg!r} ({error})")


class _Stream(io.TextIOBase):
    """A text stream whose lines go to the output; each thread finishes its own."""

    def __init__(self, output: LogCapture, level: str, under: TextIO) -> None:
        super().__init__()
        self._output = output
        self._level = level
        self._under = under
        self._begun = threading.local()

    @property
    def encoding(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return "utf-8"

    def writable(self) -> bool:
        return True

    def write(self, text: str, /) -> int:
        if self._output.is_released:
            return self._under.write(text)
        begun = getattr(self._begun, "text", "") + text
        *lines, rest = begun.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        while len(rest) > _LONGEST:
            lines.append(rest[:_LONGEST])
            rest = rest[_LONGEST:]
        self._begun.text = rest
        for line in lines:
            self._output.add(self._level, line)
        return len(text)

    def flush(self) -> None:
        """Nothing is held back but a line that has yet to end."""
