"""Gather a batch: chosen rows of a data set, their bytes converted to floats."""

from __future__ import annotations

from llvmlite import ir

from ..ir.builder import FLOAT, INT8, INT32, INT64, Builder, Value
from .library import Kernel, get_kernel


def gather_batch(channels: int, pixels: int, scale: float, shift: float) -> Kernel:
    """Return the kernel that writes x · scale - shift for the bytes x of rows, and their labels.

    Arguments: bytes (N, channels, pixels), labels (int32), the batch's rows (int64), output images,
    float32 (B, pixels, channels), output labels (int32), first, last (of the batch).
    """
    return get_kernel(_gather_batch, 7, channels, pixels, float(scale), float(shift))


def _gather_batch(k: Builder, channels: int, pixels: int, scale: float, shift: float) -> None:
    source, labels, rows, images, batch_labels, first, last = k.arguments
    size = channels * pixels

    def sample(i: Value, _: object) -> None:
        b = k.add(first, i)
        row = k.load_element(INT64, rows, b)
        image, target = k.add(source, k.mul(row, size)), k.at(images, k.mul(b, size))
        if channels == 1:
            _one_channel(k, image, target, pixels, scale, shift)
        else:
            _many_channels(k, image, target, (channels, pixels), scale, shift)
        k.store_element(k.load_element(INT32, labels, row), batch_labels, b)

    k.loop(k.sub(last, first), sample)


def _one_channel(
    k: Builder, image: Value, target: Value, pixels: int, scale: float, shift: float
) -> None:
    whole = pixels // k.lanes

    def vector(i: Value, _: object) -> None:
        offset = k.mul(i, k.lanes)
        kind = ir.VectorType(INT8, k.lanes)
        pixel = k.ir.load(k.ir.inttoptr(k.add(image, offset), kind.as_pointer()), align=1)
        floats = k.ir.uitofp(pixel, k.vector)
        scaled = k.ir.fmul(floats, k.constant(scale))
        k.store(k.ir.fsub(scaled, k.constant(shift)), target, offset)

    k.loop(whole, vector)
    _scalars(k, image, target, (whole * k.lanes, pixels, 1), scale, shift)


def _many_channels(
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
    """Convert bytes one by one; span: the first, the end, and the stride of the floats."""
    first, last, stride = span

    def scalar(i: Value, _: object) -> None:
        index = k.add(i, first)
        value = k.ir.uitofp(k.load_element(INT8, image, index), FLOAT)
        scaled = k.ir.fmul(value, ir.Constant(FLOAT, scale))
        shifted = k.ir.fsub(scaled, ir.Constant(FLOAT, shift))
        k.store_scalar(shifted, k.at(target, k.mul(index, stride)))

    k.loop(last - first, scalar)
