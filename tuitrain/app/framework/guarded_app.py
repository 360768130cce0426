"""An app that contains its faults: a failing screen ends neither the app nor the training.

Textual (8.2.8) hands every unhandled exception, of handlers, timers, workers and painting, to
`App._handle_exception`, which ends the app. No other method sees all of them, so it is overridden
here. The queues of the app and its screens survive a fault (see `textual_fixes`), and a widget
whose queue has ended is replaced when the screen is rebuilt. Only ``q``, ctrl+q and signals end the
app.
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
"""Textual's timers with an interval of 0 divide by zero on a busy machine."""


class GuardedApp(ResilientPump, QueuedInputApp[Result], FixedApp[Result]):
    """Logs faults, shows a line about each, and rebuilds the main screen."""

    raise_faults: ClassVar[bool] = False
    """Whether faults end the app, as in any Textual app; set in tests, so that none is hidden."""

    def __init__(self) -> None:
        super().__init__()
        self.faults = FaultLog()
        self.unlogged_faults: list[str] = []
        """The texts of faults where the app has no log; printed after the app has ended."""
        self._has_started = False
        self._is_redrawing = False

    @property
    def is_redrawing(self) -> bool:
        """Whether the screen is still to be rebuilt after a fault."""
        return self._is_redrawing

    def on_mount(self) -> None:
        """Contain faults from now on; a fault before the first screen ends the app."""
        self._has_started = True

    def log_fault(self, text: str) -> None:
        """Log the text of a fault; without a log, keep it until the end."""
        self.unlogged_faults.append(text)

    def show_fault(self, text: str) -> None:
        """Show a line about a fault on the rebuilt screen."""
        self.notify(text, severity="error", timeout=20, markup=False)

    def restore_screen(self) -> None:
        """Fill the rebuilt main screen; nothing by default."""

    def contain(self, error: Exception) -> bool:
        """Log a fault and rebuild the screen; return whether the app continues."""
        if self.raise_faults or not self._has_started:
            return False
        if text := self.faults.record(error):
            self.log_fault(text)
        if not self._exit and not self._is_redrawing:
            self._is_redrawing = True
            self._begin_batch()  # a widget that cannot be painted is not tried at every refresh
            self.set_timer(max(MIN_TIMER_SECONDS, self.faults.next_delay()), self._redraw)
        return True

    def report(self, error: Exception) -> bool:
        """Log a fault that its caller contains; return whether it was logged."""
        if self.raise_faults or not self._has_started:
            return False
        if text := self.faults.record(error):
            self.log_fault(text)
        return True

    def _handle_exception(self, error: Exception) -> None:
        if not self.contain(error):
            super()._handle_exception(error)

    async def _redraw(self) -> None:
        """Close all screens but the main one, and rebuild that."""
        try:
            self.capture_mouse(None)
            while len(self.screen_stack) > 1:
                await self.pop_screen()
            main: Screen = self.screen
            if isinstance(main, BaseScreen):
                main.rebuild(self._finish_redraw)
        except Exception as error:
            self._is_redrawing = False
            self._end_batch()
            self.contain(error)

    def _finish_redraw(self) -> None:
        self._is_redrawing = False
        self._end_batch()
        self.restore_screen()
        self.refresh(layout=True)
        self.show_fault(f"the screen had a fault and was redrawn: {self.faults.latest}")


def unlogged_faults_of(app: App) -> list[str]:
    """Return the texts of an app's faults that are in no log."""
    return app.unlogged_faults if isinstance(app, GuardedApp) else []
