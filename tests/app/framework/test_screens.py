"""All screens: they take input while they are open, and are dismissed once."""

from __future__ import annotations

import importlib
import pkgutil

import pytest
from textual import events
from textual.screen import Screen
from textual.widgets import Input

import tuitrain.app
from tests.app.fake import running
from tuitrain.app.framework.screens import BaseScreen
from tuitrain.app.framework.textual_fixes import StrictScreen
from tuitrain.app.screens.dialogs.checkpoint import CheckpointDialog
from tuitrain.app.screens.dialogs.rewind import RewindDialog
from tuitrain.app.terminal import key_name


def screens() -> list[type[Screen]]:
    """Return every class of screens that tuitrain has."""
    for module in pkgutil.walk_packages(tuitrain.app.__path__, "tuitrain.app."):
        if module.name != "tuitrain.app.web.server":  # needs textual-serve
            importlib.import_module(module.name)
    result, left = [], [Screen]
    while left:
        subclasses = left.pop().__subclasses__()
        left += subclasses
        result += [item for item in subclasses if item.__module__.startswith("tuitrain.")]
    return result


def at_once(person, *keys: str) -> None:
    """Post keys as a terminal that has read them at once."""
    for key in keys:
        name = key_name(key) if len(key) == 1 else key
        person.app.post_message(events.Key(name, key if len(key) == 1 else None))


async def caught_up(person) -> None:
    while not person.app.is_settled:
        await person.pilot.pause()
    await person.look()


def test_every_screen_has_the_common_base():
    result = {item for item in screens() if item is not StrictScreen}
    assert len(result) > 25
    without = {item.__name__ for item in result if not issubclass(item, BaseScreen)}
    assert without == {"Palette"}  # Textual's own, which does not show the run


async def test_keys_typed_ahead_reach_the_command_line(opened):
    async with opened() as person:
        at_once(person, ":", *"freeze conv", "enter")
        await caught_up(person)
        assert person.sent == ["freeze conv"]


async def test_keys_typed_ahead_reach_the_dialog(opened):
    async with opened() as person:
        at_once(person, "l", "home", "ctrl+k", *"0.5", "enter")
        await caught_up(person)
        assert person.sent == ["lr conv 0.5"]


@pytest.mark.parametrize("key", ["escape", "enter"])
@pytest.mark.parametrize("opens", ["backspace", "k", "l", "o", "s", "d", "t", "comma", "L", "Q"])
@pytest.mark.slow
async def test_repeated_escapes_dismiss_a_dialog_once(opened, opens, key):
    async with opened() as person:
        at_once(person, opens, *[key] * 5)
        await caught_up(person)
        assert person.app.screen_stack[0] is person.deck
        assert len(person.sent) <= 1


@pytest.mark.parametrize("key", ["pageup", "pagedown", "down", "enter", "escape"])
async def test_the_palette_accepts_keys_before_it_is_filled(opened, key):
    async with opened() as person:
        at_once(person, "ctrl+p", key, key, "x", key, "escape", "escape", "escape")
        await caught_up(person)
        assert person.app.screen is person.deck


async def test_a_dialog_is_dismissed_once_and_only_on_top(opened):
    async with opened() as person:
        dialog = CheckpointDialog(running())
        await person.app.push_screen(dialog)
        await person.app.push_screen(CheckpointDialog(running()))
        dialog.dismiss(None)
        assert len(person.app.screen_stack) == 3
        person.app.screen.dismiss(None)
        dialog.dismiss(None)
        dialog.dismiss(None)
        assert person.app.screen_stack == [person.deck]


async def test_a_screen_takes_input_only_while_it_is_open(opened):
    async with opened() as person:
        dialog = RewindDialog(running)
        dialog.offer_snapshot(running())
        assert not dialog.check_action("send", ())
        await person.app.push_screen(dialog)
        assert dialog.check_action("send", ())
        dialog.dismiss(None)
        dialog.offer_snapshot(running())
        assert not dialog.check_action("send", ())
        await person.settle()
        assert person.sent == []


async def test_the_run_is_polled_while_a_dialog_opens_and_closes(opened):
    async with opened() as person:
        for key in ("l", "escape", "o", "escape", "w", "escape", "n", "escape"):
            at_once(person, key)
            person.source.show(step=1300)
            person.app.poll()
            await person.app.animator.wait_for_idle()
            person.app.poll()
        await caught_up(person)
        assert person.app.screen is person.deck


@pytest.mark.parametrize("name", ["x" * 300 + ".toml", "~no-such-user/x.toml", "a\0b.toml"])
async def test_an_impossible_file_name_is_an_error(opened, tmp_path, name):
    async with opened(record=tmp_path) as person:
        await person.press("w")
        person.app.screen.query_one(Input).value = name
        await person.look()
        assert person.line.startswith("✗ ")


async def test_a_group_is_folded_although_the_filter_hides_its_row(opened):
    async with opened() as person:
        await person.press("slash")
        await person.type("conv1.bias")
        await person.press("enter", "enter", "escape")
        assert person.app.screen is person.deck
