"""The kernels of a 2-D convolution: forward (with ReLU and a 2x2 maximum), and the gradients.

All float32. Images are (N, H, W, C), channels side by side, without gaps; weight (O, C, KH, KW) and
bias (O,) in the public layout. A kernel reads the input with its zero border, from `pad`, and the
weight in the order that it is used in, from `pack` and `pack_transposed`. The sizes are constants
of a kernel; the number of samples is not. ``first`` and ``last`` are the samples to compute (of
`weight_gradient`: the units); any cut into parts gives the same bits.

Forward: pad, pack, forward. Back: unpool (after a pool), weight_gradient, unpack_gradient, and the
bias gradient from ``linear.bias_gradient`` on N · OH · OW rows; then spread, pack_transposed,
input_gradient. Three gradients need no unpool after a pool: pooled_bias_gradient; where
takes_pooled(g), pooled_weight_gradient and unpack_pooled_gradient; where spreads_pooled(g),
pack_pooled and pooled_input_gradient.
"""

from __future__ import annotations

from ..ir.builder import Builder, Int, Mask, Value
from ..ir.host import host
from ..linalg import broadcast_tile
from ..runtime import library
from ..runtime.library import Kernel
from . import (
    correlation,
    input_gradient_from_pool,
    max_pool_2x2,
    packing,
    padding,
    single_channel,
    weight_gradient_from_pool,
    weight_gradient_units,
)
from .geometry import Geometry

__all__ = [
    "Geometry",
    "forward",
    "input_gradient",
    "pack",
    "pack_pooled",
    "pack_transposed",
    "packed_size",
    "pad",
    "pooled_bias_gradient",
    "pooled_input_gradient",
    "pooled_packed_size",
    "pooled_weight_gradient",
    "pooled_weight_size",
    "pooled_weight_units",
    "dilate",
    "has_pooled_input_gradient",
    "has_pooled_weight_gradient",
    "transposed_size",
    "unpack_gradient",
    "unpack_pooled_gradient",
    "unpool",
    "weight_gradient",
    "weight_units",
]


def pad(g: Geometry) -> Kernel:
    """Copy x (N, H, W, C) into xp (N, H + 2py, W + 2px, C), and write its border of zeros.

    Arguments: x, xp, first, last.
    """
    return library.get_kernel(padding.pad, 4, g)


def pack(g: Geometry) -> Kernel:
    """Bring W into the order of `forward`. Arguments: W, P (`packed_size` floats)."""
    return library.get_kernel(packing.pack_by_output, 2, g)


def pack_transposed(g: Geometry) -> Kernel:
    """Bring W into the order of `input_gradient`. Arguments: W, PT (`transposed_size` floats)."""
    return library.get_kernel(packing.pack_by_run if _is_thin(g) else packing.pack_by_input, 2, g)


def packed_size(g: Geometry) -> int:
    """Return the floats of a packed weight, and of a packed weight gradient."""
    return g.taps * g.C * _whole(g.O)


def transposed_size(g: Geometry) -> int:
    """Return the floats of a weight packed for the input gradient."""
    return g.C * g.KH * _whole(g.KW * g.O) if _is_thin(g) else g.taps * g.O * _whole(g.C)


def forward(g: Geometry, relu: bool, bias: bool, pool: bool) -> Kernel:
    """Y = the correlation of xp with P (+ bias) (then max(·, 0)) (then the maximum of 2x2 pixels).

    Y is (N, OH, OW, O). With pool it is (N, OH//2, OW//2, O), and I, float32 and laid out like Y,
    holds where the maximum was: 0, 1, 2, 3 for upper left, upper right, lower left, lower right.
    Of equal values the first is chosen, of NaN the last; -1 stands where ReLU is off.

    Arguments: xp, P, bias (unused without), Y, I (unused without pool), first, last.
    """
    emit = single_channel.forward if single_channel.supports_forward(g, host()) else _forward
    return library.get_kernel(emit, 7, g, relu, bias, pool)


def unpool(g: Geometry) -> Kernel:
    """D (N, OH, OW, O) = dY (N, OH//2, OW//2, O) where I says that the maximum was, else 0.

    Arguments: dY, I, D, first, last. All of D is written, what no window covers too.
    """
    return library.get_kernel(max_pool_2x2.unpool, 5, g)


def dilate(g: Geometry) -> Kernel:
    """Ds (N, H + KH - 1, W + KW - 1, O) = D (N, OH, OW, O), a stride apart, zeros in between.

    Arguments: D, Ds, first, last. Rows of Ds in which there are zeros alone are written only where
    `input_gradient` reads them.
    """
    return library.get_kernel(padding.dilate, 4, g, _is_thin(g))


def input_gradient(g: Geometry, masked: bool = False) -> Kernel:
    """Correlate Ds with PT to dX (N, H, W, C) (· (act > 0), laid out like dX).

    Arguments: Ds, PT, dX, first, last; masked: Ds, PT, dX, act, first, last.
    """
    emit = _input_gradient_thin if _is_thin(g) else _input_gradient
    return library.get_kernel(emit, 6 if masked else 5, g, masked)


def weight_gradient(g: Geometry) -> Kernel:
    """G = the gradient of the weight, laid out like P, from xp and D (N, OH, OW, O).

    Arguments: xp, D, G, samples, first, last; these are units, of which there are weight_units(g).
    """
    if single_channel.supports_gradient(g, host()):
        return library.get_kernel(single_channel.weight_gradient, 6, g)
    return library.get_kernel(weight_gradient_units.weight_gradient, 6, g)


def weight_units(g: Geometry) -> int:
    """Return into how many units, of about equal work, the weight gradient can be cut."""
    if single_channel.supports_gradient(g, host()):
        return single_channel.weight_units(g, host())
    kinds = weight_gradient_units.unit_shapes(g, host())
    return sum(kind.rows * kind.blocks for kind in kinds)


def has_pooled_weight_gradient(g: Geometry) -> bool:
    """Whether the gradient of the weight is computed from dY and I, without unpool."""
    return weight_gradient_from_pool.is_supported(g, host())


def has_pooled_input_gradient(g: Geometry) -> bool:
    """Whether the gradient of the input is computed from dY and I, without unpool and spread."""
    return input_gradient_from_pool.is_supported(g, host())


def pack_pooled(g: Geometry) -> Kernel:
    """Bring W into the order of `pooled_input_gradient`. Arguments: W, P (`pooled_size` floats)."""
    return library.get_kernel(input_gradient_from_pool.pack, 2, g)


def pooled_packed_size(g: Geometry) -> int:
    """Return the floats of a weight packed for the input gradient from dY and I."""
    return input_gradient_from_pool.packed_size(g, host())


def pooled_input_gradient(g: Geometry) -> Kernel:
    """Compute dX (N, H, W, C) from dY (N, OH//2, OW//2, O), I and P. Only where spreads_pooled(g).

    The same as unpool, spread and `input_gradient`, but that a value where ReLU is off is
    multiplied by 0, so that NaN and inf stay in sight: they reach all pixels that their window saw.

    Arguments: dY, I, P, dX, first, last.
    """
    return library.get_kernel(input_gradient_from_pool.input_gradient, 6, g)


def pooled_weight_gradient(g: Geometry) -> Kernel:
    """G (`pooled_weight_size` floats) = the weight's gradient from xp, dY (N, OH//2, OW//2, O), I.

    The same as unpool and `weight_gradient`, but for its layout, and that a value where ReLU is off
    is multiplied by 0, so that NaN and inf stay in sight. Only where takes_pooled(g).

    Arguments: xp, dY, I, G, samples, first, last (units: pooled_weight_units(g)).
    """
    return library.get_kernel(weight_gradient_from_pool.weight_gradient, 7, g)


def pooled_weight_size(g: Geometry) -> int:
    """Return the floats of a weight gradient from dY and I."""
    return weight_gradient_from_pool.weight_size(g, host())


def unpack_pooled_gradient(g: Geometry) -> Kernel:
    """Bring G from `pooled_weight_gradient` into the public layout. Arguments: G, dW."""
    return library.get_kernel(weight_gradient_from_pool.unpack, 2, g)


def pooled_weight_units(g: Geometry) -> int:
    """Return into how many units the weight gradient from dY and I can be cut."""
    return weight_gradient_from_pool.weight_units(g, host())


def pooled_bias_gradient(g: Geometry) -> Kernel:
    """db[o] = sum of dY[b][o] · (I[b][o] >= 0) for o in first ... last-1.

    Arguments: dY, I, db, rows (samples · OH//2 · OW//2), first, last; first is a multiple of 16,
    and last is one or O.
    """
    return library.get_kernel(weight_gradient_from_pool.bias_gradient, 6, g)


def unpack_gradient(g: Geometry) -> Kernel:
    """Bring G into the public layout, dW (O, C, KH, KW). Arguments: G, dW."""
    return library.get_kernel(packing.unpack_gradient, 2, g)


def _whole(count: int) -> int:
    lanes = host().lanes
    return -(-count // lanes) * lanes


def _is_thin(g: Geometry) -> bool:
    """Whether vectors along the input's channels would be mostly empty."""
    lanes = host().lanes
    return lanes > g.C


def _forward(k: Builder, g: Geometry, relu: bool, bias: bool, pool: bool) -> None:
    x, p, b, y, index, first, last = k.arguments

    def start(channel: Int, columns: broadcast_tile.VectorSlices) -> list[Value] | None:
        return [k.load(b, k.add(channel, at), mask) for at, mask in columns] if bias else None

    def store(t: correlation.Tile, sums: list[Value]) -> None:
        line = k.add(k.mul(t.n, g.OH), t.y)
        place = k.add(k.mul(k.add(k.mul(line, g.OW), t.x), g.O), t.channel)
        pixels = t.pixels(g.OW, g.O)
        for i, value in enumerate(sums):
            pixel, (at, mask) = pixels[i // len(t.columns)], t.columns[i % len(t.columns)]
            k.store(k.relu(value) if relu else value, k.at(y, place), pixel + at, mask)

    def store_pool(t: correlation.Tile, sums: list[Value]) -> None:
        line = k.add(k.mul(t.n, g.OH // 2), k.div(t.y, 2))
        place = k.add(k.mul(k.add(k.mul(line, g.OW // 2), k.div(t.x, 2)), g.O), t.channel)
        for column, (at, mask) in enumerate(t.columns):
            for x in range(t.width // 2):
                pixels = [2 * x, 2 * x + 1, t.width + 2 * x, t.width + 2 * x + 1]
                window = [sums[pixel * len(t.columns) + column] for pixel in pixels]
                largest, where = max_pool_2x2.max_of_window(k, window, relu)
                k.store(largest, k.at(y, place), x * g.O + at, mask)
                k.store(where, k.at(index, place), x * g.O + at, mask)

    shape = correlation.CorrelationShape.forward(g)
    finish = store_pool if pool else store
    correlation.emit_tiled(k, shape, (x, p), (first, last), start, finish, pool)


def _masked(k: Builder, masked: bool) -> tuple[Value, Value, Value, Value, Value, Value]:
    """Return Ds, PT, dX, act, first, last."""
    if masked:
        ds, p, dx, act, first, last = k.arguments
        return ds, p, dx, act, first, last
    ds, p, dx, first, last = k.arguments
    return ds, p, dx, None, first, last


def _input_gradient(k: Builder, g: Geometry, masked: bool) -> None:
    ds, p, dx, act, first, last = _masked(k, masked)

    def store(t: correlation.Tile, sums: list[Value]) -> None:
        line = k.add(k.mul(t.n, g.H), t.y)
        place = k.add(k.mul(k.add(k.mul(line, g.W), t.x), g.C), t.channel)
        pixels = t.pixels(g.W, g.C)
        for i, value in enumerate(sums):
            pixel, (at, mask) = pixels[i // len(t.columns)], t.columns[i % len(t.columns)]
            offset = k.add(place, pixel + at)
            on = k.where_positive(k.load(act, offset, mask), value) if masked else value
            k.store(on, dx, offset, mask)

    shape = correlation.CorrelationShape.backward(g)
    correlation.emit_tiled(k, shape, (ds, p), (first, last), lambda _channel, _columns: None, store)


def _input_gradient_thin(k: Builder, g: Geometry, masked: bool) -> None:
    ds, p, dx, act, first, last = _masked(k, masked)

    def store(value: Value, place: Int, mask: Mask) -> None:
        on = k.where_positive(k.load(act, place, mask), value) if masked else value
        k.store(on, dx, place, mask)

    correlation.emit_thin(k, correlation.CorrelationShape.backward(g), ds, p, (first, last), store)
