"""The help: all keys and commands, from their tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tuitrain.app.framework.content import Content, assemble, literal
from tuitrain.app.keys import KEYS, Key
from tuitrain.app.keys.keymap import key_table_of
from tuitrain.app.widgets.no_markup import Static, VerticalScroll
from tuitrain.commands import VOCABULARY, CommandSpec
from tuitrain.commands import find_spec as verb_named

from ..framework.screens import BaseDialog

_NOTES = (
    "A command takes effect between two steps, and is answered with that step.",
    "freeze: no gradient, no update, optimizer state untouched, bit for bit.",
    "overhead, at the top: the share of the last 5 seconds that went to snapshots, kept states and",
    "the record, between bursts of steps.",
    "ctrl+z stops the process, and training with it; fg continues both.",
    "A click selects a row, in its last column freezes or thaws it; the wheel moves or zooms.",
    "lr 0:   weights hold still, gradients and optimizer state continue.",
)


_KEY_WIDTH: Final = 9
"""The minimum number of cells for a key."""

EXPLAIN: Final = Binding("f1", "app.explain", "Help", show=False)
"""The help key of dialogs without a command; the app's keys do not act in a modal screen."""


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
            text = help_text(self._about, key_table_of(self.app), self._keys)
            yield Static(text)

    def action_scroll(self, delta: int) -> None:
        """Scroll the page."""
        self.query_one("#help").scroll_relative(y=delta, animate=False)

    def action_close(self) -> None:
        """Close the page."""
        self.dismiss()


def help_text(about: str = "", keys: Sequence[Key] = KEYS, here: Sequence[Key] = ()) -> Content:
    """Return the page: the keys ``here``, the command ``about``, then all keys and commands.

    A key that has another action ``here`` is left out of the general list.
    """
    lines: list[Content] = []
    own = {written for key in here for written in key.written.split()}
    if here:
        lines.append(literal("Keys here", "bold $accent"))
        width = max(_KEY_WIDTH, *(len(key.written) + 1 for key in here))
        lines += [_entry(key.written, key.summary, width) for key in here]
        lines.append(literal(""))
    if (topic := verb_named(about)) is not None:
        lines += [literal(topic.name, "bold $accent"), *_verb(topic, keys)]
        lines += [literal(f"      :{example}") for example in topic.examples]
        lines.append(literal(""))
    lines.append(literal("Keys of a run" if here else "Keys", "bold $accent"))
    lines += [
        _entry(key.written, key.summary, _KEY_WIDTH)
        for key in keys
        if not own & {*key.written.split()}
    ]
    lines += [literal(""), literal("Commands", "bold $accent")]
    lines += [line for verb in VOCABULARY for line in _verb(verb, keys)]
    lines.append(literal(""))
    lines += [literal(f"  {note}") for note in _NOTES]
    return Content("\n").join(lines)


def _verb(verb: CommandSpec, table: Sequence[Key]) -> list[Content]:
    keys = [key.written for key in table if verb.name in key.verbs]
    where = f"   {', '.join(keys)}" if keys else ""
    return [
        assemble("  ", (verb.usage, "bold"), (where, "$accent")),
        literal(f"      {verb.summary}", "$foreground 70%"),
    ]


def _entry(key: str, summary: str, width: int) -> Content:
    return assemble("  ", (key.ljust(width), "bold"), summary)
