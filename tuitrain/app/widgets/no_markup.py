"""Textual's widgets, with text as written: what is given as a string is never markup.

The only place that takes these widgets from Textual; a test holds that. `AsWritten` is a base of
every widget of ours that has a border, so that titles are as written too.
"""

from __future__ import annotations

from typing import Any, Final

from rich.segment import Segment
from textual import containers, widgets
from textual.events import Paste
from textual.strip import Strip
from textual.widgets import RadioSet, option_list

from tuitrain.app.framework.content import Content, literal
from tuitrain.text import visible

__all__ = [
    "NoMarkup",
    "Container",
    "Horizontal",
    "Input",
    "Option",
    "OptionList",
    "RadioButton",
    "RadioSet",
    "Static",
    "Vertical",
    "VerticalScroll",
]

MAX_PASTE: Final = 4096
"""Characters that a field takes of what is pasted: as many as a path may have."""


class NoMarkup:
    """A base of widgets: their titles are text as written, on one line."""

    def render_str(self, text_content: str | Content) -> Content:
        """Return what Textual draws for a text."""
        if isinstance(text_content, Content):
            return text_content
        return Content(visible(text_content))


class Container(NoMarkup, containers.Container):
    """Holds other widgets."""


class Horizontal(NoMarkup, containers.Horizontal):
    """Holds other widgets beside one another."""


class Vertical(NoMarkup, containers.Vertical):
    """Holds other widgets under one another."""


class VerticalScroll(NoMarkup, containers.VerticalScroll):
    """Holds other widgets under one another, and scrolls."""


class Static(NoMarkup, widgets.Static):
    """Shows a text of one line or more, or content from `tuitrain.app.framework.content`."""

    def __init__(
        self, content: str | Content = "", *, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(_content(content), id=id, classes=classes, markup=False)

    def update(self, content: Any = "", *, layout: bool = True) -> None:
        """Show another text."""
        super().update(_content(content), layout=layout)


class Option(option_list.Option):
    """A line of an `OptionList`."""

    def __init__(self, prompt: str, id: str | None = None, disabled: bool = False) -> None:
        super().__init__(Content(visible(prompt)), id, disabled)


class OptionList(NoMarkup, widgets.OptionList):
    """A list of options."""

    def __init__(
        self,
        *options: Option | None,
        id: str | None = None,
        classes: str | None = None,
        compact: bool = False,
    ) -> None:
        super().__init__(*options, id=id, classes=classes, compact=compact, markup=False)


class RadioButton(NoMarkup, widgets.RadioButton):
    """One of several choices."""

    def __init__(self, label: str = "", value: bool = False) -> None:
        super().__init__(Content(visible(label)), value)


class Input(NoMarkup, widgets.Input):
    """A field for a line of text.

    Of what is pasted it takes the first line that is not blank. The others are dropped, and so are
    control characters; a toast says so. Nothing that is pasted is sent: only a key does that.
    """

    def on_paste(self, event: Paste) -> None:
        """Take in a line of what is pasted."""
        event.prevent_default()
        event.stop()
        line, dropped = clean_paste(event.text)
        self.replace(line, *sorted(self.selection))
        if dropped:
            self.app.notify(f"of what was pasted, {dropped}", severity="warning")

    def render_line(self, y: int) -> Strip:
        """Draw the field; what would steer the terminal is seen instead."""
        strip = super().render_line(y)
        if all(segment.text.isprintable() for segment in strip):
            return strip
        seen = [Segment(visible(text), style) for text, style, _ in strip]
        return Strip(seen).adjust_cell_length(strip.cell_length)


def clean_paste(text: str) -> tuple[str, str]:
    """Return the line that a field takes of a pasted text, and what is dropped; "" for nothing."""
    lines = [line for line in text.splitlines() if line.strip()] or [""]
    line = lines[0].replace("\t", " ")
    kept = "".join(each for each in line if each.isprintable() or each.isspace())[:MAX_PASTE]
    dropped = []
    if len(lines) > 1:
        dropped.append(f"only the first of {len(lines)} lines is taken")
    if lost := len(line) - len(kept):
        characters = f"{lost} character{'s' if lost > 1 else ''}"
        dropped.append(f"{characters} that a line cannot have, or too many, are dropped")
    return kept, "; ".join(dropped)


def _content(content: str | Content) -> Content:
    return literal(content) if isinstance(content, str) else content
