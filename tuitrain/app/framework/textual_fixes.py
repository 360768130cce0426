"""Workarounds for faults in Textual, all of them seen in version 8.2.8.

Each has a test that shows the fault in plain Textual; when that test fails, remove the workaround.
"""

from __future__ import annotations

import asyncio
import os
import signal
from functools import wraps
from typing import TypeVar

from textual.app import App
from textual.await_complete import AwaitComplete
from textual.command import CommandPalette
from textual.drivers.linux_driver import LinuxDriver
from textual.errors import NoWidget
from textual.events import Event, InputEvent, MouseEvent, Paste
from textual.message import Message
from textual.message_pump import MessagePump
from textual.messages import (
    CloseMessages,
    InvokeLater,
    Layout,
    Prompt,
    Prune,
    Update,
    UpdateScroll,
)
from textual.screen import Screen
from textual.theme import ThemeProvider
from textual.widgets import OptionList

from .faults import contain_fault

Result = TypeVar("Result")

_OWN_UPKEEP = (CloseMessages, InvokeLater, Layout, Prompt, Prune, Update, UpdateScroll)
"""Messages that a screen needs until its queue is closed."""


class ResilientPump(MessagePump):
    """A message queue that survives a fault in a handler.

    Textual ends the queue of the widget, screen or app whose handler raised, and then the app. An
    app that contains its faults needs at least its own queue and those of its screens. Textual has
    no public hook around the dispatch of all messages.
    """

    async def _dispatch_message(self, message: Message) -> None:
        try:
            await super()._dispatch_message(message)
        except Exception as error:
            if not contain_fault(self.app, error):
                raise


class StrictScreen(ResilientPump, Screen[Result]):
    """A screen that takes input only while it is open, and is dismissed once.

    `Screen.dismiss` removes the screen on top: called twice, as by two quick escapes, it closes the
    screen below too, or raises `ScreenStackError`. A priority binding acts before the screen is
    composed. Messages of its widgets are handled after it was dismissed, when those widgets are
    removed.
    """

    _is_filled = True
    """Whether its widgets exist; False while it is rebuilt."""

    _is_dismissed = False

    @property
    def takes_input(self) -> bool:
        """Whether it is composed and mounted, and neither dismissed nor removed."""
        up = self.is_mounted and self.is_running and self.is_attached
        return up and self._is_filled and not self._is_dismissed and bool(self.children)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Allow actions while the screen is open."""
        return super().check_action(action, parameters) if self.takes_input else False

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Close the screen; do nothing if it was dismissed before, or another one is on top."""
        if self._is_dismissed or not self.is_active:
            return AwaitComplete.nothing()
        self._is_dismissed = True
        return super().dismiss(result)

    def _forward_event(self, event: Event) -> None:
        # A press of the mouse on a widget that is being removed, and is still painted, looks for
        # its parent: AttributeError: 'NoneType' object has no attribute 'region'.
        if self.takes_input and not (isinstance(event, MouseEvent) and self._is_removed_at(event)):
            super()._forward_event(event)

    def _is_removed_at(self, event: MouseEvent) -> bool:
        """Return whether the widget under the pointer was removed since it was painted."""
        try:
            return not self.get_widget_at(event.x, event.y)[0].is_attached
        except NoWidget:
            return False

    async def _dispatch_message(self, message: Message) -> None:
        if not self._is_dismissed or not _is_for_open_screens(message):
            await super()._dispatch_message(message)


def _is_for_open_screens(message: Message) -> bool:
    """Return whether a message is input or comes from a widget."""
    if isinstance(message, Event):
        return isinstance(message, InputEvent | Paste)
    return not isinstance(message, _OWN_UPKEEP)


_PALETTE = "--textual-command-palette"
"""The CSS class of every palette."""


class Palette(CommandPalette, StrictScreen[None]):  # pyright: ignore[reportIncompatibleMethodOverride]
    """The command palette, dismissed once.

    It dismisses itself on escape, on a click beside it and on a choice.
    """


class FixedApp(App[Result]):
    """An app whose palettes are dismissed once, and which repaints after a suspension."""

    def on_mount(self) -> None:
        """Repaint the screen after ctrl+z and fg.

        The driver clears the terminal, and the app, whose size did not change, paints nothing: the
        screen stayed blank until something changed.
        """
        self.app_resume_signal.subscribe(self, lambda _: self.refresh(layout=True))

    def action_command_palette(self) -> None:
        """Open the command palette, unless one is open."""
        if self.use_command_palette and not self.screen.has_class(_PALETTE):
            self.push_screen(Palette(id="--command-palette"))

    def search_themes(self) -> None:
        """Open the palette of themes."""
        self.push_screen(Palette([ThemeProvider], placeholder="Search for themes…"))


def skip_pages_without_layout() -> None:
    """Ignore page up and page down in an `OptionList` that has no size yet.

    `OptionList._move_page` looks up the highlighted option among lines that exist only after a
    layout: `KeyError: 0` in the palette while it is filled or closing.
    """
    move = OptionList._move_page

    @wraps(move)
    def move_page(self: OptionList, direction) -> None:
        if self.scrollable_content_region:
            move(self, direction)

    OptionList._move_page = move_page


def restart_after_stop() -> None:
    """Restart the screen after SIGSTOP and SIGCONT as after ctrl+z and fg.

    `LinuxDriver` starts a second time without an end of the first, with two threads that read keys,
    and repaints nothing: what the shell has written stays. It also starts after the app has ended.
    """
    resume = LinuxDriver._sigcont_application

    @wraps(resume)
    def restart(self: LinuxDriver, *arguments) -> None:
        if self._auto_restart and not self._must_signal_resume:
            if not _is_running(self):
                return
            if not _owns_terminal(self):
                os.kill(os.getpid(), signal.SIGSTOP)
                return
            self.suspend_application_mode()
            self._must_signal_resume = True
        resume(self, *arguments)

    LinuxDriver._sigcont_application = restart


def _is_running(driver: LinuxDriver) -> bool:
    """Return whether the driver's app runs, in this thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return driver._writer_thread is not None


def _owns_terminal(driver: LinuxDriver) -> bool:
    """Return whether the process is in the foreground of its terminal, or has none."""
    try:
        return os.tcgetpgrp(driver.fileno) == os.getpgrp()
    except OSError:
        return True


skip_pages_without_layout()
restart_after_stop()
