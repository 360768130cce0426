"""Fixtures of the screens' tests: a fake run under a pilot, and snapshots as SVG."""

from __future__ import annotations

import gc
import re
from collections.abc import AsyncIterator, Callable, Hashable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from rich.console import Console
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from textual.app import App
from textual.css import stylesheet
from textual.css.model import RuleSet
from textual.css.parse import parse
from textual.css.tokenizer import Token
from textual.css.types import CSSLocation
from textual.pilot import Pilot
from textual.widgets import Input, Static

from tuitrain.app.app import TuitrainApp
from tuitrain.app.framework.guarded_app import GuardedApp
from tuitrain.app.renderables.rows import plain_text
from tuitrain.app.screens.deck.flight_deck import FlightDeck
from tuitrain.commands import to_text

from .fake import FakeClock, FakeSource

HOPS = 10
"""A key passes to the focused panel and back up, and its action may post messages."""

QUIET_HOPS = 2
"""The first may find all queues empty while a widget still handles its last message."""


Tokens = dict[str, list[Token]]


class SvgExtension(SingleFileSnapshotExtension):
    file_extension = "svg"
    _write_mode = WriteMode.TEXT


@pytest.fixture
def picture(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(SvgExtension)


@pytest.fixture(autouse=True)
def raise_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not contain faults of the screen: they fail the test, as in any Textual app."""
    monkeypatch.setattr(GuardedApp, "raise_faults", True)


@pytest.fixture(autouse=True)
def keep_the_heap(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the app neither collect nor freeze nor unfreeze objects.

    The heap of a test process holds 360,000 objects of pytest's, frozen after the collection of the
    tests. A full collection of them, as the app would make at its start, takes 0.2 s.
    """
    if "real_heap" not in request.fixturenames:
        for function in ("collect", "freeze", "unfreeze"):
            monkeypatch.setattr(gc, function, lambda: 0)


@pytest.fixture
def real_heap() -> Iterator[None]:
    """Let the app collect and freeze objects; none is frozen before."""
    gc.unfreeze()
    yield
    gc.freeze()


@pytest.fixture(autouse=True)
def parse_styles_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let all apps share the rules of a stylesheet: parsing took a sixth of each start."""
    monkeypatch.setattr(stylesheet, "parse", parse_once)


RULES: dict[Hashable, list[RuleSet]] = {}
"""The rules of a stylesheet by its text, its place and the variables in it."""


def parse_once(
    scope: str, css: str, read_from: CSSLocation, *, variable_tokens: Tokens, **options: int
) -> list[RuleSet]:
    """Parse a stylesheet as Textual does, once for the same variables."""
    variables = tuple((name, tokens[0].code) for name, tokens in variable_tokens.items() if tokens)
    key = (scope, css, read_from, variables, *options.items())
    if key not in RULES:
        rules = parse(scope, css, read_from, variable_tokens=variable_tokens, **options)
        RULES[key] = list(rules)
    return RULES[key]


@dataclass
class Driver:
    """A user at the keyboard."""

    app: TuitrainApp
    source: FakeSource
    pilot: Pilot[None]

    @property
    def deck(self) -> FlightDeck:
        return self.app.deck

    @property
    def status(self) -> str:
        return plain_text(self.deck.status.message)

    @property
    def sent(self) -> list[str]:
        return [to_text(command) for command, _ in self.source.sent]

    @property
    def line(self) -> str:
        """The ``:`` line of the open dialog."""
        return str(self.app.screen.query_one("#line", Static).content)

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.pilot.press(key)
            await self.settle()
        await self.look()

    async def settle(self) -> None:
        """Wait until all queues are empty.

        The pilot waits until the process uses no CPU time, which also happens on a busy machine.
        """
        quiet = 0
        for _ in range(HOPS):
            await self.pilot._wait_for_screen()
            quiet = 0 if self.has_messages else quiet + 1
            if quiet == QUIET_HOPS:
                break

    @property
    def has_messages(self) -> bool:
        """Whether a message waits in the queue of the app, of a screen or of a widget."""
        widgets = (
            widget
            for screen in self.app.screen_stack
            for widget in screen.walk_children(with_self=True)
        )
        return any(pump.message_queue_size for pump in (self.app, *widgets))

    async def type(self, text: str) -> None:
        """Set the text of the focused field: a pressed key takes the pilot 60 ms."""
        field = self.app.focused
        assert isinstance(field, Input)
        field.insert_text_at_cursor(text)
        await self.look()

    async def command(self, text: str) -> None:
        """Open the command line, and type."""
        await self.press("colon")
        await self.type(text)

    async def replace(self, text: str) -> None:
        """Replace the text of the focused field by typing."""
        field = self.app.focused
        assert isinstance(field, Input)
        field.value = ""
        await self.type(text)

    async def look(self) -> None:
        """Show the run's present snapshot, and the snapshots that this requests."""
        for _ in range(2):
            self.app.poll()
            await self.pilot.pause()
            await self.settle()

    def svg(self) -> str:
        """Return a screenshot without its unique number."""
        return re.sub(r"terminal-\d+", "terminal", self.app.export_screenshot())

    def text(self) -> str:
        """Return the text of the screen on one line, without a screenshot, which takes 0.2 s."""

        def export_text(console: Console, **options: object) -> str:
            return console.export_text()

        with patch.object(Console, "export_svg", export_text):
            return self.app.export_screenshot().replace("\n", "")


def toasts(app: App[Any]) -> list[str]:
    """Return the texts of the toasts on the screen: of each the title, if any, and the message."""
    return [str(toast.render()) for toast in app.screen.query("Toast")]


Open = Callable[..., AbstractAsyncContextManager[Driver]]


@pytest.fixture
def opened() -> Open:
    @asynccontextmanager
    async def open_app(
        source: FakeSource | None = None,
        size: tuple[int, int] = (120, 36),
        record: Path | None = None,
        read_only: bool = False,
        config: Path | None = None,
        toasts: bool = False,
    ) -> AsyncIterator[Driver]:
        source = source or FakeSource()
        app = TuitrainApp(
            source, FakeClock(), record, refreshes=False, read_only=read_only, config=config
        )
        async with app.run_test(size=size, notifications=toasts) as pilot:
            driver = Driver(app, source, pilot)
            await driver.look()
            yield driver

    return open_app
