"""Turns of a loop whose ranks have agreed on the step of the next exchange."""

from __future__ import annotations

from collections.abc import Callable

from ....loops.turns import Turns


class LeaderTurns(Turns):
    """The turns of rank 0: each has the steps that all ranks have agreed on.

    Neither time nor a request ends one earlier. A report of metrics does: rank 0 then records them
    alone, and takes the rest of the steps in its next turn.

    Attributes
    ----------
    left : steps to the next exchange; 0 at an exchange
    has_announced : whether the other ranks know that the session has ended
    on_release : called by the loop at the exchange after the session's end, with whether the loop
        is stopped
    on_session_end : called by the session when it has ended
    """

    def __init__(self) -> None:
        super().__init__()
        self.left = 0
        self.on_release: Callable[[bool], None] = lambda _: None
        self.on_session_end: Callable[[], None] = lambda: None
        self._has_report = self.has_announced = False

    def interrupt(self) -> None:
        """Do nothing: mail is read at the next exchange."""

    def report(self) -> None:
        """End the turn at this boundary, because metrics are to be recorded."""
        self._has_report = True

    def count(self) -> None:
        """Count a step. Called by the loop."""
        super().count()
        self.left -= 1

    def release(self, stop: bool) -> None:
        """End the turns at the next exchange; see `Turns.release`."""
        super().release(stop)
        self.on_session_end()

    def begin_update(self) -> None:
        """Note that the parameters change; see `Turns.begin_update`."""
        if self._is_abandoned:
            self.on_stop()
        super().begin_update()

    def visit(self) -> None:
        """Visit a boundary; see `Turns.visit`."""
        is_over = self.taken >= self._max_steps or self._has_report
        if self.is_released:
            self._go_on()
        elif not self._has_turn() or (self.taken and is_over):
            self.give_back()

    def give_back(self) -> None:
        """Give the turn back, and wait for the next one; see `Turns.give_back`."""
        self._has_report = False
        if not self.is_released:
            self._wait_for_turn()
        self._go_on()

    def announce(self) -> None:
        """Tell the other ranks that the session has ended, unless they know."""
        if not self.has_announced:
            self.has_announced = True
            self.on_release(self._is_stopped)

    def _go_on(self) -> None:
        """Take the agreed steps to their end after the session's, and then part."""
        if self._is_abandoned:
            self.on_stop()
        if self.is_released and self.left <= 0:
            self.announce()
            if self._is_stopped:
                self.on_stop()


class FollowerTurns(Turns):
    """The turns of another rank: the messages of an exchange grant them.

    Parameters
    ----------
    exchange : takes the messages of an exchange until one grants steps, or ends the turns
    """

    def __init__(self, exchange: Callable[[], None]) -> None:
        super().__init__()
        self._exchange = exchange
        self._granted = 0

    def grant(self, steps: int) -> None:
        """Let the loop take steps to the next exchange."""
        self.taken, self._granted = 0, steps

    def release(self, stop: bool) -> None:
        """Let the loop run on alone, or have its next visit raise."""
        self.is_released, self._is_stopped = True, stop

    def interrupt(self) -> None:
        """Do nothing: rank 0 alone has a session."""

    def visit(self) -> None:
        """Visit a boundary; see `Turns.visit`."""
        if self.taken >= self._granted or self.is_released:
            self.give_back()

    def give_back(self) -> None:
        """Take part in an exchange; see `Turns.give_back`."""
        if not self.is_released:
            self._granted = 0
            self._exchange()
        if self._is_stopped:
            self.on_stop()

    def end(self) -> None:
        """Note that the loop has ended."""
        self.has_ended = True
