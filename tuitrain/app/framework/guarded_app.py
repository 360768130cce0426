"""An app that outlives its faults: what fails on the screen ends neither it nor the training.

Textual (8.2.8) hands every unhandled exception, of handlers, timers, workers and painting, to
`App._handle_exception`, which ends the app. It is the one place that sees them all, and is
overridden here; the queues of the app and its screens go on after a fault (see `textual_fixes`),
and a widget whose queue has ended is replaced when the screen is drawn anew. Only `q`, ctrl+q and
signals end the app.
"""

from __future__ import annotations

from typing import ClassVar, Final, TypeVar

from textual.app import App
from textual.screen import Screen

from .faults import FaultLog
from .input_queue import QueuedInputApp
from .screens import BaseScreen
from .textual_fixes import FixedApp, ResilientPump

Result = TypeVar("Result")

MIN_TIMER_SECONDS: Final = 0.01
"""Seconds; a timer of Textual's with none divides by zero where the machine is busy."""


class GuardedApp(ResilientPump, QueuedInputApp[Result], FixedApp[Result]):
    """Writes faults down, says so in one line, and draws the main screen anew."""

    faults_pass: ClassVar[bool] = False
    """Whether faults end the app, as in any Textual app; set by tests, so that none is hidden."""

    def __init__(self) -> None:
        super().__init__()
        self.faults = FaultLog()
        self.unlogged_faults: list[str] = []
        """What was written down of faults, where the app has no log: told when it has ended."""
        self._is_up = False
        self._is_mending = False

    @property
    def is_redrawing(self) -> bool:
        """Whether there was a fault, and the screen has yet to be drawn anew."""
        return self._is_mending

    def on_mount(self) -> None:
        """Contain faults from now on: without a first screen there is nothing to go on with."""
        self._is_up = True

    def log_fault(self, text: str) -> None:
        """Keep what is to be written down of a fault; where there is no log, until the end."""
        self.unlogged_faults.append(text)

    def show_fault(self, text: str) -> None:
        """Say in one line what has happened, once the screen is there again."""
        self.notify(text, severity="error", timeout=20, markup=False)

    def restore_screen(self) -> None:
        """Put into the main screen what it shows; an app's own part."""

    def contain(self, error: Exception) -> bool:
        """Take a fault in: write it down, and draw the screen anew; whether the app goes on."""
        if self.faults_pass or not self._is_up:
            return False
        if text := self.faults.record(error):
            self.log_fault(text)
        if not self._exit and not self._is_mending:
            self._is_mending = True
            self._begin_batch()  # what cannot be painted is not tried at every refresh
            self.set_timer(max(MIN_TIMER_SECONDS, self.faults.next_delay()), self._mend)
        return True

    def report(self, error: Exception) -> bool:
        """Write down a fault that is contained where it came up; whether it was."""
        if self.faults_pass or not self._is_up:
            return False
        if text := self.faults.record(error):
            self.log_fault(text)
        return True

    def _handle_exception(self, error: Exception) -> None:
        if not self.contain(error):
            super()._handle_exception(error)

    async def _mend(self) -> None:
        """Close all screens but the main one, and draw that anew."""
        try:
            self.capture_mouse(None)
            while len(self.screen_stack) > 1:
                await self.pop_screen()
            main: Screen = self.screen
            if isinstance(main, BaseScreen):
                main.rebuild(self._mended)
        except Exception as error:
            self._is_mending = False
            self._end_batch()
            self.contain(error)

    def _mended(self) -> None:
        self._is_mending = False
        self._end_batch()
        self.restore_screen()
        self.refresh(layout=True)
        self.show_fault(f"the screen had a fault and was drawn anew: {self.faults.latest}")


def unlogged_faults_of(app: App) -> list[str]:
    """Return what was written down of an app's faults, where it has no log."""
    return app.unlogged_faults if isinstance(app, GuardedApp) else []
