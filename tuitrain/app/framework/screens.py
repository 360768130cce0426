"""The bases of all screens and dialogs: when they take input, and how they are drawn anew."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from textual.events import Resize
from textual.screen import ModalScreen

from tuitrain.app.framework.textual_fixes import StrictScreen
from tuitrain.run.snapshot import Snapshot

Result = TypeVar("Result")


class BaseScreen(StrictScreen[Result]):
    """A screen that takes keys, actions, messages and looks at the run only while it is open.

    It is open from when it is mounted, with all that it composes, until it is dismissed; it is
    dismissed once. So neither its handlers nor the app ask whether its widgets are there.
    """

    def offer_snapshot(self, snapshot: Snapshot) -> None:
        """Show what the run shows now, if the screen is open."""
        if self.takes_input:
            self.look(snapshot)

    def look(self, snapshot: Snapshot) -> None:
        """Take in what the run shows now; a screen's own part, for none but `show_run`."""

    def restore_content(self) -> None:
        """Put into new widgets what `on_mount` puts into the first ones; nothing by default."""

    def rebuild(self, then: Callable[[], None]) -> None:
        """Replace all widgets by new ones, and call back; also where that fails."""
        self._is_filled = False
        self.call_next(partial(self._recompose, then))

    async def _recompose(self, then: Callable[[], None]) -> None:
        try:
            await self.recompose()
            self._is_filled = True
            self.post_message(Resize(self.app.size, self.app.size))
            self.restore_content()
        finally:
            self._is_filled = True
            self.call_later(then)


class BaseDialog(ModalScreen[Result], BaseScreen[Result]):
    """A screen over another one, which is seen behind it."""
