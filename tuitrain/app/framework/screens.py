"""The bases of all screens and dialogs: when they take input, and how they are rebuilt."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from textual.events import Resize
from textual.screen import ModalScreen

from tuitrain.run.snapshot import Snapshot

from .textual_fixes import StrictScreen

Result = TypeVar("Result")


class BaseScreen(StrictScreen[Result]):
    """A screen that takes keys, actions, messages and snapshots only while it is open.

    It is open from the moment that its widgets are mounted until it is dismissed, which happens
    once. So neither its handlers nor the app check whether its widgets exist.
    """

    def offer_snapshot(self, snapshot: Snapshot) -> None:
        """Show a snapshot if the screen is open."""
        if self.takes_input:
            self.show_snapshot(snapshot)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Show a snapshot; only `offer_snapshot` calls this. Nothing by default."""

    def restore_content(self) -> None:
        """Fill rebuilt widgets as `on_mount` fills the first ones; nothing by default."""

    def rebuild(self, then: Callable[[], None]) -> None:
        """Replace all widgets, then call ``then``, also after a failure."""
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
    """A screen over another one, which stays visible behind it."""
