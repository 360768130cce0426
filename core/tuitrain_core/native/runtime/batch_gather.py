"""The batch: rows of a data set, picked in an order, their bytes made floats."""

from __future__ import annotations

from llvmlite import ir

from ..ir.builder import INT8, INT32, INT64, Builder, Value
from .library import Kernel, get_kernel


def gather_batch(channels: int, pixels: int, scale: float, shift: float) -> Kernel:
    """Return x · scale - shift for the bytes x of some rows, and the labels of these rows.

    Arguments: bytes (N, channels, pixels), labels (int32), the chosen rows (int64), where images
    go as float32 (B, pixels, channels), where labels go, first, last (of the batch).
    """
    return get_kernel(_gather, 7, channels, pixels, float(scale), float(shift))


def _gather(k: Builder, channels: int, pixels: int, scale: float, shift: float) -> None:
    source, labels, rows, images, chosen, first, last = k.arguments
    size = channels * pixels

    def sample(i: Value, _: object) -> None:
        b = k.add(first, i)
        row = k.ir.load(k.ir.inttoptr(k.add(rows, k.mul(b, 8)), INT64.as_pointer()))
        image, target = k.add(source, k.mul(row, size)), k.at(images, k.mul(b, size))
        if channels == 1:
            _one_channel(k, image, target, pixels, scale, shift)
        else:
            _channels(k, image, target, (channels, pixels), scale, shift)
        label = k.ir.load(k.ir.inttoptr(k.at(labels, row), INT32.as_pointer()))
        k.ir.store(label, k.ir.inttoptr(k.at(chosen, b), INT32.as_pointer()))

    k.loop(k.sub(last, first), sample)


def _one_channel(
    k: Builder, image: Value, target: Value, pixels: int, scale: float, shift: float
) -> None:
    whole = pixels // k.lanes

    def vector(i: Value, _: object) -> None:
        offset = k.mul(i, k.lanes)
        kind = ir.VectorType(INT8, k.lanes)
        given = k.ir.load(k.ir.inttoptr(k.add(image, offset), kind.as_pointer()), align=1)
        floats = k.ir.uitofp(given, k.vector)
        scaled = k.ir.fmul(floats, k.constant(scale))
        k.store(k.ir.fsub(scaled, k.constant(shift)), target, offset)

    k.loop(whole, vector)
    _scalars(k, image, target, (whole * k.lanes, pixels, 1), scale, shift)


def _channels(
    k: Builder,
    image: Value,
    target: Value,
    sizes: tuple[int, int],
    scale: float,
    shift: float,
) -> None:
    channels, pixels = sizes
    for channel in range(channels):
        plane, first = k.add(image, channel * pixels), k.at(target, channel)
        _scalars(k, plane, first, (0, pixels, channels), scale, shift)


def _scalars(
    k: Builder,
    image: Value,
    target: Value,
    span: tuple[int, int, int],
    scale: float,
    shift: float,
) -> None:
    """Go over bytes one by one, from a first to a last, and write every so many floats."""
    first, last, stride = span

    def one(i: Value, _: object) -> None:
        place = k.add(i, first)
        given = k.ir.load(k.ir.inttoptr(k.add(image, place), INT8.as_pointer()))
        value = k.ir.uitofp(given, ir.FloatType())
        scaled = k.ir.fmul(value, ir.Constant(ir.FloatType(), scale))
        moved = k.ir.fsub(scaled, ir.Constant(ir.FloatType(), shift))
        k.store_scalar(moved, k.at(target, k.mul(place, stride)))

    k.loop(last - first, one)
