"""Looks at a step before its update: each sets a word to 1 where somebody may want to hold it.

They are a little too careful, by `SLACK`, never too careless: who holds steps counts for himself,
and in another order.
"""

from __future__ import annotations

from llvmlite import ir

from ..ir.builder import INT64, Builder, Value
from ..optim.gradient_norms import DOUBLE, number
from .library import Kernel, get_kernel

MARGIN = 1e-9
"""How much smaller a limit is here, as a share of it."""


def not_finite() -> Kernel:
    """Look for a loss, or sums of squares, that are not finite.

    Arguments: sums, how many, loss, the word.
    """
    return get_kernel(_not_finite, 4)


def norm_above() -> Kernel:
    """Compare the sum of some sums with a limit, both squares of norms.

    Arguments: sums, which of them (int64), how many, limit, the word.
    """
    return get_kernel(_norm_above, 5)


def loss_above() -> Kernel:
    """Compare a loss with so many times the mean of the losses before it that are finite.

    Arguments: loss (the earlier ones lie before it), how many times, how many of the earlier ones
    count, how many must be finite, the word.
    """
    return get_kernel(_loss_above, 5)


def _not_finite(k: Builder) -> None:
    sums, count, loss, word = k.arguments

    def look(i: Value, seen: list[Value]) -> list[Value]:
        return [k.ir.or_(seen[0], k.ir.not_(_finite(k, number(k, sums, i))))]

    (found,) = k.loop(count, look, [k.ir.not_(_finite(k, number(k, loss)))])
    _set(k, word, found)


def _norm_above(k: Builder) -> None:
    sums, which, count, limit, word = k.arguments

    def add(i: Value, total: list[Value]) -> list[Value]:
        place = k.ir.inttoptr(k.add(which, k.mul(i, 8)), INT64.as_pointer())
        return [k.ir.fadd(total[0], number(k, sums, k.ir.load(place)))]

    (total,) = k.loop(count, add, [_constant(0.0)])
    most = k.ir.fmul(number(k, limit), _constant(1.0 - MARGIN))
    _set(k, word, k.ir.fcmp_ordered(">", total, most))


def _loss_above(k: Builder) -> None:
    loss, times, over, least, word = k.arguments

    def add(i: Value, seen: list[Value]) -> list[Value]:
        before = number(k, loss, k.sub(i, over))
        finite = _finite(k, before)
        total = k.ir.fadd(seen[0], k.ir.select(finite, before, _constant(0.0)))
        return [total, k.add(seen[1], k.ir.zext(finite, INT64))]

    total, count = k.loop(over, add, [_constant(0.0), k.constant_int(0)])
    mean = k.ir.fdiv(total, k.ir.sitofp(count, DOUBLE))
    most = k.ir.fmul(number(k, times), mean)
    most = k.ir.fmul(most, _constant(1.0 - MARGIN))
    enough = k.ir.icmp_signed(">=", count, least)
    _set(k, word, k.ir.and_(enough, k.ir.fcmp_ordered(">", number(k, loss), most)))


def _finite(k: Builder, value: Value) -> Value:
    infinity = float("inf")
    below = k.ir.fcmp_ordered("<", value, _constant(infinity))
    return k.ir.and_(below, k.ir.fcmp_ordered(">", value, _constant(-infinity)))


def _set(k: Builder, word: Value, bit: Value) -> None:
    place = k.ir.inttoptr(word, INT64.as_pointer())
    k.ir.store(k.ir.or_(k.ir.load(place), k.ir.zext(bit, INT64)), place)


def _constant(value: float) -> Value:
    return ir.Constant(DOUBLE, value)
