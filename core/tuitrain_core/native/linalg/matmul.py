"""Products of pairs of small matrices, such as the heads of an attention.

All float32 and dense: A (..., M, K), B (..., K, N), out (..., M, N). The last two arguments of a
kernel are the range of pairs.
"""

from __future__ import annotations

from ..ir.builder import Builder, Int, Value
from ..ir.loops import for_each_sample
from ..runtime.library import Kernel, get_kernel
from . import broadcast_tile, dot_tile


def product(M: int, K: int, N: int) -> Kernel:
    """Return the kernel out = A @ B. Arguments: A, B, out, first, last."""
    return get_kernel(_product, 5, M, K, N)


def left_gradient(M: int, K: int, N: int) -> Kernel:
    """Return the kernel dA = D @ Bᵀ. Arguments: D, B, dA, first, last."""
    return get_kernel(_left_gradient, 5, M, K, N)


def right_gradient(M: int, K: int, N: int) -> Kernel:
    """Return the kernel dB = Aᵀ @ D. Arguments: A, D, dB, first, last."""
    return get_kernel(_right_gradient, 5, M, K, N)


def _product(k: Builder, M: int, K: int, N: int) -> None:
    a, b, out, first, last = k.arguments

    def pair(n: Int) -> None:
        broadcast_tile.Product(
            a=k.at(a, k.mul(n, M * K)),
            v=k.at(b, k.mul(n, K * N)),
            out=k.at(out, k.mul(n, M * N)),
            a_row=K,
            out_row=N,
            reduction=broadcast_tile.ReductionLoop(K, 1, N),
            width=N,
        ).emit(k, (0, M), (0, N))

    for_each_sample(k, first, last, pair)


def _left_gradient(k: Builder, M: int, K: int, N: int) -> None:
    d, b, da, first, last = k.arguments
    size = dot_tile.tile_sizes(k.host)

    def pair(n: Int) -> None:
        slopes, other = k.at(d, k.mul(n, M * N)), k.at(b, k.mul(n, K * N))
        target = k.at(da, k.mul(n, M * K))

        def part(row: Int, height: int, column: Int, width: int) -> None:
            left = _rows(k, slopes, row, height, N)
            right = _rows(k, other, column, width, N)
            out = k.at(target, k.mul(row, K), column)
            for i, total in enumerate(
                dot_tile.reduce_accumulators(k, dot_tile.accumulate(k, left, right, N))
            ):
                k.store(total, out, i * K, width)

        def columns(column: Int, width: int) -> None:
            sizes = [size.rows, 1]
            k.tiles(0, M, sizes, lambda row, height: part(row, height, column, width))

        k.tiles(0, K, size.outputs, columns)

    for_each_sample(k, first, last, pair)


def _right_gradient(k: Builder, M: int, K: int, N: int) -> None:
    a, d, db, first, last = k.arguments

    def pair(n: Int) -> None:
        broadcast_tile.Product(
            a=k.at(a, k.mul(n, M * K)),
            v=k.at(d, k.mul(n, M * N)),
            out=k.at(db, k.mul(n, K * N)),
            a_row=1,
            out_row=N,
            reduction=broadcast_tile.ReductionLoop(M, K, N),
            width=N,
        ).emit(k, (0, K), (0, N))

    for_each_sample(k, first, last, pair)


def _rows(k: Builder, matrix: Value, first: Int, count: int, length: int) -> list[Value]:
    start = k.at(matrix, k.mul(first, length))
    return [k.at(start, i * length) for i in range(count)]
