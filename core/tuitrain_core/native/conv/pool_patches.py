"""The layout of the pixels that meet a pooled gradient, aligned for fast reads.

A value of a pooled gradient meets, for every ky, a run of KW pixels with all their channels. A
vector across two cache lines takes twice as long to read, so the pixels of some rows are copied to
memory in which every run is aligned.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..ir.builder import Builder, Int, Value
from ..ir.host import Host
from .geometry import Geometry

CACHE_LINE = 16  # floats
MAX_PREPARED_VALUES = 1280  # with their addresses 15 KiB, half of the first-level cache
MAX_COPIED_FLOATS = 6144  # 24 KiB


@dataclass(frozen=True)
class PatchLayout:
    """The layout of the pixels that some rows of the pooled gradient meet.

    Attributes
    ----------
    lanes, vectors : lanes of the vectors that a run is read in, and vectors per run
    rows_at_once : rows of the pooled gradient; 0 if not even one fits
    row_stride : floats from a line of pixels to the next
    column_stride : floats from the run of an even column to that of the next column
    run_start : returns the offset of an even column's run in the first line
    copied_floats : memory of the copies; 0 if pixels are read in place
    emit_copy : emits the copy of the lines of some rows: (builder, image, memory, rows)
    """

    lanes: int
    vectors: int
    rows_at_once: int
    row_stride: int
    column_stride: int
    run_start: Callable[[int], int]
    copied_floats: int = 0
    emit_copy: Callable[[Builder, Value, Value, Int], None] | None = None


def patch_layout(g: Geometry, host: Host) -> PatchLayout:
    """Return the layout for a convolution."""
    if g.C % host.lanes == 0:
        return _in_place(g, host.lanes)
    lanes = min(host.lanes, max(4, 1 << (g.KW * g.C - 1).bit_length()))
    half = min(lanes, CACHE_LINE // 2)
    if g.C == 1 and half >= g.KW:
        return _two_copies(g, lanes)
    return _runs(g, lanes)


def _in_place(g: Geometry, lanes: int) -> PatchLayout:
    """Return the layout for channels that fill vectors: every pixel of the image is aligned."""
    rows_at_once = min(g.OH // 2, MAX_PREPARED_VALUES // (g.OW // 2 * g.O))
    vectors = g.KW * g.C // lanes
    return PatchLayout(lanes, vectors, rows_at_once, g.PW * g.C, g.C, lambda x: x * g.C)


def _two_copies(g: Geometry, lanes: int) -> PatchLayout:
    """Return the layout for one channel and runs of up to half a cache line.

    The pixels of the second copy are half a cache line further. So in one of the two copies, half
    a line of pixels from an even column on, and from the next column on, is in one cache line.
    """
    row_stride = _round_up(g.PW + CACHE_LINE // 2, CACHE_LINE)
    rows_at_once = _rows_at_once(g, 2 * row_stride)
    lines = 2 * rows_at_once + g.KH - 1
    second = lines * row_stride + CACHE_LINE // 2

    def copy(k: Builder, image: Value, memory: Value, rows: Int) -> None:
        def line(r: Value, _: list[Value]) -> None:
            source, target = k.at(image, k.mul(r, g.PW)), k.at(memory, k.mul(r, row_stride))
            for offset, mask in k.vector_slices(g.PW):
                pixels = k.load(source, offset, mask)
                k.store(pixels, target, offset, mask)
                k.store(pixels, target, second + offset, mask)

        k.loop(k.add(k.mul(rows, 2), g.KH - 1), line)

    def run_start(x: int) -> int:
        return x + (second if x % CACHE_LINE >= CACHE_LINE // 2 else 0)

    floats = second + lines * row_stride + CACHE_LINE  # a vector reads beyond the last run
    return PatchLayout(lanes, 1, rows_at_once, row_stride, 1, run_start, floats, copy)


def _runs(g: Geometry, lanes: int) -> PatchLayout:
    """Return the layout for any channels: the run of every column is copied to its own vectors."""
    column_stride = _round_up(g.KW * g.C, lanes)
    columns = g.OW // 2 * 2
    row_stride = columns * column_stride
    rows_at_once = _rows_at_once(g, row_stride)

    def copy(k: Builder, image: Value, memory: Value, rows: Int) -> None:
        narrow = k.with_lanes(lanes)

        def line(r: Value, _: list[Value]) -> None:
            source, target = k.at(image, k.mul(r, g.PW * g.C)), k.at(memory, k.mul(r, row_stride))

            def column(x: Value, _: list[Value]) -> None:
                pixels, run = k.at(source, k.mul(x, g.C)), k.at(target, k.mul(x, column_stride))
                for offset, mask in narrow.vector_slices(g.KW * g.C):
                    narrow.store(narrow.load(pixels, offset, mask), run, offset)

            k.loop(columns, column)

        k.loop(k.add(k.mul(rows, 2), g.KH - 1), line)

    floats = (2 * rows_at_once + g.KH - 1) * row_stride
    return PatchLayout(
        lanes,
        column_stride // lanes,
        rows_at_once,
        row_stride,
        column_stride,
        lambda x: x * column_stride,
        floats,
        copy,
    )


def _rows_at_once(g: Geometry, line: int) -> int:
    """Return how many rows of the pooled gradient are processed at once; line: floats of a line.

    Their values, and the lines of pixels that they meet, must fit in memory.
    """
    fit = (MAX_COPIED_FLOATS // line - (g.KH - 1)) // 2
    return max(0, min(g.OH // 2, MAX_PREPARED_VALUES // (g.OW // 2 * g.O), fit))


def _round_up(count: int, multiple: int) -> int:
    return -(-count // multiple) * multiple
