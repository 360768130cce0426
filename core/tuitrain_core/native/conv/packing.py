"""Emitters that pack weights into the order in which kernels read them, and unpack gradients.

The public layout is (O, C, KH, KW). A vector of weights, one tap and channel for all channels of
the other side, is gathered a float at a time: packing is a small part of a step's work.
"""

from __future__ import annotations

from llvmlite import ir

from ..ir.builder import INT32, Builder, Value
from .geometry import Geometry


def pack_by_output(k: Builder, g: Geometry) -> None:
    """Write P, [(ky, kx, c)][O padded to whole vectors with zeros]. Arguments: W, P."""
    w, p = k.arguments
    _gather(k, w, p, g.taps, False, (g.C, g.taps), (g.O, g.C * g.taps))


def pack_by_input(k: Builder, g: Geometry) -> None:
    """Write P, [(ky, kx, o)][C padded with zeros], with the taps reversed. Arguments: W, P."""
    w, p = k.arguments
    _gather(k, w, p, g.taps, True, (g.O, g.C * g.taps), (g.C, g.taps))


def pack_by_run(k: Builder, g: Geometry) -> None:
    """Write P, [c][ky][(kx, o) padded with zeros], with the taps reversed. Arguments: W, P."""
    w, p = k.arguments
    run = g.KW * g.O
    padded = -(-run // k.lanes) * k.lanes

    def row(i: Value, _: list[Value]) -> None:  # i counts (c, ky)
        source = k.at(w, k.mul(k.div(i, g.KH), g.taps))
        last = k.sub(g.taps - g.KW, k.mul(k.rem(i, g.KH), g.KW))
        target = k.at(p, k.mul(i, padded))
        for offset, mask in k.vector_slices(run):
            places = [divmod(offset + lane, g.O) for lane in range(mask or k.lanes)]
            strides = [o * g.C * g.taps + g.KW - 1 - kx for kx, o in places]
            k.store(_gather_vector(k, k.at(source, last), strides), target, offset)

    k.loop(g.C * g.KH, row)


def unpack_gradient(k: Builder, g: Geometry) -> None:
    """Write dW, (O, C, KH, KW), from G, [(ky, kx, c)][O padded]. Arguments: G, dW."""
    packed, dw = k.arguments
    padded = -(-g.O // k.lanes) * k.lanes

    def tap(t: Value, _: list[Value]) -> None:
        def channel(c: Value, _: list[Value]) -> None:
            source = k.at(packed, k.mul(k.add(k.mul(t, g.C), c), padded))
            target = k.at(dw, t, k.mul(c, g.taps))
            for offset, mask in k.vector_slices(g.O):
                vector = k.load(source, offset)
                for lane in range(mask or k.lanes):
                    value = k.ir.extract_element(vector, ir.Constant(INT32, lane))
                    k.store_scalar(value, target, (offset + lane) * g.C * g.taps)

        k.loop(g.C, channel)

    k.loop(g.taps, tap)


def _gather(
    k: Builder,
    w: Value,
    p: Value,
    taps: int,
    reverse: bool,
    rows: tuple[int, int],
    lanes: tuple[int, int],
) -> None:
    """Write P[(tap, row)][lane] from W; rows and lanes are (count, stride in W)."""
    padded = -(-lanes[0] // k.lanes) * k.lanes

    def tap(t: Value, _: list[Value]) -> None:
        source = k.at(w, k.sub(taps - 1, t) if reverse else t)

        def row(r: Value, _: list[Value]) -> None:
            start = k.at(source, k.mul(r, rows[1]))
            target = k.at(p, k.mul(k.add(k.mul(t, rows[0]), r), padded))

            def vector(i: Value, _: list[Value]) -> None:
                at = k.mul(i, k.lanes)
                strides = [lane * lanes[1] for lane in range(k.lanes)]
                value = _gather_vector(k, k.at(start, k.mul(at, lanes[1])), strides)
                k.store(value, target, at)

            k.loop(lanes[0] // k.lanes, vector)
            rest = lanes[0] % k.lanes
            if rest:
                at = lanes[0] - rest
                strides = [lane * lanes[1] for lane in range(rest)]
                k.store(_gather_vector(k, k.at(start, at * lanes[1]), strides), target, at)

        k.loop(rows[0], row)

    k.loop(taps, tap)


def _gather_vector(k: Builder, address: Value, offsets: list[int]) -> Value:
    """Return the floats at these offsets as a vector, with zeros in the remaining lanes."""
    vector = k.zero
    for lane, offset in enumerate(offsets):
        value = k.load_scalar(address, offset)
        vector = k.ir.insert_element(vector, value, ir.Constant(INT32, lane))
    return vector
