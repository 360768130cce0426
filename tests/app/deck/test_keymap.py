"""Configured keys: which can be chosen, and that all texts name the keys in force."""

from __future__ import annotations

import shutil

import pytest
from textual.widgets import OptionList, Static

from tuitrain.app.config import Config, read_config, write_config
from tuitrain.app.keys import KEYS
from tuitrain.app.keys.keymap import KeymapError, build_key_table, display_key, textual_keymap
from tuitrain.app.palette import RunCommands
from tuitrain.app.widgets.footer import KeyFooter


def key(table, name: str):
    return next(item for item in table if item.name == name)


def test_actions_have_distinct_names():
    names = [item.name for item in KEYS]
    assert all(names)
    assert len(set(names)) == len(names)


def test_no_key_has_two_actions():
    assert build_key_table({}) == KEYS


def test_a_key_is_configured_as_displayed_or_by_textuals_name():
    table = build_key_table({"freeze": "F, ctrl+x", "help": "f1", "settings": ";", "quit": "?"})
    assert (key(table, "freeze").keys, key(table, "freeze").written) == ("F,ctrl+x", "F ctrl+x")
    assert key(table, "settings").keys == "semicolon"
    assert key(table, "quit").written == "?"
    assert textual_keymap({"up": ",", "down": "n,shift+down"}) == {
        "up": "comma",
        "down": "n,shift+down",
    }


def test_two_actions_may_swap_keys():
    table = build_key_table({"freeze": "l", "lr": "f"})
    assert (key(table, "freeze").written, key(table, "lr").written) == ("l", "f")


@pytest.mark.parametrize(
    ("chosen", "output"),
    [
        (
            {"freze": "F"},
            "keys: 'freze' is not an action, did you mean 'freeze'? (actions: batch,",
        ),
        ({"leave": "z"}, "keys: 'leave' keeps its key (actions: "),
        ({"freeze": "l"}, "keys: 'l' is the key of both freeze and lr; give one of them another"),
        ({"freeze": "spcae"}, "keys: freeze: 'spcae' is not a key, did you mean 'space'?"),
        ({"freeze": ""}, "keys: freeze: '' is not a key"),
        ({"freeze": "ctrl+nothing"}, "keys: freeze: 'ctrl+nothing' is not a key"),
        ({"freeze": "F", "lr": "F"}, "keys: 'F' is the key of both freeze and lr"),
        ({"rewind_here": "enter", "pause": "enter"}, "'enter' is the key of both pause and open"),
    ],
)
def test_an_invalid_key_map_is_an_error(chosen, output):
    with pytest.raises(KeymapError) as raised:
        build_key_table(chosen)
    assert output in str(raised.value)


def test_keys_are_displayed_as_printed_on_keyboards():
    for item in KEYS:
        assert " ".join(map(display_key, item.keys.split(",")))[0] == item.written[0]


async def test_configured_keys_work_and_footer_help_and_palette_name_them(opened, tmp_path):
    path = tmp_path / "config.toml"
    path.write_text('toured = true\n[keys]\nfreeze = "z"\ndown = "n"\n')
    async with opened(config=path) as person:
        await person.press("f")
        assert person.sent == []
        await person.press("n", "z")
        assert person.sent == ["freeze conv1.bias"]
        assert " z freeze" in person.deck.query_one(KeyFooter).render_line(0).text
        entries = [text for text, _, _ in RunCommands(person.deck).entries()]
        assert any(text.endswith("or thaw it  (z)") for text in entries)
        await person.press("question_mark")
        text = str(person.app.screen.query_one("#help Static", Static).content)
        assert "  z        Freeze the selected group" in text
        assert "freeze TARGET   z" in text


async def to_row(person, name: str) -> None:
    rows = person.app.screen.query_one(OptionList)
    rows.highlighted = rows.get_option_index(name)
    await person.settle()


async def test_a_key_changed_in_the_settings_is_stored(opened, tmp_path):
    path = tmp_path / "config.toml"
    write_config(path, Config(toured=True))
    async with opened(config=path) as person:
        await person.press("comma")
        await to_row(person, "freeze")
        await person.press("enter")
        assert person.line == "press the new key for freeze; esc keeps the present one"
        await person.press("l")
        assert person.line.startswith("✗ l is the key of lr: Set or scale the learning rate")
        await person.press("enter", "escape", "enter", "z")
        assert person.line == "✓ z does freeze now"
        await person.press("escape", "z")
        assert person.sent == ["freeze conv"]
    assert read_config(path, ["nord"]).keys == {"freeze": "z"}
    async with opened(config=path) as person:
        await person.press("comma")
        await to_row(person, "freeze")
        await person.press("backspace")
        assert person.line == "✓ freeze is reset"
        await person.press("escape", "f")
        assert person.sent == ["freeze conv"]
    assert read_config(path, ["nord"]).keys == {}


async def test_the_settings_set_theme_rate_and_notifications(opened, tmp_path):
    path = tmp_path / "config.toml"
    write_config(path, Config(toured=True))
    async with opened(config=path) as person:
        await person.press("comma")
        for name in ("theme", "rate", "bell", "desktop"):
            await to_row(person, name)
            await person.press("enter")
        kept = read_config(path, person.app.available_themes)
        assert kept.theme == person.app.theme == sorted(person.app.available_themes)[0]
        assert (kept.rate, kept.notify.bell, kept.notify.desktop) == (30, False, "osc9")
        await to_row(person, "rate")
        await person.press("backspace")
        assert read_config(path, person.app.available_themes).rate == 12


async def test_quit_and_settings_keep_their_keys(opened):
    async with opened() as person:
        await person.press("comma")
        await to_row(person, "leave")
        await person.press("enter")
        assert person.line == "✗ leave keeps its key"


async def test_settings_that_cannot_be_stored_say_why(opened, tmp_path):
    path = tmp_path / "folder" / "config.toml"
    write_config(path, Config(toured=True))
    async with opened(config=path) as person:
        shutil.rmtree(path.parent)
        path.parent.write_text("")  # a file in place of the folder
        await person.press("comma")
        await to_row(person, "bell")
        await person.press("enter")
        assert person.line.startswith("✗ cannot write")
