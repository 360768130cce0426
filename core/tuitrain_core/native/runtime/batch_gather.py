"""Gather a batch: chosen samples of a data set, copied, or bytes converted to floats.

Rows of a table with one row for each sample are copied in both directions, by kernels for any size.
"""

from __future__ import annotations

from collections.abc import Callable

from llvmlite import ir

from ..ir.block_copy import copy_floats
from ..ir.builder import FLOAT, INT8, INT64, Builder, Int, Value
from .library import Kernel, get_kernel


def gather_words(channels: int, pixels: int, row_stride: int, channels_last: bool) -> Kernel:
    """Return the kernel that copies samples of 4-byte numbers.

    Arguments: samples (N, channels, pixels), the batch's rows (int64), the batch, first, last (of
    the batch).

    Parameters
    ----------
    row_stride : the distance between two samples of the batch, in numbers
    channels_last : whether a sample of the batch is [pixel][channel]
    """
    return get_kernel(_gather_words, 5, channels, pixels, row_stride, channels_last)


def gather_bytes(
    sizes: tuple[int, int],
    row_stride: int,
    channels_last: bool,
    scales: tuple[float, ...],
    shifts: tuple[float, ...],
) -> Kernel:
    """Return the kernel that writes x · scale - shift for the bytes x of samples.

    Arguments: bytes (N, channels, pixels), the batch's rows (int64), the batch (float32), first,
    last (of the batch).

    Parameters
    ----------
    sizes : channels and pixels of a sample
    row_stride, channels_last : see `gather_words`
    scales, shifts : one number for all channels, or one for each; the code has a loop for each
    """
    return get_kernel(_gather_bytes, 5, sizes, row_stride, channels_last, scales, shifts)


def load_rows() -> Kernel:
    """Return the kernel that copies chosen rows of a table to a batch.

    Arguments: table, its row stride, the batch's rows (int64), the batch, its row stride, words in
    a row, first, last (of the batch). Strides and rows are counted in words of 4 bytes.
    """
    return get_kernel(_load_rows, 8)


def store_rows() -> Kernel:
    """Return the kernel that copies a batch to chosen rows of a table; see `load_rows`.

    A row that is chosen twice must have the same words both times.
    """
    return get_kernel(_store_rows, 8)


_VECTORS = 8, 1
"""Vectors that are copied in one round of a loop."""


def _load_rows(k: Builder) -> None:
    _each_row(k, lambda row, sample, words: _copy_words(k, row, sample, words))


def _store_rows(k: Builder) -> None:
    _each_row(k, lambda row, sample, words: _copy_words(k, sample, row, words))


def _each_row(k: Builder, copy: Callable[[Value, Value, Value], None]) -> None:
    """Call copy(row of the table, row of the batch, words) for every sample."""
    table, table_stride, rows, batch, batch_stride, words, first, last = k.arguments

    def sample(i: Value, _: object) -> None:
        b = k.add(first, i)
        row = k.load_element(INT64, rows, b)
        copy(k.at(table, k.mul(row, table_stride)), k.at(batch, k.mul(b, batch_stride)), words)

    k.loop(k.sub(last, first), sample)


def _copy_words(k: Builder, source: Value, target: Value, words: Value) -> None:
    whole = k.div(words, k.lanes)

    def vectors(start: Int, count: int) -> None:
        place = k.mul(start, k.lanes)
        for vector in range(count):
            offset = k.add(place, vector * k.lanes)
            k.store(k.load(source, offset), target, offset)

    def word(i: Value, _: object) -> None:
        place = k.add(k.mul(whole, k.lanes), i)
        k.store_scalar(k.load_scalar(source, place), target, place)

    k.tiles(0, whole, _VECTORS, vectors)
    k.loop(k.rem(words, k.lanes), word)


def _gather_words(
    k: Builder, channels: int, pixels: int, row_stride: int, channels_last: bool
) -> None:
    source, rows, batch, first, last = k.arguments
    size = channels * pixels

    def sample(i: Value, _: object) -> None:
        b = k.add(first, i)
        row = k.load_element(INT64, rows, b)
        start, target = k.at(source, k.mul(row, size)), k.at(batch, k.mul(b, row_stride))
        if channels == 1 or not channels_last:
            copy_floats(k, start, target, size)
            return

        def copy_channel(channel: Value, _: object) -> None:
            plane = k.at(start, k.mul(channel, pixels))
            _copy_scalars(k, plane, k.at(target, channel), pixels, channels)

        k.loop(channels, copy_channel)

    k.loop(k.sub(last, first), sample)


def _copy_scalars(k: Builder, source: Value, target: Value, count: int, stride: int) -> None:
    """Copy floats to memory in which they are ``stride`` apart."""

    def scalar(i: Value, _: object) -> None:
        k.store_scalar(k.load_scalar(source, i), target, k.mul(i, stride))

    k.loop(count, scalar)


def _gather_bytes(
    k: Builder,
    sizes: tuple[int, int],
    row_stride: int,
    channels_last: bool,
    scales: tuple[float, ...],
    shifts: tuple[float, ...],
) -> None:
    channels, pixels = sizes
    source, rows, batch, first, last = k.arguments

    def sample(i: Value, _: object) -> None:
        b = k.add(first, i)
        row = k.load_element(INT64, rows, b)
        start = k.add(source, k.mul(row, channels * pixels))
        target = k.at(batch, k.mul(b, row_stride))
        for channel in range(channels):
            factors = scales[channel % len(scales)], shifts[channel % len(shifts)]
            plane = k.add(start, channel * pixels) if channel else start
            if channels > 1 and channels_last:
                _convert_scalars(k, plane, k.at(target, channel), (0, pixels, channels), factors)
            else:
                _convert_plane(k, plane, k.at(target, channel * pixels), pixels, factors)

    k.loop(k.sub(last, first), sample)


def _convert_plane(
    k: Builder, source: Value, target: Value, pixels: int, factors: tuple[float, float]
) -> None:
    whole = pixels // k.lanes
    scale, shift = factors

    def vector(i: Value, _: object) -> None:
        offset = k.mul(i, k.lanes)
        kind = ir.VectorType(INT8, k.lanes)
        pixel = k.ir.load(k.ir.inttoptr(k.add(source, offset), kind.as_pointer()), align=1)
        floats = k.ir.uitofp(pixel, k.vector)
        scaled = k.ir.fmul(floats, k.constant(scale))
        k.store(k.ir.fsub(scaled, k.constant(shift)), target, offset)

    k.loop(whole, vector)
    _convert_scalars(k, source, target, (whole * k.lanes, pixels, 1), factors)


def _convert_scalars(
    k: Builder,
    source: Value,
    target: Value,
    span: tuple[int, int, int],
    factors: tuple[float, float],
) -> None:
    """Convert bytes one by one; span: the first, the end, and the stride of the floats."""
    first, last, stride = span
    scale, shift = factors

    def scalar(i: Value, _: object) -> None:
        index = k.add(i, first)
        value = k.ir.uitofp(k.load_element(INT8, source, index), FLOAT)
        scaled = k.ir.fmul(value, ir.Constant(FLOAT, scale))
        shifted = k.ir.fsub(scaled, ir.Constant(FLOAT, shift))
        k.store_scalar(shifted, k.at(target, k.mul(index, stride)))

    k.loop(last - first, scalar)
