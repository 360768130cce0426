"""Input in turn: a key, click or paste is handed over when the one before it has had its effect.

Textual (8.2.8) forwards every key at once to what has the focus *now*. Of several keys that come
together, as they do from a quick typist on a busy machine, all go to the same panel: ``:freeze``
typed at once opened the command line, and froze, and redid. Here every event waits until the one
before it was processed by all that it passes, and a screen that it opened is there.
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
"""Probes sent after an event: what it does may post messages in turn (enter in a field does)."""

MAX_PROBE_ROUNDS: Final = 10

MAX_WAIT_SECONDS: Final = 0.5
"""Seconds after which the next event goes out whatever has become of the probe, which is lost if
the widget that holds it is removed. A screen of ours is composed within 0.1 s."""


class Probe(Event, bubble=True):
    """Follows an event on its way up from a widget to the app, behind it in every queue."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class QueuedInputApp(App[Result]):
    """An app that hands input over in turn."""

    def __init__(self) -> None:
        super().__init__()
        self._inputs: deque[Event] = deque()
        self._probe = 0
        self._rounds = 0
        self._handing_over = False
        self._place: tuple[object, object] | None = None
        self._limit: asyncio.TimerHandle | None = None

    @property
    def is_settled(self) -> bool:
        """Whether all input that came was handed over, and has had its effect."""
        return not self._handing_over and not self._inputs

    @property
    def queued_inputs(self) -> int:
        """How many events wait for their turn."""
        return len(self._inputs)

    async def on_event(self, event: Event) -> None:
        """Hand input over in turn, and everything else at once."""
        if isinstance(event, Probe):
            await self._probed(event.number)
        elif not _is_input(event) or event.is_forwarded:
            await super().on_event(event)
        elif not self.screen_stack:
            event.stop()  # the app is being taken down
        elif self._handing_over:
            self._queue(event)
        else:
            await self._hand_over(event)

    def _queue(self, event: Event) -> None:
        """Let an event wait; of moves of the pointer that follow one another only the last."""
        if isinstance(event, MouseMove) and self._inputs:
            before = self._inputs.pop()
            if not isinstance(before, MouseMove):
                self._inputs.append(before)
        self._inputs.append(event)

    async def _hand_over(self, event: Event) -> None:
        if isinstance(event, MouseMove):
            await super().on_event(event)
            return
        self._handing_over = True
        self._rounds = 0
        under = self._under(event)
        try:
            await super().on_event(event)
        finally:
            self._send_probe(under)

    def _under(self, event: Event) -> MessagePump | None:
        """Return the widget that the pointer is over."""
        if isinstance(event, MouseEvent):
            try:
                return self.get_widget_at(event.x, event.y)[0]
            except (NoWidget, NoScreen, NoMatches):
                return None
        return None

    def _send_probe(self, target: MessagePump | None = None) -> None:
        """Send a probe the way that the event went; else through what has the focus now."""
        self._rounds += 1
        self._probe += 1
        self._place = self._focus()
        probe = Probe(self._probe)
        ways = (target, *reversed(self._place), self)
        for pump in ways:
            if isinstance(pump, MessagePump) and pump.post_message(probe):
                break
        if self._limit is not None:
            self._limit.cancel()
        self._limit = asyncio.get_running_loop().call_later(
            MAX_WAIT_SECONDS, self.post_message, Probe(self._probe)
        )

    async def _probed(self, number: int) -> None:
        """Send the next event once nothing moves any more."""
        if number != self._probe or not self._handing_over:
            return
        calm = self._place == self._focus() and self._rounds >= PROBE_ROUNDS
        if not calm and self._rounds < MAX_PROBE_ROUNDS:
            self._send_probe()
            return
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None
        self._handing_over = False
        while self._inputs and not self._handing_over:
            await self._hand_over(self._inputs.popleft())

    def _focus(self) -> tuple[object, object]:
        stack = self.screen_stack
        return (stack[-1], stack[-1].focused) if stack else (None, None)


def _is_input(event: Event) -> bool:
    return isinstance(event, InputEvent | Paste)
