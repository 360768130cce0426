"""The help: the keys and the vocabulary, from the tables that they are made from."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tuitrain.app.keys import KEYS
from tuitrain.commands import VOCABULARY

_NOTES = (
    "A command takes effect between two steps, and is answered with that step.",
    "freeze: no gradient, no update, optimizer state untouched, bit for bit.",
    "lr 0:   weights hold still, gradients and optimizer state go on.",
)


class Help(ModalScreen[None]):
    """Everything there is to know, on one page."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark", "close", "Close", show=False),
        Binding("j,down", "scroll(1)", "Down", show=False),
        Binding("k,up", "scroll(-1)", "Up", show=False),
    ]

    def compose(self) -> ComposeResult:
        """Compose the page."""
        with VerticalScroll(classes="dialog", id="help") as box:
            box.border_title = "help"
            box.border_subtitle = "esc closes"
            yield Static(help_text(), markup=False)

    def action_scroll(self, by: int) -> None:
        """Scroll the page."""
        self.query_one("#help").scroll_relative(y=by, animate=False)

    def action_close(self) -> None:
        """Close the page."""
        self.dismiss()


def help_text() -> Content:
    """Return the page."""
    lines: list[Content] = [Content.styled("Keys", "bold $accent")]
    for key in KEYS:
        lines.append(_entry(key.written, key.summary, 8))
    lines += [Content(""), Content.styled("Commands", "bold $accent")]
    for verb in VOCABULARY:
        lines.append(Content.assemble("  ", (verb.usage, "bold")))
        lines.append(Content.styled(f"      {verb.summary}", "$foreground 70%"))
    lines.append(Content(""))
    lines += [Content(f"  {note}") for note in _NOTES]
    return Content("\n").join(lines)


def _entry(key: str, summary: str, width: int) -> Content:
    return Content.assemble("  ", (key.ljust(width), "bold"), summary)
