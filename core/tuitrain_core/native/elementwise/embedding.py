"""Whole numbers made of floats, and rows of a table that are looked up by them."""

from __future__ import annotations

from llvmlite import ir

from ..ir.builder import FLOAT, INT64, Builder, Int, Mask, Value
from ..ir.loops import for_each_sample, for_each_vector
from ..runtime.library import Kernel, get_kernel


def to_integers(features: int, x_pitch: int, size: int) -> Kernel:
    """Return floats without their fractions, as numbers of ``size`` bytes, 4 or 8; dense rows.

    What is none of these numbers, NaN too, becomes the smallest one. Arguments: x, y, first, last.
    """
    return get_kernel(_whole_numbers, 4, features, x_pitch, size)


def check_indices(size: int, rows: int) -> Kernel:
    """Set a word to 1 if a number is not one of the table's rows; else leave it.

    Arguments: numbers, how many, the word.
    """
    return get_kernel(_check, 3, size, rows)


def lookup(features: int, tokens: int, y_pitch: int, size: int, rows: int) -> Kernel:
    """Return for each of a sample's tokens the row of its number; the first one for a wrong number.

    Arguments: numbers (dense), table, y (tokens a pitch apart), first, last (samples).
    """
    return get_kernel(_look_up, 5, features, tokens, y_pitch, size, rows)


def table_gradient(features: int, d_pitch: int, size: int, rows: int) -> Kernel:
    """Return for each row of the table the sum of the gradients at its tokens, in their order.

    Arguments: numbers, d, gradient of the table, how many numbers, first, last (columns; the first
    one a multiple of 16).
    """
    return get_kernel(_gradient, 6, features, d_pitch, size, rows)


def _whole_numbers(k: Builder, features: int, x_pitch: int, size: int) -> None:
    x, y, first, last = k.arguments
    kind, limit = ir.IntType(8 * size), float(1 << (8 * size - 1))
    smallest = ir.Constant(kind, -(1 << (8 * size - 1)))

    def sample(n: Int) -> None:
        source, target = k.at(x, k.mul(n, x_pitch)), k.add(y, k.mul(n, size * features))

        def one(i: Value, _: object) -> None:
            value = k.load_scalar(k.at(source, i))
            above = k.ir.fcmp_ordered(">=", value, ir.Constant(FLOAT, -limit))
            fits = k.ir.and_(above, k.ir.fcmp_ordered("<", value, ir.Constant(FLOAT, limit)))
            number = k.ir.fptosi(k.ir.select(fits, value, ir.Constant(FLOAT, 0.0)), kind)
            place = k.ir.inttoptr(k.add(target, k.mul(i, size)), kind.as_pointer())
            k.ir.store(k.ir.select(fits, number, smallest), place)

        k.loop(features, one)

    for_each_sample(k, first, last, sample)


def _check(k: Builder, size: int, rows: int) -> None:
    numbers, count, word = k.arguments

    def look(i: Value, seen: list[Value]) -> list[Value]:
        wrong = k.ir.not_(_is_row(k, _number(k, numbers, i, size), rows))
        return [k.ir.or_(seen[0], k.ir.zext(wrong, INT64))]

    (wrong,) = k.loop(count, look, [k.constant_int(0)])
    place = k.ir.inttoptr(word, INT64.as_pointer())
    k.ir.store(k.ir.or_(k.ir.load(place), wrong), place)


def _look_up(k: Builder, features: int, tokens: int, y_pitch: int, size: int, rows: int) -> None:
    numbers, table, y, first, last = k.arguments

    def token(i: Int) -> None:
        source = k.at(table, k.mul(_row(k, numbers, i, size, rows), features))
        target = k.at(y, k.mul(i, y_pitch))

        def column(offset: Int, mask: Mask) -> None:
            k.store(k.load(source, offset, mask), target, offset, mask)

        for_each_vector(k, features, column)

    for_each_sample(k, k.mul(first, tokens), k.mul(last, tokens), token)


def _gradient(k: Builder, features: int, d_pitch: int, size: int, rows: int) -> None:
    numbers, d, result, count, first, last = k.arguments

    def column(offset: Int, mask: Mask) -> None:
        def clear(row: Int) -> None:
            k.store(k.zero, k.at(result, k.mul(row, features)), offset, mask)

        def add(i: Int) -> None:
            target = k.at(result, k.mul(_row(k, numbers, i, size, rows), features))
            part = k.load(k.at(d, k.mul(i, d_pitch)), offset, mask)
            k.store(k.ir.fadd(k.load(target, offset, mask), part), target, offset, mask)

        for_each_sample(k, k.constant_int(0), k.constant_int(rows), clear)
        for_each_sample(k, k.constant_int(0), count, add)

    whole = k.div(k.maximum(k.sub(last, first), 0), k.lanes)
    k.loop(whole, lambda i, _: column(k.add(first, k.mul(i, k.lanes)), None))
    rest = features % k.lanes
    if rest:
        is_last = k.ir.icmp_signed("==", last, k.constant_int(features))
        k.if_then(
            k.ir.and_(is_last, k.less(first, last)),
            lambda: column(k.constant_int(features - rest), rest),
        )


def _row(k: Builder, numbers: Value, i: Int, size: int, rows: int) -> Value:
    """Return the i-th number if it is a row of the table, else 0: nobody reads beside it."""
    number = _number(k, numbers, i, size)
    return k.ir.select(_is_row(k, number, rows), number, k.constant_int(0))


def _is_row(k: Builder, number: Value, rows: int) -> Value:
    return k.ir.icmp_unsigned("<", number, k.constant_int(rows))


def _number(k: Builder, numbers: Value, i: Int, size: int) -> Value:
    kind = ir.IntType(8 * size)
    number = k.ir.load(k.ir.inttoptr(k.add(numbers, k.mul(i, size)), kind.as_pointer()))
    return number if size == 8 else k.ir.sext(number, INT64)
