"""Capturing the output of the training code: prints, logging and warnings, each line with its step.

While a screen is up, `LogCapture` replaces the text streams of the process: the output of any
thread becomes lines here, and does not reach the terminal under the screen. The newest lines are
kept in memory, and all lines in a file.
"""

from __future__ import annotations

import io
import logging
import sys
import threading
import warnings
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

from tuitrain.after_fork import leave_to_parent

LOG_NAME: Final = "output.log"
"""The file in a run's folder with the output of the training code."""

MAX_LINES: Final = 5000
"""Maximum number of lines kept in memory; a line of 200 characters takes about 400 bytes."""

_MAX_LINE_LENGTH: Final = 2000
"""Maximum length of a line; longer text, such as a progress bar without line ends, is cut."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """A captured line.

    Attributes
    ----------
    step : steps taken when it was captured
    level : ``out`` or ``err`` for printed lines, else the level of `logging`, such as ``warning``
    """

    step: int
    level: str
    text: str


@dataclass(frozen=True, slots=True)
class LogSnapshot:
    """The captured output: the newest lines, the number of all lines, and the file that has them.

    Attributes
    ----------
    file : the file with all lines, or ""
    problem : why lines are no longer written there, or ""
    """

    lines: tuple[LogLine, ...] = ()
    total: int = 0
    file: str = ""
    problem: str = ""


class LogCapture:
    """Captures lines from any thread.

    Parameters
    ----------
    max_lines : maximum number of lines kept in memory
    """

    def __init__(self, max_lines: int = MAX_LINES) -> None:
        self.get_step: Callable[[], int] = lambda: 0
        """Returns the present step of the run."""
        self.is_released = False
        """Whether printed text passes through to the streams that were replaced."""
        self._lines: deque[LogLine] = deque(maxlen=max_lines)
        self._total = 0
        self._lock = threading.Lock()
        self._file: TextIO | None = None
        self._snapshot = LogSnapshot()
        leave_to_parent(self)

    def after_fork(self) -> None:
        """Replace the lock; called in a forked child, whose output is captured, too."""
        self._lock = threading.Lock()

    def snapshot(self) -> LogSnapshot:
        """Return the captured output; the same value until a line is added."""
        with self._lock:
            if self._snapshot.total != self._total:
                self._snapshot = LogSnapshot(
                    tuple(self._lines), self._total, self._snapshot.file, self._snapshot.problem
                )
            return self._snapshot

    def add(self, level: str, text: str) -> None:
        """Add a string of one or more lines."""
        with self._lock:
            step = self.get_step()
            for line in text.splitlines() or [""]:
                self._lines.append(LogLine(step, level, line))
                self._total += 1
                self._write(self._lines[-1])

    def write_to(self, path: Path) -> None:
        """Write all lines to a file, beginning with those in memory."""
        with self._lock:
            try:
                self._file = path.open("a", encoding="utf-8", errors="replace")
            except OSError as error:
                self._snapshot = LogSnapshot(problem=f"{path}: {error.strerror}")
                return
            self._snapshot = LogSnapshot(file=str(path))
            for line in self._lines:
                self._write(line)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._close()

    @contextmanager
    def capture(self) -> Generator[None, None, None]:
        """Capture prints, log records and warnings until the context is left."""
        handler = LogHandler(self)
        root = logging.getLogger()
        streams = sys.stdout, sys.stderr
        show_warning = warnings.showwarning
        self.install_streams()
        root.addHandler(handler)
        warnings.showwarning = self.show_warning
        try:
            yield
        finally:
            sys.stdout, sys.stderr = streams
            warnings.showwarning = show_warning
            root.removeHandler(handler)
            self.close()

    def release(self) -> None:
        """Pass printed text through from now on, because the screen ends."""
        self.is_released = True

    def install_streams(self) -> None:
        """Replace `sys.stdout` and `sys.stderr`, unless they are replaced already."""
        if not isinstance(sys.stdout, _Stream):
            sys.stdout = _Stream(self, "out", sys.stdout)
        if not isinstance(sys.stderr, _Stream):
            sys.stderr = _Stream(self, "err", sys.stderr)

    def show_warning(
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        """Add a warning, in place of `warnings.showwarning`."""
        del file, line
        self.add("warning", f"{category.__name__}: {message} ({filename}:{lineno})")

    def _write(self, line: LogLine) -> None:
        if self._file is None:
            return
        try:
            self._file.write(f"{line.step}\t{line.level}\t{line.text}\n")
            self._file.flush()
        except OSError as error:
            self._snapshot = LogSnapshot(problem=f"{self._snapshot.file}: {error.strerror}")
            self._close()

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is None:
            return
        try:
            file.close()  # tries once more to write buffered text
        except OSError as error:
            problem = self._snapshot.problem or f"{self._snapshot.file}: {error.strerror}"
            self._snapshot = LogSnapshot(problem=problem)


class LogHandler(logging.Handler):
    """Adds log records to the captured output."""

    def __init__(self, log: LogCapture) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Add a record; one that cannot be formatted is added as it is."""
        try:
            self._log.add(record.levelname.lower(), f"{record.name}: {self.format(record)}")
        except Exception as error:  # the arguments of a record may not fit its message
            self._log.add("error", f"{record.name}: {record.msg!r} ({error})")


class _Stream(io.TextIOBase):
    """A text stream whose lines are captured; each thread finishes its own line."""

    def __init__(self, log: LogCapture, level: str, replaced: TextIO) -> None:
        super().__init__()
        self._log = log
        self._level = level
        self._replaced = replaced
        self._begun = threading.local()

    @property
    def encoding(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return "utf-8"

    def writable(self) -> bool:
        return True

    def write(self, text: str, /) -> int:
        if self._log.is_released:
            return self._target().write(text)
        begun: str = getattr(self._begun, "text", "") + text
        *lines, rest = begun.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        while len(rest) > _MAX_LINE_LENGTH:
            lines.append(rest[:_MAX_LINE_LENGTH])
            rest = rest[_MAX_LINE_LENGTH:]
        self._begun.text = rest
        for line in lines:
            self._log.add(self._level, line)
        return len(text)

    def _target(self) -> TextIO:
        """Return the stream that was replaced.

        A handler of a script's `logging` may keep this stream when the screen is gone, and with it
        the stream that was replaced; then it is the process's own.
        """
        own = sys.__stdout__ if self._level == "out" else sys.__stderr__
        return own if self._replaced.closed and own is not None else self._replaced

    def flush(self) -> None:
        """Do nothing: only an unfinished line is held back."""
