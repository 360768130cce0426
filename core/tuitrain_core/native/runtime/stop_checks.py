"""Checks of a step before its update: a check sets a word to 1 where a breakpoint may hold it.

They allow for rounding by `MARGIN` and may set the word where the breakpoint does not hold: the run
computes its condition itself, in another order. They never miss a step that it holds.
"""

from __future__ import annotations

from llvmlite import ir

from ..ir.builder import DOUBLE, INT64, Builder, Value
from .library import Kernel, get_kernel

MARGIN = 1e-9
"""The part of a limit that is taken off it here."""


def not_finite() -> Kernel:
    """Return the check for a loss, or sums of squares, that are not finite.

    Arguments: sums, their number, loss, word.
    """
    return get_kernel(_not_finite, 4)


def norm_above() -> Kernel:
    """Return the check for a norm above a limit, both given as squares.

    Arguments: sums of squares, which of them to add (int64), number of these, limit, word.
    """
    return get_kernel(_norm_above, 5)


def loss_above() -> Kernel:
    """Return the check for a loss above a multiple of the mean of the finite losses before it.

    Arguments: loss (the earlier ones lie before it in memory), factor, number of earlier losses in
    the mean, number of these that must be finite, word.
    """
    return get_kernel(_loss_above, 5)


def _not_finite(k: Builder) -> None:
    sums, count, loss, word = k.arguments

    def check(i: Value, carried: list[Value]) -> list[Value]:
        return [k.ir.or_(carried[0], k.ir.not_(_is_finite(k, k.load_element(DOUBLE, sums, i))))]

    (bad,) = k.loop(count, check, [k.ir.not_(_is_finite(k, k.load_element(DOUBLE, loss)))])
    _set(k, word, bad)


def _norm_above(k: Builder) -> None:
    sums, which, count, limit, word = k.arguments

    def add(i: Value, total: list[Value]) -> list[Value]:
        index = k.load_element(INT64, which, i)
        return [k.ir.fadd(total[0], k.load_element(DOUBLE, sums, index))]

    (total,) = k.loop(count, add, [_constant(0.0)])
    threshold = k.ir.fmul(k.load_element(DOUBLE, limit), _constant(1.0 - MARGIN))
    _set(k, word, k.ir.fcmp_ordered(">", total, threshold))


def _loss_above(k: Builder) -> None:
    loss, factor, window, min_count, word = k.arguments

    def add(i: Value, carried: list[Value]) -> list[Value]:
        before = k.load_element(DOUBLE, loss, k.sub(i, window))
        finite = _is_finite(k, before)
        total = k.ir.fadd(carried[0], k.ir.select(finite, before, _constant(0.0)))
        return [total, k.add(carried[1], k.ir.zext(finite, INT64))]

    total, count = k.loop(window, add, [_constant(0.0), k.constant_int(0)])
    mean = k.ir.fdiv(total, k.ir.sitofp(count, DOUBLE))
    threshold = k.ir.fmul(k.load_element(DOUBLE, factor), mean)
    threshold = k.ir.fmul(threshold, _constant(1.0 - MARGIN))
    enough = k.ir.icmp_signed(">=", count, min_count)
    above = k.ir.fcmp_ordered(">", k.load_element(DOUBLE, loss), threshold)
    _set(k, word, k.ir.and_(enough, above))


def _is_finite(k: Builder, value: Value) -> Value:
    infinity = float("inf")
    below = k.ir.fcmp_ordered("<", value, _constant(infinity))
    return k.ir.and_(below, k.ir.fcmp_ordered(">", value, _constant(-infinity)))


def _set(k: Builder, word: Value, bit: Value) -> None:
    """Set a word to 1 if the bit is set."""
    pointer = k.word_pointer(word)
    k.ir.store(k.ir.or_(k.ir.load(pointer), k.ir.zext(bit, INT64)), pointer)


def _constant(value: float) -> Value:
    return ir.Constant(DOUBLE, value)
