"""The help: all keys and commands, from their tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final, TypeAlias

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize

from tuitrain.commands import VOCABULARY, CommandSpec
from tuitrain.commands import find_spec as verb_named

from ..framework.content import Content, assemble, literal
from ..framework.screens import BaseDialog
from ..keys import KEYS, Key
from ..keys.keymap import key_table_of
from ..widgets.no_markup import Static, VerticalScroll

_NOTES = (
    "A command takes effect between two steps; the answer names the step.",
    "freeze: no gradient and no update; the optimizer state keeps its bytes.",
    "lr 0: the weights keep their bytes; gradients and optimizer state continue.",
    "overhead, at the top: the share of the last 5 seconds that snapshots, cached states and the "
    "record took between bursts of steps.",
    "ctrl+z suspends the process and its training; fg resumes both.",
    "A click selects a row; in the last column it freezes or thaws. The wheel scrolls or zooms.",
)


_KEY_WIDTH: Final = 9
"""The minimum number of cells for a key."""

Line: TypeAlias = tuple[Content, Content]
"""A line before it is wrapped: its indent or key, and its text."""

_BLANK: Final[Line] = (literal(""), literal(""))

EXPLAIN: Final = Binding("f1", "app.explain", "Help", show=False)
"""The help key of dialogs without a command; the app's keys do not act in a modal screen."""


class HelpPage(Static):
    """The text of the help, wrapped again for every width; see `help_text`."""

    def __init__(self, about: str, keys: Sequence[Key], here: Sequence[Key]) -> None:
        super().__init__(help_text(about, keys, here))
        self._arguments = about, keys, here

    def on_resize(self, event: Resize) -> None:
        """Wrap the page for its new width."""
        self.update(help_text(*self._arguments, event.size.width))


class HelpScreen(BaseDialog[None]):
    """All keys and commands on one page.

    Parameters
    ----------
    about : the command that comes first, in full; "" for none
    keys : the keys of the screen that opened the help
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1", "close", "Close", show=False),
        Binding("j,down", "scroll(1)", "Down", show=False),
        Binding("k,up", "scroll(-1)", "Up", show=False),
        Binding("ctrl+d,pagedown", "scroll(10)", "Down", show=False),
        Binding("ctrl+u,pageup", "scroll(-10)", "Up", show=False),
        Binding("g,home", "scroll(-100000)", "First", show=False),
        Binding("G,end", "scroll(100000)", "Last", show=False),
    ]

    def __init__(self, about: str = "", keys: Sequence[Key] = ()) -> None:
        super().__init__()
        self._about = about
        self._keys = keys

    def compose(self) -> ComposeResult:
        """Compose the page."""
        with VerticalScroll(classes="dialog", id="help") as box:
            box.border_title = "help"
            box.border_subtitle = "esc closes"
            yield HelpPage(self._about, key_table_of(self.app), self._keys)

    def action_scroll(self, delta: int) -> None:
        """Scroll the page."""
        self.query_one("#help").scroll_relative(y=delta, animate=False)

    def action_close(self) -> None:
        """Close the page."""
        self.dismiss()


def help_text(
    about: str = "", keys: Sequence[Key] = KEYS, here: Sequence[Key] = (), width: int = 0
) -> Content:
    """Return the page: the keys ``here``, the command ``about``, then all keys and commands.

    A key that has another action ``here`` is left out of the general list. Lines longer than
    ``width`` are wrapped, and continue below their text; 0 leaves them whole.
    """
    lines = _lines(about, keys, here)
    return Content("\n").join(part for line in lines for part in _wrap(*line, width))


def _lines(about: str, keys: Sequence[Key], here: Sequence[Key]) -> list[Line]:
    lines: list[Line] = []
    own = {written for key in here for written in key.written.split()}
    if here:
        lines.append(_heading("Keys here"))
        width = max(_KEY_WIDTH, *(len(key.written) + 1 for key in here))
        lines += [_entry(key.written, key.summary, width) for key in here]
        lines.append(_BLANK)
    if (topic := verb_named(about)) is not None:
        lines += [_heading(topic.name), *_verb(topic, keys)]
        lines += [(literal("      "), literal(f":{example}")) for example in topic.examples]
        lines.append(_BLANK)
    lines.append(_heading("Keys of a run" if here else "Keys"))
    lines += [
        _entry(key.written, key.summary, _KEY_WIDTH)
        for key in keys
        if not own & {*key.written.split()}
    ]
    lines += [_BLANK, _heading("Commands")]
    lines += [line for verb in VOCABULARY for line in _verb(verb, keys)]
    lines.append(_BLANK)
    lines += [(literal("  "), literal(note)) for note in _NOTES]
    return lines


def _verb(verb: CommandSpec, table: Sequence[Key]) -> list[Line]:
    keys = [key.written for key in table if verb.name in key.verbs]
    key_text = f"   {', '.join(keys)}" if keys else ""
    return [
        (literal("  "), assemble((verb.usage, "bold"), (key_text, "$accent"))),
        (literal("      "), literal(verb.summary, "$foreground 70%")),
    ]


def _entry(key: str, summary: str, width: int) -> Line:
    return assemble("  ", (key.ljust(width), "bold")), literal(summary)


def _heading(text: str) -> Line:
    return literal(""), literal(text, "bold $accent")


def _wrap(indent: Content, text: Content, width: int) -> list[Content]:
    """Return the lines of an entry: the first after ``indent``, the others below its text."""
    columns = width - indent.cell_length
    if columns < 1 or text.cell_length <= columns:
        return [indent + text]
    first, *rest = text.wrap(columns)
    below = literal(" " * indent.cell_length)
    return [indent + first, *(below + line for line in rest)]
