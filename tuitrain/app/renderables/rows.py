"""The data model of the renderables: rows are sequences of spans, spans are strings with a role."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias, overload

from rich.cells import cell_len, set_cell_size

from tuitrain.text import visible, visible_lines

from ..roles import GROUP_ROLES, Role

Span: TypeAlias = tuple[str, Role]
Row: TypeAlias = tuple[Span, ...]


class LazyRows(Sequence[Row]):
    """Rows that are drawn on access, so that rows out of sight cost nothing.

    Parameters
    ----------
    count : number of rows
    draw : draws the row at an index
    """

    def __init__(self, count: int, draw: Callable[[int], Row]) -> None:
        self._count = count
        self._draw = draw

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Row]: ...
    def __getitem__(self, place: int | slice) -> Row | Sequence[Row]:
        places = range(self._count)[place]
        return self._draw(places) if isinstance(places, int) else [*map(self._draw, places)]


def group_role(index: int) -> Role:
    """Return the role of the group at an index in the snapshot."""
    return GROUP_ROLES[index % len(GROUP_ROLES)]


def plain_text(row: Row) -> str:
    """Return the text of a row."""
    return "".join(text for text, _ in row)


def row_width(row: Row) -> int:
    """Return the width of a row in cells."""
    return sum(cell_len(visible(text)) for text, _ in row)


def split_cells(text: str) -> list[str]:
    """Split a string into cells; a wide character is followed by an empty cell."""
    cells: list[str] = []
    for character in visible(text):
        width = cell_len(character)
        if width:
            cells += [character, *[""] * (width - 1)]
        elif cells:  # a combining character, which belongs to the previous one
            base = len(cells) - 1 if cells[-1] else len(cells) - 2
            cells[base] += character
    return cells


def ljust(text: str, width: int) -> str:
    """Fit a string into ``width`` cells, aligned at the left."""
    return set_cell_size(ellipsize(text, width), width)


def rjust(text: str, width: int) -> str:
    """Fit a string into ``width`` cells, aligned at the right."""
    text = ellipsize(text, width)
    return " " * (width - cell_len(text)) + text


def bar(share: float, width: int) -> str:
    """Draw a share of ``width`` cells as a bar in eighths; a tiny share is one eighth."""
    eighths = round(max(0.0, min(1.0, share)) * width * 8) or (1 if share > 0 else 0)
    full, rest = divmod(eighths, 8)
    return ("█" * full + " ▏▎▍▌▋▊▉"[rest] * (rest > 0)).ljust(width)


def ellipsize(text: str, width: int) -> str:
    """Return a string, cut at a word and with an ellipsis if it does not fit."""
    text = visible(text)
    if cell_len(text) <= width:
        return text
    if width < 1:
        return ""
    cut = set_cell_size(text, width - 1)
    space = cut.rfind(" ")
    whole_word_fits = space > width // 2 and text[len(cut) : len(cut) + 1] != " "
    return (cut[:space] if whole_word_fits else cut).rstrip() + "…"


def justify(start: Row, end: Row, width: int) -> Row:
    """Join two rows, one at the left and one at the right."""
    gap = max(1, width - row_width(start) - row_width(end))
    return (*start, (" " * gap, "text"), *end)


def join_rows(parts: Iterable[Row], gap: str = "  ") -> Row:
    """Concatenate rows, with a gap between those that are not empty."""
    row: list[Span] = []
    for part in parts:
        if not part:
            continue
        if row:
            row.append((gap, "text"))
        row.extend(part)
    return tuple(row)


def first_fitting(choices: Iterable[Row], width: int) -> Row:
    """Return the first row that fits, otherwise the last."""
    row: Row = ()
    for row in choices:
        if row_width(row) <= width:
            break
    return row


def wrap_text(text: str, width: int, role: Role = "text") -> list[Row]:
    """Wrap a string at spaces and line ends; words that are too long are cut."""
    return wrap(((text, role),), width)


def wrap(row: Row, width: int) -> list[Row]:
    """Wrap a row at spaces and line ends; words that are too long are cut."""
    rows: list[list[Span]] = [[]]
    free = width
    for word, role in _words(row):
        if word == "\n":
            rows.append([])
            free = width
            continue
        rest = word
        while cell_len(rest.rstrip()) > free:
            if free < width:
                rows.append([])
                free = width
                continue
            cut = _fit_characters(rest, width)
            rows[-1].append((rest[:cut], role))
            rest, free = rest[cut:], 0
        rows[-1].append((rest, role))
        free = max(0, free - cell_len(rest))
    return [merge_spans(spans) for spans in rows]


def _words(row: Row) -> Iterable[Span]:
    for text, role in row:
        for word in re.findall(r"\n|[^\s]+[^\S\n]*|[^\S\n]+", visible_lines(text)):
            yield word, role


def _fit_characters(word: str, width: int) -> int:
    """Return the number of characters of a word that fit into ``width`` cells, at least one."""
    cells = 0
    for at, character in enumerate(word):
        cells += cell_len(character)
        if cells > width:
            return max(1, at)
    return len(word)


def merge_spans(spans: Iterable[Span]) -> Row:
    """Join neighboring spans of one role."""
    row: list[Span] = []
    for text, role in spans:
        if row and row[-1][1] == role:
            row[-1] = (row[-1][0] + text, role)
        else:
            row.append((text, role))
    return tuple(row)
