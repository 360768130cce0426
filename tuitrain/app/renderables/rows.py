"""The currency of the renderables: a row is a sequence of spans, a span is text and its role.

A role says what a text *is* (``bad``, ``muted``); the stylesheet alone says how that looks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeAlias, overload

from rich.cells import cell_len, set_cell_size

from tuitrain.text import visible, visible_lines

Role: TypeAlias = str
Span: TypeAlias = tuple[str, Role]
Row: TypeAlias = tuple[Span, ...]

GROUP_ROLES: Final = tuple(f"group-{index}" for index in range(6))
"""One colour for each group, reused from the seventh group on."""

ROLES: Final[tuple[Role, ...]] = (
    "text",
    "strong",
    "muted",
    "faint",
    "accent",
    "good",
    "warning",
    "bad",
    "frozen",
    "curve",
    "curve-2",
    "band",
    "ghost",
    "alert",
    "key",
    *GROUP_ROLES,
)


class LazyRows(Sequence[Row]):
    """Rows of which each is drawn when somebody looks at it: out of sight they cost nothing.

    Parameters
    ----------
    count : how many there are
    draw : draws the one at a place
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
    """Return the role of the group at that place in the snapshot."""
    return GROUP_ROLES[index % len(GROUP_ROLES)]


def plain_text(row: Row) -> str:
    """Return the text of a row, as it is read."""
    return "".join(text for text, _ in row)


def row_width(row: Row) -> int:
    """Return how many cells a row takes."""
    return sum(cell_len(visible(text)) for text, _ in row)


def split_cells(text: str) -> list[str]:
    """Return what each cell of a text holds: a wide character has an empty one behind it."""
    cells: list[str] = []
    for character in visible(text):
        width = cell_len(character)
        if width:
            cells += [character, *[""] * (width - 1)]
        elif cells:  # an accent, of the character before it
            base = len(cells) - 1 if cells[-1] else len(cells) - 2
            cells[base] += character
    return cells


def ljust(text: str, width: int) -> str:
    """Fit a text into so many cells, at the left."""
    return set_cell_size(ellipsize(text, width), width)


def rjust(text: str, width: int) -> str:
    """Fit a text into so many cells, at the right."""
    text = ellipsize(text, width)
    return " " * (width - cell_len(text)) + text


def bar(share: float, width: int) -> str:
    """Draw a share of so many cells as a bar, in eighths of a cell; a little is never nothing."""
    eighths = round(max(0.0, min(1.0, share)) * width * 8) or (1 if share > 0 else 0)
    full, rest = divmod(eighths, 8)
    return ("█" * full + " ▏▎▍▌▋▊▉"[rest] * (rest > 0)).ljust(width)


def ellipsize(text: str, width: int) -> str:
    """Return the text, or as many whole words of it as fit before an ellipsis."""
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
    """Put two rows at the two ends of one."""
    gap = max(1, width - row_width(start) - row_width(end))
    return (*start, (" " * gap, "text"), *end)


def join_rows(parts: Iterable[Row], gap: str = "  ") -> Row:
    """Put rows behind one another, with a gap between those that are not empty."""
    row: list[Span] = []
    for part in parts:
        if not part:
            continue
        if row:
            row.append((gap, "text"))
        row.extend(part)
    return tuple(row)


def first_fitting(choices: Iterable[Row], width: int) -> Row:
    """Return the first row that is not wider than asked, else the last."""
    row: Row = ()
    for row in choices:
        if row_width(row) <= width:
            break
    return row


def wrap_text(text: str, width: int, role: Role = "text") -> list[Row]:
    """Break a text into rows at its spaces and at its line ends; a longer word is cut."""
    return wrap(((text, role),), width)


def wrap(row: Row, width: int) -> list[Row]:
    """Break a row into as many as it takes, at spaces and line ends; a longer word is cut."""
    rows: list[list[Span]] = [[]]
    room = width
    for word, role in _words(row):
        if word == "\n":
            rows.append([])
            room = width
            continue
        rest = word
        while cell_len(rest.rstrip()) > room:
            if room < width:
                rows.append([])
                room = width
                continue
            cut = _fitting(rest, width)
            rows[-1].append((rest[:cut], role))
            rest, room = rest[cut:], 0
        rows[-1].append((rest, role))
        room = max(0, room - cell_len(rest))
    return [_joined(spans) for spans in rows]


def _words(row: Row) -> Iterable[Span]:
    for text, role in row:
        for word in re.findall(r"\n|[^\s]+[^\S\n]*|[^\S\n]+", visible_lines(text)):
            yield word, role


def _fitting(word: str, width: int) -> int:
    """Return how many characters of a word fit into so many cells: one at least."""
    cells = 0
    for at, character in enumerate(word):
        cells += cell_len(character)
        if cells > width:
            return max(1, at)
    return len(word)


def _joined(spans: Iterable[Span]) -> Row:
    """Put neighbours of one role into one span."""
    row: list[Span] = []
    for text, role in spans:
        if row and row[-1][1] == role:
            row[-1] = (row[-1][0] + text, role)
        else:
            row.append((text, role))
    return tuple(row)
