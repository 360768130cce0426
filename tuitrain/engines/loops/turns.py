"""Turns: a training loop in one thread, and the session that steers it in another.

The loop keeps its thread. The session lets it take a number of steps and waits; at a step
boundary the loop gives the turn back and waits in its place. Between two boundaries the loop only
counts, and no code of the session runs. Nothing here knows what a step computes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from enum import Enum
from typing import Final

TURN_SECONDS: Final = 0.04
"""Seconds after which the loop gives the turn back at the next boundary: twice in the time of a
snapshot that a screen draws."""

ALONE_SECONDS: Final = 0.5
"""The same without viewers. Mail ends a turn at once, so a command waits no longer for that."""

UPDATE_SECONDS: Final = 1.0
"""Seconds that an update under way gets to end before its loop is abandoned."""


class StoppedError(SystemExit):
    """The run was stopped: the loop is to end.

    An uncaught one ends a script without a traceback, as `sys.exit` does.
    """


def _raise_stopped() -> None:
    raise StoppedError


class _Turn(Enum):
    SESSION = "session"
    LOOP = "loop"


class _Gates:
    """Two gates, at each of which one side waits for its turn.

    A wait at a lock takes a fraction of the time of one at a `threading.Condition`.

    Attributes
    ----------
    lock : held while the turn is passed
    turn : whose turn it is
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.turn = _Turn.SESSION
        self._closed = {turn: threading.Lock() for turn in _Turn}
        for gate in self._closed.values():
            gate.acquire()

    def open(self, turn: _Turn) -> None:
        """Pass the turn. The caller has the lock."""
        self.turn = turn
        if self._closed[turn].locked():
            self._closed[turn].release()

    def wait(self, turn: _Turn) -> None:
        """Wait for a turn, at a gate that closes after one has passed."""
        while self.turn is not turn:
            self._closed[turn].acquire()


class Turns:
    """The turns that a loop and its session take.

    Parameters
    ----------
    clock : returns a monotonic time in seconds

    Attributes
    ----------
    taken : steps of the present turn
    seconds : after which the loop gives the turn back
    has_ended : whether the loop has ended; it takes no more turns
    is_released : whether the session has ended: the loop runs on alone, or is stopped
    on_stop : called at a boundary of a loop that was stopped; by default it raises `StoppedError`
    on_give_back : called by the loop's thread before it gives a turn back
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.taken = 0
        self.seconds = TURN_SECONDS
        self.has_ended = False
        self.is_released = False
        self.on_stop = _raise_stopped
        self.on_give_back: Callable[[], None] = lambda: None
        self._is_stopped = False
        self._is_updating = self._is_abandoned = False
        self._clock = clock
        self._max_steps = 0
        self._deadline = 0.0
        self._is_interrupted = False
        self._gates = _Gates()
        self._updated = threading.Condition()

    @property
    def is_updating(self) -> bool:
        """Whether the parameters are being changed."""
        return self._is_updating

    def let_run(self, max_steps: int) -> None:
        """Give the loop the turn for at least one step, and wait until it gives it back.

        Returns at once if the loop has ended. Called by the session.
        """
        with self._gates.lock:
            if self.has_ended or self.is_released:
                return
            self.taken, self._max_steps = 0, max_steps
            self._deadline = self._clock() + self.seconds
            self._gates.open(_Turn.LOOP)
        self._gates.wait(_Turn.SESSION)

    def interrupt(self) -> None:
        """Have the loop give the turn back at the next boundary; any thread may call it."""
        self._is_interrupted = True

    def release(self, stop: bool) -> None:
        """End the turns: the loop runs on alone, or, with ``stop``, its next visit raises.

        Called by the session.
        """
        with self._gates.lock:
            self.is_released, self._is_stopped = True, stop
            self._gates.open(_Turn.LOOP)

    def abandon(self) -> None:
        """End the turns in the middle of a step: what the loop computes does not count.

        An update under way is waited for. The next visit or update of the loop raises. Any thread
        but that of the loop may call it.
        """
        self._is_abandoned = True
        with self._updated:
            self._updated.wait_for(lambda: not self._is_updating, UPDATE_SECONDS)
        with self._gates.lock:
            self.is_released = self._is_stopped = True
            self._gates.open(_Turn.SESSION)

    def begin_update(self) -> None:
        """Note that the parameters change until `end_update`. Called by the loop.

        Raises
        ------
        StoppedError : the loop was abandoned
        """
        self._is_updating = True
        if self._is_abandoned:
            self.end_update()
            raise StoppedError

    def end_update(self) -> None:
        """Note that the parameters are those of a boundary again. Called by the loop."""
        self._is_updating = False
        if self._is_abandoned:
            with self._updated:
                self._updated.notify_all()

    def leave(self) -> None:
        """Let the loop run on alone, in a forked child, where the session has no thread."""
        self._gates, self._updated = _Gates(), threading.Condition()
        self.is_released = True
        self._gates.open(_Turn.LOOP)

    def count(self) -> None:
        """Count a step. Called by the loop."""
        self.taken += 1

    def visit(self) -> None:
        """Visit a boundary: return if the turn continues, else give it back and wait for the next.

        Called by the loop.

        Raises
        ------
        StoppedError : the run was stopped
        """
        continues = not self.taken or (
            self.taken < self._max_steps
            and not self._is_interrupted
            and self._clock() < self._deadline
        )
        if not self._has_turn() or not continues:
            self.give_back()
        elif self._is_stopped:
            self.on_stop()

    def give_back(self) -> None:
        """Give the turn back, and wait for the next one. Called by the loop.

        Raises
        ------
        StoppedError : the run was stopped
        """
        self._wait_for_turn()
        if self._is_stopped:
            self.on_stop()

    def end(self) -> None:
        """Give the last turn back: the loop has ended. Called by the loop."""
        self.on_give_back()
        with self._gates.lock:
            self.has_ended = True
            self._gates.open(_Turn.SESSION)

    def _has_turn(self) -> bool:
        return self._gates.turn is _Turn.LOOP

    def _wait_for_turn(self) -> None:
        """Pass the turn to the session, and wait for the next one, unless the turns have ended."""
        self.on_give_back()
        with self._gates.lock:
            if self.is_released:
                return
            self._is_interrupted = False
            self._gates.open(_Turn.SESSION)
        self._gates.wait(_Turn.LOOP)
