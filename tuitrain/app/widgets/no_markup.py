"""Textual's widgets with literal text: a string is never parsed as markup.

Only this module imports these widgets from Textual, which a test checks. `NoMarkup` is a base of
every widget of the app with a border, so that its titles are literal as well.
"""

from __future__ import annotations

from typing import Any, Final

from rich.segment import Segment
from textual import containers, widgets
from textual.events import Paste
from textual.strip import Strip
from textual.widgets import RadioSet, option_list

from tuitrain.text import visible

from ..framework.content import Content, literal

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
"""Maximum number of characters of a paste: as many as a path may have."""


class NoMarkup:
    """A mixin of widgets whose titles are literal text on one line."""

    def render_str(self, text_content: str | Content) -> Content:
        """Return the content of a string without parsing markup."""
        if isinstance(text_content, Content):
            return text_content
        return Content(visible(text_content))


class Container(NoMarkup, containers.Container):
    """Contains other widgets."""


class Horizontal(NoMarkup, containers.Horizontal):
    """Contains widgets side by side."""


class Vertical(NoMarkup, containers.Vertical):
    """Contains widgets one below the other."""


class VerticalScroll(NoMarkup, containers.VerticalScroll):
    """Contains widgets one below the other, and scrolls."""


class Static(NoMarkup, widgets.Static):
    """Shows text of one or more lines, or content from `tuitrain.app.framework.content`."""

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

    A paste inserts its first line that is not blank. Other lines and control characters are
    dropped, which a toast reports. A paste never submits the field.
    """

    def on_paste(self, event: Paste) -> None:
        """Insert a line of the paste."""
        event.prevent_default()
        event.stop()
        line, dropped = clean_paste(event.text)
        self.replace(line, *sorted(self.selection))
        if dropped:
            self.app.notify(f"pasted text: {dropped}", severity="warning")

    def render_line(self, y: int) -> Strip:
        """Draw the field, with control characters made visible."""
        strip = super().render_line(y)
        if all(segment.text.isprintable() for segment in strip):
            return strip
        segments = [Segment(visible(text), style) for text, style, _ in strip]
        return Strip(segments).adjust_cell_length(strip.cell_length)


def clean_paste(text: str) -> tuple[str, str]:
    """Return the line that a field inserts of a paste, and a note about dropped parts or ""."""
    lines = [line for line in text.splitlines() if line.strip()] or [""]
    line = lines[0].replace("\t", " ")
    kept = "".join(char for char in line if char.isprintable() or char.isspace())[:MAX_PASTE]
    dropped = []
    if len(lines) > 1:
        dropped.append(f"only the first of {len(lines)} lines is taken")
    if lost := len(line) - len(kept):
        characters = f"{lost} character{'s' if lost > 1 else ''}"
        dropped.append(f"{characters} that a line cannot have, or too many, are dropped")
    return kept, "; ".join(dropped)


def _content(content: str | Content) -> Content:
    return literal(content) if isinstance(content, str) else content
