"""Emitters of the forward pass and the input gradient, as correlations."""

from __future__ import annotations

from ..ir.builder import Builder, Int, Mask, Value
from ..linalg import broadcast_tile
from . import correlation, max_pool_2x2
from .geometry import Geometry, vector_lanes


def forward(k: Builder, g: Geometry, relu: bool, bias: bool, pool: bool, positions: bool) -> None:
    """Emit `convolution.forward`. Arguments: xp, P, bias, Y, I, first, last."""
    x, p, b, y, index, first, last = k.arguments
    k = k.with_lanes(vector_lanes(g.O, k.host))

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
                largest, position = max_pool_2x2.max_of_window(k, window, relu)
                k.store(largest, k.at(y, place), x * g.O + at, mask)
                if positions:
                    k.store(position, k.at(index, place), x * g.O + at, mask)

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


def input_gradient(k: Builder, g: Geometry, masked: bool) -> None:
    """Emit `convolution.input_gradient`, with vectors along the input channels."""
    ds, p, dx, act, first, last = _masked(k, masked)
    k = k.with_lanes(vector_lanes(g.C, k.host))

    def store(t: correlation.Tile, sums: list[Value]) -> None:
        line = k.add(k.mul(t.n, g.H), t.y)
        place = k.add(k.mul(k.add(k.mul(line, g.W), t.x), g.C), t.channel)
        pixels = t.pixels(g.W, g.C)
        for i, value in enumerate(sums):
            pixel, (at, mask) = pixels[i // len(t.columns)], t.columns[i % len(t.columns)]
            offset = k.add(place, pixel + at)
            result = k.where_positive(k.load(act, offset, mask), value) if masked else value
            k.store(result, dx, offset, mask)

    shape = correlation.CorrelationShape.backward(g)
    correlation.emit_tiled(k, shape, (ds, p), (first, last), lambda _channel, _columns: None, store)


def input_gradient_thin(k: Builder, g: Geometry, masked: bool) -> None:
    """Emit `convolution.input_gradient` for few input channels."""
    ds, p, dx, act, first, last = _masked(k, masked)

    def store(value: Value, place: Int, mask: Mask) -> None:
        result = k.where_positive(k.load(act, place, mask), value) if masked else value
        k.store(result, dx, place, mask)

    correlation.emit_thin(k, correlation.CorrelationShape.backward(g), ds, p, (first, last), store)
