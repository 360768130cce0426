"""Text of users, files and exceptions is shown literally on every screen, title and toast."""

from __future__ import annotations

import ast
import csv
from pathlib import Path
from xml.etree import ElementTree

import pytest
from textual.events import Paste
from textual.widgets import Input

import tuitrain.app
from tests.app.fake import SHAPES
from tests.app.hostile_run import (
    OF_THEIR_OWN_APP,
    SHOWS_THE_NAME,
    HostileSource,
    every_screen,
    hostile_snapshot,
    opened_on,
)
from tests.hostile import FEW, TEXTS
from tuitrain.app.export.chart_files import to_svg, write_new_files
from tuitrain.app.framework.content import key_hints, literal
from tuitrain.app.palette import suggested_commands
from tuitrain.app.renderables.rows import (
    ellipsize,
    ljust,
    plain_text,
    rjust,
    row_width,
    wrap,
    wrap_text,
)
from tuitrain.app.screens.deck.flight_deck import FlightDeck
from tuitrain.run.snapshot import Phase
from tuitrain.text import visible, visible_lines

pytestmark = pytest.mark.slow


SIZE = (200, 60)
EASY = {"textual.widgets", "textual.containers", "textual.content", "textual.markup", "rich.markup"}
"""Calls that parse strings as markup, or make content from them."""


def is_shown(text: str, on: str) -> bool:
    """Whether a text, or at least its beginning, is on a screen."""
    return visible(text).strip()[:10] in on


def steers_nothing(text: str) -> bool:
    return visible(text) == text


def test_every_screen_has_a_hostile_text_test():
    from types import SimpleNamespace

    deck: object = SimpleNamespace(snapshot=hostile_snapshot("x"))
    made = {*opened_on("x", deck), *OF_THEIR_OWN_APP, FlightDeck}  # type: ignore[arg-type]
    assert made == every_screen()


@pytest.mark.parametrize("text", FEW)
async def test_every_screen_shows_texts_literally(opened, text, monkeypatch):
    monkeypatch.setitem(SHAPES, text, (10, 84))
    source = HostileSource(hostile_snapshot(text))
    async with opened(source, SIZE) as person:
        on = person.text()
        assert is_shown(text, on)
        assert steers_nothing(on)
        for kind, make in opened_on(text, person.deck).items():
            person.app.push_screen(make())
            await person.look()
            on = person.text()
            assert steers_nothing(on), kind
            assert kind not in SHOWS_THE_NAME or is_shown(text, on), kind
            for field in person.app.screen.query(Input):
                field.value = text
            await person.pilot.pause()
            assert steers_nothing(person.text()), kind
            person.app.pop_screen()
        assert person.app.is_running
        assert person.sent == []


@pytest.mark.parametrize("text", FEW)
async def test_a_filter_a_command_and_the_palette_take_any_text(opened, text):
    async with opened(HostileSource(hostile_snapshot(text)), SIZE) as person:
        await person.press("slash")
        await person.type(text)
        assert is_shown(f"groups /{text.strip()}"[: 9 if text.strip() else 6], person.text())
        await person.press("escape", "colon")
        await person.type(text)
        await person.press("enter")
        on = person.text()
        assert steers_nothing(on)
        await person.press("escape", "ctrl+p")
        person.app.post_message(Paste(text))
        await person.look()
        assert steers_nothing(person.text())
        await person.press("escape")
        assert person.app.is_running
        assert person.sent == []


@pytest.mark.parametrize("text", FEW)
async def test_toasts_and_the_banner_show_texts_literally(opened, text):
    text = text[:16]  # a toast wraps before a longer word
    source = HostileSource(hostile_snapshot(text))
    async with opened(source, SIZE, toasts=True) as person:
        source.show(phase=Phase.FINISHED)
        await person.look()
        person.app.notify(f"message {text}", title=f"title {text}")
        person.deck.notify(f"from a widget {text}")
        await person.look()
        on = person.text()
        assert steers_nothing(on)
        beginning = visible(text).strip()[:4]
        assert f"message {beginning}".strip() in on
        assert f"title {beginning}".strip() in on
        assert f"from a widget {beginning}".strip() in on
        source.show(phase=Phase.FAILED, note=f"it broke: {text}")
        await person.look()
        assert f"it broke: {beginning}".strip() in person.text()


async def test_an_opening_bracket_in_the_filter_is_literal(opened):
    async with opened() as person:
        await person.press("slash", "left_square_bracket", "slash")
        assert person.app.is_running
        assert "groups /[/" in person.text()


@pytest.mark.parametrize("text", TEXTS)
def test_content_and_cells_show_texts_literally(text):
    seen = visible(text)
    assert steers_nothing(seen)
    assert visible(seen) == seen
    assert literal(text).plain == visible_lines(text)
    assert literal(text, "bold").plain == visible_lines(text)
    assert key_hints(f"[b]q[/] {text}").plain.startswith("q ")
    for width in (1, 7, 40):
        for cell in (ljust(text, width), rjust(text, width)):
            assert row_width(((cell, "text"),)) == width
            assert steers_nothing(cell)
        assert row_width(((ellipsize(text, width), "text"),)) <= width
        for rows in (wrap_text(text, width), wrap(((text, "bad"),), max(2, width))):
            assert all(steers_nothing(plain_text(row)) for row in rows)


@pytest.mark.parametrize("text", TEXTS)
def test_a_long_word_is_cut_by_cells_without_loss(text):
    rows = wrap_text(text, 9)
    assert all(row_width(row) <= 9 + 1 for row in rows)
    joined = "".join(plain_text(row) for row in rows)
    assert "".join(joined.split()) == "".join(visible_lines(text).split())


def test_palette_entries_are_literal():
    texts = [*suggested_commands(hostile_snapshot("[/"))]
    assert "freeze [/" in texts


@pytest.mark.parametrize("text", TEXTS)
def test_a_picture_with_any_title_is_valid(text, tmp_path):
    from rich.style import Style

    svg = to_svg([((text, "text"), ("·", "bad"))], lambda role: Style(), text)
    root = ElementTree.fromstring(svg)
    drawn_in_it = "".join(item.text or "" for item in root.iter() if item.tag.endswith("text"))
    assert steers_nothing(drawn_in_it.replace("\n", "").replace("\xa0", " "))
    (written,) = write_new_files(tmp_path, f"{text}-loss", {".svg": svg})
    assert written.parent == tmp_path


async def test_an_export_of_a_hostile_run_is_valid(opened, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = "../[/ \x1b[2J\n\udcff字" + "x" * 300
    async with opened(HostileSource(hostile_snapshot(text)), SIZE) as person:
        for _ in range(4):
            await person.press("E")
            await person.press("tab")
        assert "written:" in person.status
    assert {item.suffix for item in tmp_path.iterdir()} >= {".svg", ".csv"}
    for file in tmp_path.glob("*.svg"):
        ElementTree.parse(file)
    for file in tmp_path.glob("*.csv"):
        with file.open(encoding="utf-8", newline="") as lines:
            assert {len(row) for row in csv.reader(lines)} == {3}


PASTES = {
    "freeze conv": ("freeze conv", ""),
    "freeze conv\nstop\n": ("freeze conv", "only the first of 2 lines"),
    "\n\nfreeze conv\r\nstop\r\n": ("freeze conv", "only the first of 2 lines"),
    "freeze\tconv": ("freeze conv", ""),
    "freeze \x1b[2Jconv": ("freeze [2Jconv", "1 character "),
    "\n": ("", ""),
    "x" * 10_000: ("x" * 4096, "5904 characters"),
}


@pytest.mark.parametrize("text", PASTES, ids=[repr(item[:20]) for item in PASTES])
async def test_a_field_accepts_one_pasted_line_and_sends_nothing(opened, text):
    kept, output = PASTES[text]
    async with opened(toasts=True) as person:
        await person.press("colon")
        field = person.app.focused
        assert isinstance(field, Input)
        field.post_message(Paste(text))
        await person.look()
        assert field.value == kept
        assert person.sent == []
        assert (output in person.text()) is True
        toasts = "pasted text: " in person.text()
        assert toasts is bool(output)


@pytest.mark.parametrize("text", ["a\nb", "\r", "\x1b]0;x\x07\nstop", "\udcff\n\n"])
async def test_every_field_accepts_a_paste(opened, text, monkeypatch):
    monkeypatch.setitem(SHAPES, "x", (10, 84))
    async with opened(HostileSource(hostile_snapshot("x")), SIZE) as person:
        fields = 0
        for make in opened_on("x", person.deck).values():
            person.app.push_screen(make())
            await person.settle()
            for field in person.app.screen.query(Input):
                fields += 1
                field.value = ""
                field.post_message(Paste(text))
                await person.pilot.pause()
                assert not set(field.value) & set("\n\r\x1b\x07")
            assert steers_nothing(person.text())
            person.app.pop_screen()
        assert fields >= 10
        assert person.sent == []


def test_widgets_and_content_come_from_the_modules_without_markup():
    folder = Path(tuitrain.app.__file__).parent
    # The fixes change Textual's own widgets, and make none.
    allowed = {
        folder / item
        for item in ("widgets/no_markup.py", "framework/content.py", "framework/textual_fixes.py")
    }
    result = []
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or "", *(f"{node.module}.{a.name}" for a in node.names)]
            elif isinstance(node, ast.Import):
                names = [item.name for item in node.names]
            elif isinstance(node, ast.Attribute) and node.attr in ("from_markup", "render_markup"):
                names = ["rich.markup"]
            bad = [n for n in names if any(n == e or n.startswith(f"{e}.") for e in EASY)]
            result += [(path, item) for item in bad]
    assert not [item for item in result if item[0] not in allowed]


def test_every_widget_shows_its_titles_literally():
    import importlib
    import pkgutil

    from textual.widget import Widget

    from tuitrain.app import widgets
    from tuitrain.app.widgets.no_markup import NoMarkup

    for module in pkgutil.iter_modules(widgets.__path__, f"{widgets.__name__}."):
        importlib.import_module(module.name)

    def below(base: type) -> set[type]:
        return {base}.union(*map(below, base.__subclasses__()))

    ours = {item for item in below(Widget) if item.__module__.startswith(widgets.__name__)}
    assert len(ours) > 20
    assert not [item.__name__ for item in ours if not issubclass(item, NoMarkup)]
