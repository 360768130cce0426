"""The layout of small pictures with a caption below each."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from ..rows import Row, Span, row_width

CAPTION_WIDTH: Final = 9
"""Width of the shortest caption: ``✗ 3→8 97%``."""

MIN_PICTURES: Final = 8
"""Number of visible pictures that has priority over their size."""

GAP: Final = 1

ARROW: Final = 3
"""Width of the arrow between an input and its reconstruction."""


@dataclass(frozen=True, slots=True)
class SampleSheet:
    """The layout of pictures.

    Attributes
    ----------
    picture_width, picture_height : size of a picture in cells, without its caption
    columns, rows : number of pictures
    caption_width : width of the captions
    """

    picture_width: int
    picture_height: int
    columns: int
    rows: int
    caption_width: int = CAPTION_WIDTH

    @classmethod
    def fit(
        cls,
        dimensions: Sequence[int],
        width: int,
        height: int,
        zoom: int = 0,
        caption_width: int = CAPTION_WIDTH,
    ) -> SampleSheet:
        """Return the layout with the largest `MIN_PICTURES` pictures, or ``zoom`` sizes larger.

        Parameters
        ----------
        dimensions : height and width of a picture in pixels; a cell is two pixels high
        """
        sizes = picture_sizes(dimensions)
        return cls.of_sizes(sizes, width, height, zoom, caption_width)

    @classmethod
    def of_sizes(
        cls,
        sizes: Sequence[tuple[int, int]],
        width: int,
        height: int,
        zoom: int = 0,
        caption_width: int = CAPTION_WIDTH,
        min_pictures: int = MIN_PICTURES,
    ) -> SampleSheet:
        """Return the layout with the largest ``min_pictures`` pictures of given sizes in cells.

        Parameters
        ----------
        sizes : width and height of a picture, from the largest on
        """
        sheets = [cls._at(*size, width, height, caption_width) for size in sizes]
        best = next(
            (at for at, sheet in enumerate(sheets) if sheet.columns * sheet.rows >= min_pictures),
            len(sheets) - 1,
        )
        return sheets[max(0, min(best - zoom, len(sheets) - 1))]

    @classmethod
    def _at(
        cls, picture_width: int, picture_height: int, width: int, height: int, caption_width: int
    ) -> SampleSheet:
        picture_width = max(1, min(width, picture_width))
        caption_width = min(caption_width, max(width, CAPTION_WIDTH))
        picture_height = max(1, picture_height)
        across = max(1, (width + GAP) // (max(picture_width, caption_width) + GAP))
        down = max(0, height // (picture_height + 1))
        return cls(picture_width, picture_height, across, down, caption_width)

    def draw(
        self,
        count: int,
        first: int,
        picture: Callable[[int], Sequence[Row]],
        caption: Callable[[int, int], Row],
    ) -> list[Row]:
        """Draw as many samples as fit.

        Parameters
        ----------
        count : number of samples
        first : the sample at the top left
        picture : draws the picture of a sample, in the size of the layout
        caption : writes the caption of a sample in a width
        """
        shown = range(first, min(count, first + self.columns * self.rows))
        rows: list[Row] = []
        for start in range(0, len(shown), self.columns):
            rows += self._line(shown[start : start + self.columns], picture, caption)
        return rows

    def _line(
        self,
        places: Sequence[int],
        picture: Callable[[int], Sequence[Row]],
        caption: Callable[[int, int], Row],
    ) -> list[Row]:
        room = max(self.picture_width, self.caption_width)
        pictures = [picture(at) for at in places]
        rows: list[Row] = []
        for y in range(self.picture_height):
            row: list[Span] = []
            for drawn in pictures:
                row += [*drawn[y], (" " * (room - self.picture_width + GAP), "text")]
            rows.append(tuple(row))
        captions = (span for at in places for span in (*caption(at, room), (" " * GAP, "text")))
        return [*rows, tuple(captions)]


def picture_sizes(dimensions: Sequence[int]) -> list[tuple[int, int]]:
    """Return widths and heights in cells for a picture of some height and width in pixels."""
    rows, columns = dimensions
    return [
        (math.ceil(columns / divisor), math.ceil(math.ceil(rows / divisor) / 2))
        for divisor in (1, 2, 3, 4, 6, 8, 16, 32, 64)
    ]


def side_by_side(left: Sequence[Row], right: Sequence[Row], width: int) -> list[Row]:
    """Join two pictures of one size by an arrow, `ARROW` cells wide, and fill up to ``width``."""
    rows: list[Row] = []
    for y, (start, end) in enumerate(zip(left, right, strict=True)):
        arrow = " → " if y == len(left) // 2 else " " * ARROW
        fill = " " * (width - row_width(start) - row_width(end) - ARROW)
        rows.append((*start, (arrow, "muted"), *end, (fill, "text")))
    return rows
