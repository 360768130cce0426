"""Every named key exists: on screens, in the help and in documents."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from textual.binding import Binding
from textual.dom import DOMNode
from textual.widgets import Static

from tests.app.fake import FakeSource, branched, running, tried, watchful
from tuitrain.app.keys import KEYS, Key
from tuitrain.app.keys.keymap import display_key
from tuitrain.app.keys.other_screens import (
    BATCH_KEYS,
    INSPECTION_KEYS,
    NETWORK_KEYS,
    RECORDING_KEYS,
    START_KEYS,
    WEIGHTS_KEYS,
)
from tuitrain.app.screens.deck.recording_deck import RecordingDeck
from tuitrain.app.screens.help import help_text
from tuitrain.app.screens.run_choice.start import StartScreen
from tuitrain.app.widgets.charts.chart import Chart
from tuitrain.app.widgets.footer import KeyFooter
from tuitrain.app.widgets.tables.groups import GroupsTable
from tuitrain.app.widgets.tables.journal import Journal

ROOT = Path(__file__).parents[3]
EVERYWHERE = (
    *KEYS,
    *INSPECTION_KEYS,
    *WEIGHTS_KEYS,
    *NETWORK_KEYS,
    *BATCH_KEYS,
    *RECORDING_KEYS,
    *START_KEYS,
)
NAMED_KEYS = {"space", "enter", "tab", "esc", "home", "end", "pgdn", "pgup", "f1"}
"""Names of keys with more than one character, other than those with ctrl+ and shift+."""


SIGNS = "●┄*_"
"""Quoted characters in documents that are not keys."""


def ours(nodes: Iterable[DOMNode | type[DOMNode]]) -> set[str]:
    """Return the keys bound by tuitrain's classes, among all that a screen inherits."""
    result: set[str] = set()
    for node in nodes:
        for kind in (node if isinstance(node, type) else type(node)).__mro__:
            if kind.__module__.startswith("tuitrain."):
                for item in kind.__dict__.get("BINDINGS", ()):
                    assert isinstance(item, Binding)
                    result |= {key.strip() for key in item.key.split(",")}
    return result


def keys_in(table: Iterable[Key]) -> set[str]:
    return {key for item in table for key in item.keys.split(",")}


def looks_like_a_key(text: str) -> bool:
    return (
        (len(text) == 1 and text not in SIGNS)
        or text in NAMED_KEYS
        or text.startswith(("ctrl+", "shift+"))
    )


def quoted(page: str) -> Iterator[str]:
    """Yield the keys in a document: texts in backticks, outside of code blocks."""
    text = re.sub(r"```.*?```", "", (ROOT / page).read_text(), flags=re.DOTALL)
    yield from (item for item in re.findall(r"`([^`\n]+)`", text) if looks_like_a_key(item))


@pytest.mark.parametrize("page", ["docs/tutorials/first-run.md", "docs/reference/keys.md"])
def test_every_key_in_the_documents_exists(page):
    written = {item for key in EVERYWHERE for item in key.written.split()} | {"f1"}
    named = list(quoted(page))
    assert len(named) > 30
    assert [item for item in named if item not in written] == []


def test_every_key_of_the_deck_is_in_the_help():
    assert help_text().plain.count("\n") > 60
    panels = (GroupsTable, Journal, Chart)
    assert ours([RecordingDeck.__mro__[1], *panels]) - keys_in(KEYS) == set()
    for key in KEYS:
        line = f"  {key.written.ljust(9)}{key.summary}"
        assert line in help_text().plain, key.name


async def test_every_key_of_the_table_has_an_action_on_the_deck(opened):
    async with opened() as person:
        bound: set[str] = set()
        for panel in (GroupsTable, Journal, Chart):
            person.deck.query(panel).first().focus()
            await person.settle()
            bound |= set(person.app.screen.active_bindings)
        assert keys_in(KEYS) - bound - {"enter"} == set()  # enter at the cursor: see test_timeline


def test_every_key_of_the_recording_and_start_screens_is_in_their_help():
    own = {key for item in RecordingDeck.__dict__["BINDINGS"] for key in item.key.split(",")}
    assert own == keys_in(RECORDING_KEYS)
    assert ours([StartScreen]) == keys_in(START_KEYS)


@pytest.mark.parametrize(
    ("key", "table"), [("W", WEIGHTS_KEYS), ("N", NETWORK_KEYS), ("i", BATCH_KEYS)]
)
async def test_the_help_of_a_view_begins_with_its_keys(key, table, opened):
    async with opened() as person:
        await person.press(key)
        view = person.app.screen
        own = {item for item in table if item.action}
        assert {
            k for b in view.__class__.__dict__.get("BINDINGS", ()) for k in b.key.split(",")
        } == (keys_in(own))
        await person.press("question_mark")
        text = str(person.app.screen.query_one("#help Static", Static).content)
        here, _, deck = text.partition("Keys of a run")
        for item in (*table, *INSPECTION_KEYS):
            assert f"  {item.written.ljust(9)}{item.summary}" in here
        assert "Clip the gradients, or" not in deck  # c draws with letters here


@pytest.mark.parametrize("view", ["W", "N", "i"])
async def test_every_key_of_the_deck_has_an_effect_in_a_view(view, opened):
    async with opened() as person:
        await person.press(view)
        bound = set(person.app.screen.active_bindings)
        acting = {item for key in KEYS if key.action for item in key.keys.split(",")}
        assert acting - bound == set()
        await person.press("d")
        assert person.status == "d acts on the deck: esc goes back there"
        assert person.sent == []


DIALOGS = {
    "l": FakeSource,
    "o": FakeSource,
    "d": FakeSource,
    "D": FakeSource,
    "c": FakeSource,
    "g": FakeSource,
    "t": FakeSource,
    "v": lambda: FakeSource(tried()),
    "B": lambda: FakeSource(watchful()),
    "backspace": lambda: FakeSource(running(checkpoints=("good",))),
    "K": FakeSource,
    "b": lambda: FakeSource(branched()),
    "w": FakeSource,
    "comma": FakeSource,
    "L": FakeSource,
    "s": FakeSource,
    "q": FakeSource,
}
USUAL = {
    "enter",
    "f1",
    "?",
    "↑",
    "↓",
    "k",
    "j",
    "home",
    "end",
    "g",
    "G",
    "pgup",
    "pgdn",
    "ctrl+d",
    "ctrl+u",
}
"""Keys of every list, which its dialog need not name, and those of the help."""


def said_in(screen) -> str:
    return " ".join(str(item.render()) for item in screen.query(Static) if item.display)


@pytest.mark.parametrize("key", DIALOGS)
@pytest.mark.slow
async def test_a_dialog_names_its_keys(key, opened, tmp_path):
    async with opened(DIALOGS[key](), record=tmp_path) as person:
        await person.press(key)
        dialog = person.app.screen
        assert dialog is not person.deck
        output = re.split(r"\s+|,", said_in(dialog))
        for kind in type(dialog).__mro__:
            if not kind.__module__.startswith("tuitrain."):
                continue
            for item in kind.__dict__.get("BINDINGS", ()):
                names = {
                    {"delete": "del"}.get(k.strip(), display_key(k.strip()))
                    for k in item.key.split(",")
                }
                assert names & USUAL or names & {key, *output}, (key, names, said_in(dialog))
        await person.press("f1")
        assert person.app.screen.query("#help")


async def test_the_footer_names_only_bound_keys(opened):
    async with opened() as person:
        for key in ("", "W", "N", "i"):
            await person.press(*([key] if key else []))
            screen = person.app.screen
            for hint in screen.query_one(KeyFooter).hints:
                if hint.action and not hint.action.startswith("app."):
                    assert hasattr(screen, f"action_{hint.action.partition('(')[0]}"), hint
            await person.press("escape")
