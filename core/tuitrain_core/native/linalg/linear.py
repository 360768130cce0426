"""The kernels of a linear layer: forward, and the gradients of input, weight and bias.

All float32. The weight is dense (N, K), the bias (N,). Activations and gradients have one row per
sample, with a row stride in floats of at least the number of features; the gap after the features
is neither read nor written. Sizes and strides are constants of a kernel, the number of rows is an
argument. ``first`` and ``last`` are the part of the output to compute: any split gives the same
bits.
"""

from __future__ import annotations

from ..ir.builder import Builder, Int, Mask, Value
from ..runtime import library
from ..runtime.library import Kernel
from . import broadcast_tile, dot_tile, row_sums


def forward(
    K: int,
    N: int,
    x_stride: int,
    y_stride: int,
    relu: bool,
    bias: bool,
) -> Kernel:
    """Y[b][o] = sum of X[b][k] · W[o][k] (+ bias[o]) (then max(·, 0)) for o in first ... last-1.

    Arguments: X, W, bias (0 without bias), Y, rows, first, last.
    """
    del N  # one kernel serves any number of outputs
    return library.get_kernel(_forward, 7, K, x_stride, y_stride, relu, bias)


def input_gradient(K: int, N: int, d_stride: int, dx_stride: int, masked: bool) -> Kernel:
    """dX[b][i] = sum of D[b][o] · W[o][i] (· (act[b][i] > 0)) for i in first ... last-1.

    Arguments: D, W, dX, act (0 if not masked; row stride dx_stride), rows, first, last; first is a
    multiple of 16, and last is one or K.
    """
    return library.get_kernel(_input_gradient, 7, K, N, d_stride, dx_stride, masked)


def weight_gradient(K: int, N: int, d_stride: int, x_stride: int) -> Kernel:
    """dW[o][i] = sum of D[b][o] · X[b][i] for o in first ... last-1; dense (N, K).

    Arguments: D, X, dW, rows, first, last.
    """
    del N  # one kernel serves any number of outputs
    return library.get_kernel(_weight_gradient, 6, K, d_stride, x_stride)


def weight_gradient_blocks(K: int, N: int, block: int, d_stride: int, x_stride: int) -> Kernel:
    """`weight_gradient` in blocks of outputs; the last block may be smaller.

    Arguments: D, X, dW, rows, first, last (blocks).
    """
    return library.get_kernel(_weight_gradient_blocks, 6, K, N, block, d_stride, x_stride)


def bias_gradient(N: int, d_stride: int) -> Kernel:
    """db[o] = sum of D[b][o] for o in first ... last-1.

    Arguments: D, db, rows, first, last; first is a multiple of 16, and last is one or N.
    """
    return library.get_kernel(_bias_gradient, 5, N, d_stride)


def _forward(k: Builder, K: int, x_stride: int, y_stride: int, relu: bool, bias: bool) -> None:
    x, w, b, y, rows, first, last = k.arguments
    size = dot_tile.tile_sizes(k.host)

    def outputs(row: Int, height: int, start: Int, width: int) -> None:
        inputs = [k.at(x, k.mul(row, x_stride), i * x_stride) for i in range(height)]
        weights = [k.at(w, k.mul(start, K), j * K) for j in range(width)]
        out = k.at(y, k.mul(row, y_stride), start)
        for i, total in enumerate(
            dot_tile.reduce_accumulators(k, dot_tile.accumulate(k, inputs, weights, K))
        ):
            value = k.ir.fadd(total, k.load(b, start, width)) if bias else total
            k.store(k.relu(value) if relu else value, out, i * y_stride, width)

    # Rows are the inner loop: a tile's weights stay in the first-level cache for all rows.
    whole = k.mul(k.div(rows, size.rows), size.rows)

    def column(start: Int, width: int) -> None:
        k.tiles(0, whole, [size.rows], lambda row, height: outputs(row, height, start, width))

    def single_row(row: Int, _height: int) -> None:
        k.tiles(
            first, last, size.single_row_outputs, lambda start, width: outputs(row, 1, start, width)
        )

    k.tiles(first, last, size.outputs, column)
    k.tiles(whole, rows, [1], single_row)


def _input_gradient(
    k: Builder, K: int, N: int, d_stride: int, dx_stride: int, masked: bool
) -> None:
    d, w, dx, act, rows, first, last = k.arguments

    def gate(value: Value, place: Int, offset: int, mask: Mask) -> Value:
        return k.where_positive(k.load(act, k.add(place, offset), mask), value)

    product = broadcast_tile.Product(
        a=d,
        v=w,
        out=dx,
        a_row=d_stride,
        out_row=dx_stride,
        reduction=broadcast_tile.ReductionLoop(N, 1, K),
        width=K,
        epilogue=gate if masked else broadcast_tile.store_plain,
    )
    product.emit(k, (0, rows), (first, last))


def _weight_gradient(k: Builder, K: int, d_stride: int, x_stride: int) -> None:
    first, last = k.arguments[4:]
    _product(k, K, d_stride, x_stride).emit(k, (first, last), (0, K))


def _weight_gradient_blocks(
    k: Builder, K: int, N: int, block: int, d_stride: int, x_stride: int
) -> None:
    first, last = (k.minimum(k.mul(index, block), N) for index in k.arguments[4:])
    _product(k, K, d_stride, x_stride).emit(k, (first, last), (0, K))


def _product(k: Builder, K: int, d_stride: int, x_stride: int) -> broadcast_tile.Product:
    d, x, dw, rows = k.arguments[:4]
    reduction = broadcast_tile.ReductionLoop(rows, d_stride, x_stride)
    return broadcast_tile.Product(
        a=d, v=x, out=dw, a_row=1, out_row=K, reduction=reduction, width=K
    )


def _bias_gradient(k: Builder, N: int, d_stride: int) -> None:
    d, db, rows, first, last = k.arguments

    def read(place: Int, mask: Mask) -> Value:
        return k.load(d, place, mask)

    row_sums.emit_row_sums(k, read, db, (rows, N, d_stride), (first, last))
