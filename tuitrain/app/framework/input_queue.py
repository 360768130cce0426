"""Input in order: a key, click or paste is dispatched after the one before it has taken effect.

Textual (8.2.8) forwards every key at once to the widget that has the focus at that moment. Keys
that arrive together, as from a quick typist on a busy machine, all go to the same panel:
``:freeze`` typed at once opened the command line, and ran the keys f and r on the deck. Here every
event waits until the event before it has passed all queues on its way, and a screen that it opened
is mounted.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final, TypeVar

from textual.app import App
from textual.css.query import NoMatches
from textual.dom import NoScreen
from textual.errors import NoWidget
from textual.events import Event, InputEvent, MouseEvent, MouseMove, Paste
from textual.message_pump import MessagePump

Result = TypeVar("Result")

PROBE_ROUNDS: Final = 2
"""Probes sent after an event: its handler may post messages itself (enter in a field does)."""

MAX_PROBE_ROUNDS: Final = 10

MAX_WAIT_SECONDS: Final = 0.5
"""Seconds after which the next event is dispatched in any case: a probe is lost if the widget that
holds it is removed. Our screens compose within 0.1 s."""


class Probe(Event, bubble=True):
    """An event that follows another one from a widget up to the app, after it in every queue."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class QueuedInputApp(App[Result]):
    """An app that dispatches input events one after another."""

    def __init__(self) -> None:
        super().__init__()
        self._inputs: deque[Event] = deque()
        self._probe = 0
        self._rounds = 0
        self._is_dispatching = False
        self._place: tuple[object, object] | None = None
        self._limit: asyncio.TimerHandle | None = None

    @property
    def is_settled(self) -> bool:
        """Whether all input has been dispatched and has taken effect."""
        return not self._is_dispatching and not self._inputs

    @property
    def queued_inputs(self) -> int:
        """The number of events that wait."""
        return len(self._inputs)

    async def on_event(self, event: Event) -> None:
        """Dispatch input in order, and other events at once."""
        if isinstance(event, Probe):
            await self._on_probe_arrived(event.number)
        elif not _is_input(event) or event.is_forwarded:
            await super().on_event(event)
        elif not self.screen_stack:
            event.stop()  # the app is being taken down
        elif self._is_dispatching:
            self._queue(event)
        else:
            await self._dispatch_input(event)

    def _queue(self, event: Event) -> None:
        """Queue an event; of successive moves of the pointer only the last."""
        if isinstance(event, MouseMove) and self._inputs:
            last = self._inputs.pop()
            if not isinstance(last, MouseMove):
                self._inputs.append(last)
        self._inputs.append(event)

    async def _dispatch_input(self, event: Event) -> None:
        if isinstance(event, MouseMove):
            await super().on_event(event)
            return
        self._is_dispatching = True
        self._rounds = 0
        target = self._widget_under(event)
        try:
            await super().on_event(event)
        finally:
            self._send_probe(target)

    def _widget_under(self, event: Event) -> MessagePump | None:
        """Return the widget under the pointer."""
        if isinstance(event, MouseEvent):
            try:
                return self.get_widget_at(event.x, event.y)[0]
            except (NoWidget, NoScreen, NoMatches):
                return None
        return None

    def _send_probe(self, target: MessagePump | None = None) -> None:
        """Send a probe along the event's way: from its target, or from the focused widget."""
        self._rounds += 1
        self._probe += 1
        self._place = self._focus()
        probe = Probe(self._probe)
        for pump in (target, *reversed(self._place), self):
            if isinstance(pump, MessagePump) and pump.post_message(probe):
                break
        if self._limit is not None:
            self._limit.cancel()
        self._limit = asyncio.get_running_loop().call_later(
            MAX_WAIT_SECONDS, self.post_message, Probe(self._probe)
        )

    async def _on_probe_arrived(self, number: int) -> None:
        """Dispatch the next event once screen and focus no longer change."""
        if number != self._probe or not self._is_dispatching:
            return
        is_stable = self._place == self._focus() and self._rounds >= PROBE_ROUNDS
        if not is_stable and self._rounds < MAX_PROBE_ROUNDS:
            self._send_probe()
            return
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None
        self._is_dispatching = False
        while self._inputs and not self._is_dispatching:
            await self._dispatch_input(self._inputs.popleft())

    def _focus(self) -> tuple[object, object]:
        stack = self.screen_stack
        return (stack[-1], stack[-1].focused) if stack else (None, None)


def _is_input(event: Event) -> bool:
    return isinstance(event, InputEvent | Paste)
