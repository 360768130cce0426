"""Faults of Textual, shown in plain Textual and fixed in our classes."""

from __future__ import annotations

from typing import ClassVar

import pytest
from textual.app import App, ScreenStackError
from textual.driver import Driver
from textual.events import Key, MouseDown
from textual.geometry import Offset, Region
from textual.screen import ModalScreen, Screen
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import OptionList, Static

from tuitrain.app.framework.input_queue import QueuedInputApp
from tuitrain.app.framework.textual_fixes import FixedApp, StrictScreen


class Plain(ModalScreen[None]):
    """A dialog of Textual's."""


class Once(StrictScreen[None]):
    """A dialog of ours."""


async def test_a_screen_dismissed_twice():
    async with App().run_test() as pilot:
        plain = Plain()
        await pilot.app.push_screen(plain)
        plain.dismiss()
        with pytest.raises(ScreenStackError):
            plain.dismiss()
        once = Once()
        await pilot.app.push_screen(once)
        once.dismiss()
        once.dismiss()
        assert len(pilot.app.screen_stack) == 1


async def test_a_screen_dismissed_from_below():
    async with App().run_test() as pilot:
        for below, stays in ((Plain(), False), (Once(), True)):
            above = Plain()
            await pilot.app.push_screen(below)
            await pilot.app.push_screen(above)
            below.dismiss()
            assert (above in pilot.app.screen_stack) is stays
            while len(pilot.app.screen_stack) > 1:
                await pilot.app.pop_screen()


class Listed(App[None]):
    """Shows a list without room."""

    def compose(self):
        options = OptionList("a", "b")
        options.styles.height = 0
        yield options


@pytest.mark.parametrize("action", ["action_page_down", "action_page_up"])
async def test_page_down_in_a_list_without_a_layout(action, monkeypatch):
    async with Listed().run_test() as pilot:
        options = pilot.app.query_one(OptionList)
        options.highlighted = 0
        getattr(options, action)()
        assert options.highlighted == 0
        ours = OptionList._move_page
        monkeypatch.setattr(OptionList, "_move_page", ours.__wrapped__)  # type: ignore[attr-defined]
        with pytest.raises(KeyError):
            getattr(options, action)()


class Painted(Widget):
    """Counts how often it is painted."""

    times = 0

    def render_lines(self, crop) -> list[Strip]:
        self.times += 1
        return super().render_lines(crop)


class PlainPainted(App[None]):
    def compose(self):
        yield Painted()


class FixedPainted(FixedApp[None]):
    compose = PlainPainted.compose


@pytest.mark.parametrize(("app", "paints"), [(PlainPainted, False), (FixedPainted, True)])
async def test_the_screen_after_ctrl_z_and_fg(app, paints):
    async with app().run_test() as pilot:
        painted = pilot.app.query_one(Painted)
        before = -1
        while before != painted.times:
            before = painted.times
            await pilot.pause()
        pilot.app.post_message(Driver.SignalResume())
        await pilot.pause()
        await pilot.pause()
        assert (painted.times > before) is paints


def haunted(kind: type[Screen]) -> Screen:
    """Return a screen that still shows a widget which was removed."""

    class Haunted(kind):
        def get_widget_at(self, x, y):
            return Static("gone"), Region(0, 0, 4, 1)

        def get_widget_and_offset_at(self, x, y):
            return Static("gone"), Offset(0, 0)

    return Haunted()


async def test_a_press_on_a_widget_that_was_removed():
    async with App().run_test() as pilot:
        for kind in (Screen, StrictScreen):
            await pilot.app.push_screen(haunted(kind))
            await pilot.pause()
            press = MouseDown(None, 1, 0, 0, 0, 1, False, False, False)
            if kind is StrictScreen:
                await pilot.app.on_event(press)
                assert pilot.app.screen.focused is None
            else:
                with pytest.raises(AttributeError, match="region"):
                    await pilot.app.on_event(press)


class Field(App[None]):
    """Moves the focus at a key, and records the widget that receives the next key."""

    BINDINGS: ClassVar = [("a", "away", "")]
    met: ClassVar[list[str]] = []

    def compose(self):
        yield Static("one", id="one")
        yield Static("two", id="two")

    def on_mount(self):
        for item in self.query(Static):
            item.can_focus = True
        self.query_one("#one").focus()
        self.met.clear()

    def action_away(self):
        self.query_one("#two").focus()

    def key_b(self):
        self.met.append(str(self.focused.id))


class FieldInTurn(QueuedInputApp[None]):
    BINDINGS = Field.BINDINGS
    met = Field.met
    compose, on_mount = Field.compose, Field.on_mount
    action_away, key_b = Field.action_away, Field.key_b


@pytest.mark.parametrize(("app", "meets"), [(Field, "one"), (FieldInTurn, "two")])
async def test_two_keys_of_which_the_first_moves_the_focus(app, meets):
    async with app().run_test() as pilot:
        for key in "ab":
            pilot.app.post_message(Key(key, key))
        for _ in range(5):
            await pilot.pause()
        assert Field.met == [meets]
