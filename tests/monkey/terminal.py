"""Random input at a real terminal: bytes reach the app through a pty and Textual's own driver."""

from __future__ import annotations

import fcntl
import os
import pty
import random
import select
import signal
import struct
import sys
import tempfile
import termios
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from textual.events import Event, InputEvent, Paste

from .moves import SMALLEST, Mouse, Move, Pasted, Press, Sized, moves
from .worlds import MAX_BYTES, SCENARIO

_KEYS: Final = {
    "escape": b"\x1b",
    "enter": b"\r",
    "up": b"\x1b[A",
    "down": b"\x1b[B",
    "right": b"\x1b[C",
    "left": b"\x1b[D",
    "tab": b"\t",
    "shift+tab": b"\x1b[Z",
    "home": b"\x1b[H",
    "end": b"\x1b[F",
    "pageup": b"\x1b[5~",
    "pagedown": b"\x1b[6~",
    "delete": b"\x1b[3~",
    "backspace": b"\x7f",
    "space": b" ",
    "f1": b"\x1bOP",
    "f2": b"\x1bOQ",
    "shift+left": b"\x1b[1;2D",
    "shift+right": b"\x1b[1;2C",
    "ctrl+left": b"\x1b[1;5D",
}
_BUTTONS: Final = {"move": 35, "down": 0, "up": 0, "wheel_up": 64, "wheel_down": 65}

HANDLED: Final = Path("handled")
"""The file with the number of events that the app has handled."""

MAX_WAITING: Final = 300
"""The most events in transit; Textual reads and queues everything."""

_NEVER: Final = (b"\x1a", b"\x1c")
"""Bytes that are not sent: they suspend the process."""


@dataclass
class Visit:
    """The result of one episode: its moves, whether the app survived, and its log."""

    moves: int
    alive: bool
    log: str

    @property
    def faults(self) -> int:
        return self.log.count("screen had a fault")


def play(seed: int, seconds: float, folder: Path) -> Visit:
    """Send random input to `tuitrain run` for this time."""
    scenario, record = folder / "monkey.toml", folder / "record"
    scenario.write_text(SCENARIO.replace("steps = 3000", "steps = 100000"))
    child, terminal = pty.fork()
    if not child:
        _become_app(folder, scenario, record)
    try:
        _resize(terminal, *SMALLEST)
        alive = _let_loose(child, terminal, seed, seconds, folder)
    finally:
        _end(child, terminal)
    log = record / "output.log"
    return Visit(_handled(folder), alive, log.read_text() if log.exists() else "")


def _become_app(folder: Path, scenario: Path, record: Path) -> None:
    os.chdir(folder)
    cache = os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))
    homes = {name: str(folder) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")}
    os.environ.update(homes, XDG_CACHE_HOME=cache, TERM="xterm-256color")
    code = "from tests.monkey.terminal import run_caged; run_caged()"
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)
    os.execv(sys.executable, [sys.executable, "-c", code, str(scenario), str(record)])


def run_caged() -> None:
    """Run an app that cannot be closed, in this process."""
    from tuitrain.app.app import TuitrainApp
    from tuitrain.cli import main

    from .worlds import saving_below

    taken = TuitrainApp.on_event
    came = 0

    async def count(app: TuitrainApp, event: Event) -> None:
        nonlocal came
        came += isinstance(event, InputEvent | Paste) and not event.is_forwarded
        await taken(app, event)
        HANDLED.write_text(str(came - app.queued_inputs))

    TuitrainApp.on_event = count  # type: ignore[method-assign]
    TuitrainApp.exit = lambda self, *value, **named: None  # type: ignore[method-assign]
    with saving_below(Path.cwd()):
        main(["run", sys.argv[1], "--out", sys.argv[2]])


def _let_loose(child: int, terminal: int, seed: int, seconds: float, folder: Path) -> bool:
    chance, stream, done = random.Random(-seed), moves(seed), 0
    until = time.monotonic() + seconds
    _read(terminal, 8.0)  # after the imports; earlier input goes to the terminal's own line
    while time.monotonic() < until:
        if os.waitpid(child, os.WNOHANG)[0]:
            return False
        for _ in range(chance.choice([1, 3, 10, 30])):
            done += _send(terminal, next(stream))
        _read(terminal, chance.choice([0.0, 0.01, 0.1]))
        while done - _handled(folder) > MAX_WAITING and time.monotonic() < until:
            _read(terminal, 0.02)
        if sum(item.stat().st_size for item in folder.rglob("*") if item.is_file()) > MAX_BYTES:
            break
    return True


def _handled(folder: Path) -> int:
    try:
        return int((folder / HANDLED).read_text())
    except (OSError, ValueError):
        return 0


def _send(terminal: int, move: Move) -> bool:
    """Send a move; return whether it makes an event."""
    match move:
        case Sized(columns, rows):
            _resize(terminal, columns, rows)
            return False
        case Press(key):
            sent = _bytes(key)
        case Pasted(text):
            sent = b"\x1b[200~" + text.replace("\x1b", "").encode() + b"\x1b[201~"
        case Mouse(what, x, y):
            ending = "m" if what == "up" else "M"
            sent = f"\x1b[<{_BUTTONS[what]};{x + 1};{y + 1}{ending}".encode()
    if sent is None or sent in _NEVER:
        return False
    while sent:
        _read(terminal, 0.0)
        if select.select([], [terminal], [], 1.0)[1]:
            sent = sent[os.write(terminal, sent[:64]) :]
    return True


def _bytes(key: str) -> bytes | None:
    if key in _KEYS:
        return _KEYS[key]
    if len(key) == 1:
        return key.encode()
    if key.startswith("ctrl+") and len(key) == 6 and key[5].isalpha():
        return bytes([ord(key[5]) & 31])
    return None


def _read(terminal: int, seconds: float) -> None:
    """Read and drop painted output, for this time and while there is any."""
    until = time.monotonic() + seconds
    while select.select([terminal], [], [], max(0.0, until - time.monotonic()))[0]:
        try:
            os.read(terminal, 65536)
        except OSError:
            return
        if time.monotonic() > until + 0.5:
            return


def _resize(terminal: int, columns: int, rows: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def _end(child: int, terminal: int) -> None:
    """Kill the app, which cannot be closed."""
    with suppress(ProcessLookupError, ChildProcessError):
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    os.close(terminal)


def in_a_folder(seed: int, seconds: float) -> Visit:
    """Play an episode in its own folder."""
    with tempfile.TemporaryDirectory(prefix="tuitrain-monkey-", ignore_cleanup_errors=True) as at:
        return play(seed, seconds, Path(at))
