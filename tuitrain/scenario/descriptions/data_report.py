"""Descriptions of data as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.text import Text

from tuitrain.text import visible

from ..bundled_data import BUNDLED_DATA
from .data_description import list_data, prefix_examples
from .folder_description import FOLDER_OF_FILES
from .parts import MAX_LISTED, Description, Part

PICTURE_WIDTH, PICTURE_HEIGHT = 56, 56
"""The largest preview of a picture, in pixels; a row of cells has two rows of them."""

_CELL = 18
"""Characters of a cell in a preview of rows."""


def format_list() -> Iterator[str]:
    """Yield the lines of the list of bundled data and of the kinds of files."""
    yield "in the box:"
    for description in list_data():
        bundled = BUNDLED_DATA[description.name]
        terms = f" ({bundled.license})" if bundled.license else ""
        yield f"  {description.name:12} {bundled.description}{terms}"
        for part in description.parts:
            yield f"  {'':12} {_part(part)}"
    yield "in files:"
    for about, example in prefix_examples():
        yield f"  {example:36} {about}"
    yield "in Python:"
    yield f"  {'package.module:callable':36} returns the training set and the test set"


def format_description(description: Description) -> Iterator[str]:
    """Yield the lines of a description."""
    yield f"{visible(description.name)}: {description.kind}"
    width = max((len(visible(part.name)) for part in description.parts), default=0)
    for part in description.parts:
        yield f"  {_part(part, min(width, 30))}"
    if description.classes:
        counts = list(description.classes.items())
        shown = ", ".join(f"{visible(name)} {count}" for name, count in counts[:MAX_LISTED])
        more = f" and {len(counts) - MAX_LISTED} more" if len(counts) > MAX_LISTED else ""
        yield f"  classes: {shown}{more}"
    for row in description.preview:
        yield "  | " + " | ".join(visible(cell)[:_CELL].ljust(_CELL) for cell in row).rstrip()
    if description.data:
        yield "in a scenario:"
        yield f"  data = {toml_text(description.data)}"
    elif description.kind.startswith(FOLDER_OF_FILES):
        yield "`tuitrain data FILE` describes one of them"
    else:
        yield "no scenario can train on this alone, as it is"


def format_picture(picture: NDArray[np.uint8]) -> Text:
    """Return a picture (C, H, W) as half blocks."""
    step = max(1, -(-picture.shape[2] // PICTURE_WIDTH), -(-picture.shape[1] // PICTURE_HEIGHT))
    small = picture[:, ::step, ::step]
    colors = np.repeat(small, 3, axis=0) if len(small) == 1 else small[:3]
    if colors.shape[1] % 2:
        colors = np.concatenate([colors, np.zeros_like(colors[:, :1])], axis=1)
    text = Text()
    for top in range(0, colors.shape[1], 2):
        for column in range(colors.shape[2]):
            upper, lower = _color(colors[:, top, column]), _color(colors[:, top + 1, column])
            text.append("▀", f"{upper} on {lower}")
        text.append("\n")
    return text


def toml_text(text: str) -> str:
    """Return a string as TOML writes it."""
    import tomli_w

    return tomli_w.dumps({"data": text}).removeprefix("data = ").rstrip("\n")


def _color(pixel: NDArray[Any]) -> str:
    levels = [int(level) for level in pixel]
    return "#" + "".join(
        f"{level:02x}" for level in (levels if len(levels) == 3 else levels[:1] * 3)
    )


def _part(part: Part, width: int = 14) -> str:
    text = f"{visible(part.name)[:30]:{width}}  {visible(part.what)}"
    if part.low is not None and part.high is not None:
        text += f", {part.low:g} .. {part.high:g}"
    return text + (f", {part.gaps} empty" if part.gaps else "")
