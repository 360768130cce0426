"""The pixels that the maxima of a pool saw, laid out so that they can be read without delay.

A value of a pooled gradient meets, for each ky, a run of KW pixels with all their channels. A
vector that lies across two lines of the cache takes twice as long to read, so the images of some
rows are copied to where no run begins badly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..ir.builder import Builder, Int, Value
from ..ir.host import Host
from .geometry import Geometry

CACHE_LINE = 16  # floats of a line of the cache
MAX_READY_VALUES = (
    1280  # values made ready at once: 15 KiB with their addresses, half of the first cache
)
MAX_COPIED_FLOATS = 6144  # floats of copies: 24 KiB


@dataclass(frozen=True)
class PatchLayout:
    """How the pixels are laid out that some rows of the pooled gradient see.

    Attributes
    ----------
    lanes, vectors: the vectors that a run is read in, and how many of them it takes.
    together: how many rows of the pooled gradient; 0 if not even one would fit.
    pitch: floats from a line of pixels to the next.
    step: floats from where an even column's run begins to that of the next column.
    place: where the run of an even column begins in the first line.
    floats: the memory that copies take; 0 if pixels are read where they are.
    copy: emits copying the lines of a number of rows: (builder, image, memory, rows).
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
    """Channels that fill vectors: every pixel of the image begins one."""
    together = min(g.OH // 2, MAX_READY_VALUES // (g.OW // 2 * g.O))
    return PatchLayout(lanes, g.KW * g.C // lanes, together, g.PW * g.C, g.C, lambda x: x * g.C)


def _two_copies(g: Geometry, lanes: int) -> PatchLayout:
    """One channel, and runs of up to half a line of the cache.

    In the second copy the pixels lie half a line further on. So in one of the two any half a line
    of pixels from an even column on, and from the next one, lies in one line of the cache.
    """
    pitch = _whole(g.PW + CACHE_LINE // 2, CACHE_LINE)
    together = _together(g, 2 * pitch)
    lines = 2 * together + g.KH - 1
    apart = lines * pitch + CACHE_LINE // 2

    def copy(k: Builder, image: Value, memory: Value, rows: Int) -> None:
        def line(r: Value, _: list[Value]) -> None:
            source, target = k.at(image, k.mul(r, g.PW)), k.at(memory, k.mul(r, pitch))
            for offset, mask in k.vector_slices(g.PW):
                pixels = k.load(source, offset, mask)
                k.store(pixels, target, offset, mask)
                k.store(pixels, target, apart + offset, mask)

        k.loop(k.add(k.mul(rows, 2), g.KH - 1), line)

    def place(x: int) -> int:
        return x + (apart if x % CACHE_LINE >= CACHE_LINE // 2 else 0)

    floats = apart + lines * pitch + CACHE_LINE  # with what a vector holds beside the last run
    return PatchLayout(lanes, 1, together, pitch, 1, place, floats, copy)


def _runs(g: Geometry, lanes: int) -> PatchLayout:
    """Any channels: each column's run is copied, into vectors of its own."""
    step = _whole(g.KW * g.C, lanes)
    columns = g.OW // 2 * 2
    pitch = columns * step
    together = _together(g, pitch)

    def copy(k: Builder, image: Value, memory: Value, rows: Int) -> None:
        narrow = k.with_lanes(lanes)

        def line(r: Value, _: list[Value]) -> None:
            source, target = k.at(image, k.mul(r, g.PW * g.C)), k.at(memory, k.mul(r, pitch))

            def column(x: Value, _: list[Value]) -> None:
                pixels, run = k.at(source, k.mul(x, g.C)), k.at(target, k.mul(x, step))
                for offset, mask in narrow.vector_slices(g.KW * g.C):
                    narrow.store(narrow.load(pixels, offset, mask), run, offset)

            k.loop(columns, column)

        k.loop(k.add(k.mul(rows, 2), g.KH - 1), line)

    floats = (2 * together + g.KH - 1) * pitch
    return PatchLayout(
        lanes, step // lanes, together, pitch, step, lambda x: x * step, floats, copy
    )


def _together(g: Geometry, line: int) -> int:
    """Return how many rows of the pooled gradient are taken at once, with lines of so many floats.

    There must be room for the lines that they see, and for their values.
    """
    fit = (MAX_COPIED_FLOATS // line - (g.KH - 1)) // 2
    return max(0, min(g.OH // 2, MAX_READY_VALUES // (g.OW // 2 * g.O), fit))


def _whole(count: int, of: int) -> int:
    return -(-count // of) * of
