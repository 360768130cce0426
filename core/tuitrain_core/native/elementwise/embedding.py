"""Table lookups: floats converted to indices, rows looked up by index, the table's gradient."""

from __future__ import annotations

from llvmlite import ir

from ..ir.builder import FLOAT, INT64, Builder, Int, Mask, Value
from ..ir.loops import for_each_sample, for_each_vector
from ..runtime.library import Kernel, get_kernel


def to_integers(features: int, x_stride: int, size: int) -> Kernel:
    """Return the kernel that truncates floats to dense rows of integers of ``size`` bytes, 4 or 8.

    A value out of range, or NaN, becomes the smallest integer. Arguments: x, y, first, last.
    """
    return get_kernel(_to_integers, 4, features, x_stride, size)


def check_indices(size: int, rows: int) -> Kernel:
    """Return the kernel that sets a word to 1 if an index is not a row of the table.

    Arguments: indices, their number, word.
    """
    return get_kernel(_check_indices, 3, size, rows)


def lookup(features: int, tokens: int, y_stride: int, size: int, rows: int) -> Kernel:
    """Return the kernel that copies a table row per token: row 0 if its index is out of range.

    Arguments: indices (dense), table, y (one row per token), first, last (samples).
    """
    return get_kernel(_lookup, 5, features, tokens, y_stride, size, rows)


def table_gradient(features: int, d_stride: int, size: int, rows: int) -> Kernel:
    """Return the kernel that adds every token's gradient to its table row, in token order.

    Arguments: indices, d, gradient of the table, number of indices, first, last (columns; first is
    a multiple of 16).
    """
    return get_kernel(_table_gradient, 6, features, d_stride, size, rows)


def _to_integers(k: Builder, features: int, x_stride: int, size: int) -> None:
    x, y, first, last = k.arguments
    kind, limit = ir.IntType(8 * size), float(1 << (8 * size - 1))
    smallest = ir.Constant(kind, -(1 << (8 * size - 1)))

    def sample(n: Int) -> None:
        source, target = k.at(x, k.mul(n, x_stride)), k.add(y, k.mul(n, size * features))

        def convert(i: Value, _: object) -> None:
            value = k.load_scalar(k.at(source, i))
            above = k.ir.fcmp_ordered(">=", value, ir.Constant(FLOAT, -limit))
            fits = k.ir.and_(above, k.ir.fcmp_ordered("<", value, ir.Constant(FLOAT, limit)))
            number = k.ir.fptosi(k.ir.select(fits, value, ir.Constant(FLOAT, 0.0)), kind)
            pointer = k.element_pointer(kind, target, i)
            k.ir.store(k.ir.select(fits, number, smallest), pointer)

        k.loop(features, convert)

    for_each_sample(k, first, last, sample)


def _check_indices(k: Builder, size: int, rows: int) -> None:
    indices, count, word = k.arguments

    def check(i: Value, carried: list[Value]) -> list[Value]:
        wrong = k.ir.not_(_is_row(k, _index(k, indices, i, size), rows))
        return [k.ir.or_(carried[0], k.ir.zext(wrong, INT64))]

    (wrong,) = k.loop(count, check, [k.constant_int(0)])
    pointer = k.word_pointer(word)
    k.ir.store(k.ir.or_(k.ir.load(pointer), wrong), pointer)


def _lookup(k: Builder, features: int, tokens: int, y_stride: int, size: int, rows: int) -> None:
    indices, table, y, first, last = k.arguments

    def token(i: Int) -> None:
        source = k.at(table, k.mul(_row(k, indices, i, size, rows), features))
        target = k.at(y, k.mul(i, y_stride))

        def column(offset: Int, mask: Mask) -> None:
            k.store(k.load(source, offset, mask), target, offset, mask)

        for_each_vector(k, features, column)

    for_each_sample(k, k.mul(first, tokens), k.mul(last, tokens), token)


def _table_gradient(k: Builder, features: int, d_stride: int, size: int, rows: int) -> None:
    indices, d, result, count, first, last = k.arguments

    def column(offset: Int, mask: Mask) -> None:
        def clear(row: Int) -> None:
            k.store(k.zero, k.at(result, k.mul(row, features)), offset, mask)

        def add(i: Int) -> None:
            target = k.at(result, k.mul(_row(k, indices, i, size, rows), features))
            part = k.load(k.at(d, k.mul(i, d_stride)), offset, mask)
            k.store(k.ir.fadd(k.load(target, offset, mask), part), target, offset, mask)

        for_each_sample(k, k.constant_int(0), k.constant_int(rows), clear)
        for_each_sample(k, k.constant_int(0), count, add)

    whole = k.div(k.maximum(k.sub(last, first), 0), k.lanes)
    k.loop(whole, lambda i, _: column(k.add(first, k.mul(i, k.lanes)), None))
    rest = features % k.lanes
    if rest:
        is_last = k.equal(last, features)
        k.if_then(
            k.ir.and_(is_last, k.less(first, last)),
            lambda: column(k.constant_int(features - rest), rest),
        )


def _row(k: Builder, indices: Value, i: Int, size: int, rows: int) -> Value:
    """Return the i-th index if it is a row of the table, else 0, so that no read is outside."""
    index = _index(k, indices, i, size)
    return k.ir.select(_is_row(k, index, rows), index, k.constant_int(0))


def _is_row(k: Builder, index: Value, rows: int) -> Value:
    return k.ir.icmp_unsigned("<", index, k.constant_int(rows))


def _index(k: Builder, indices: Value, i: Int, size: int) -> Value:
    index = k.load_element(ir.IntType(8 * size), indices, i)
    return index if size == 8 else k.ir.sext(index, INT64)
