"""Random words: those that NumPy's Philox generator gives, any of them by itself.

Philox 4x64-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011) turns a counter
into four words of 64 bits, which NumPy hands out as eight of 32, the lower half of each first. So
whoever needs a part of what is drawn computes that part.
"""

from __future__ import annotations

from llvmlite import ir

from ..ir.builder import INT32, INT64, Builder, Int, Value
from .library import Kernel, get_kernel

WORDS_PER_BLOCK = 8
"""Words of 32 bits that come from one counter."""

STATE_SIZE = 9
"""Numbers of 64 bits that say where a generator stands: its key (2) and counter (4); how many words
were taken from the counter's block on, less the one that is left over; whether one is, and which.
The one left over comes next. It may be older than the block: numbers of 64 bits may have been drawn
since.
"""

_POSITION, _LEFT_OVER, _WORD = 6, 7, 8
_ROUNDS = 10
_MULTIPLIERS = 0xD2E7470EE14C6C93, 0xCA5A826395121157
_WEYL = 0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B


def block_count(count: int) -> int:
    """Return how many blocks of words hold ``count`` of them, wherever the first one stands."""
    return -(-(count + WORDS_PER_BLOCK - 1) // WORDS_PER_BLOCK)


def draw() -> Kernel:
    """Return the kernel that writes the words from ``offset`` on.

    Whole blocks are written: fewer than 8 words before the first one, and 16 behind the last one.

    Arguments: state, where the first word goes, offset, first, last (blocks).
    """
    return get_kernel(_draw, 5)


def advance() -> Kernel:
    """Return the kernel that takes note that words were drawn. Arguments: state, how many."""
    return get_kernel(_move_on, 2)


def _draw(k: Builder) -> None:
    state, words, offset, first, last = k.arguments
    key, counter = (
        [_number(k, state, i) for i in places] for places in (range(2), range(2, _POSITION))
    )
    position = k.add(_number(k, state, _POSITION), offset)
    start = k.sub(words, k.mul(k.rem(position, WORDS_PER_BLOCK), 4))
    base = k.div(position, WORDS_PER_BLOCK)

    def some(number: Int, count: int) -> None:
        for i in range(count):
            index = k.add(number, i)
            made = _philox(k, key, _moved(k, counter, k.add(base, index)))
            place = k.add(start, k.mul(index, 4 * WORDS_PER_BLOCK))
            for half, value in enumerate(made):
                k.ir.store(value, _pointer(k, k.add(place, 8 * half)), align=4)

    k.tiles(first, last, (2, 1), some)
    at_start = k.ir.icmp_signed("==", k.ir.or_(offset, first), k.constant_int(0))
    left_over = k.ir.icmp_signed("!=", _number(k, state, _LEFT_OVER), k.constant_int(0))

    def put_first() -> None:
        word = k.ir.trunc(_number(k, state, _WORD), INT32)
        k.ir.store(word, k.ir.inttoptr(words, INT32.as_pointer()))

    k.if_then(k.ir.and_(k.ir.and_(at_start, left_over), k.less(first, last)), put_first)


def _move_on(k: Builder) -> None:
    state, count = k.arguments
    position = k.add(_number(k, state, _POSITION), count)
    k.ir.store(position, _pointer(k, k.add(state, 8 * _POSITION)))
    k.ir.store(k.constant_int(0), _pointer(k, k.add(state, 8 * _LEFT_OVER)))


def _moved(k: Builder, counter: list[Value], by: Value) -> list[Value]:
    """Return the counter, a number of 256 bits, so many further on."""
    moved = []
    for part in counter:
        total = k.ir.add(part, by)
        moved.append(total)
        by = k.ir.zext(k.ir.icmp_unsigned("<", total, by), INT64)
    return moved


def _philox(k: Builder, key: list[Value], counter: list[Value]) -> list[Value]:
    a, b, c, d = counter
    low, high = key
    for _ in range(_ROUNDS):
        (over, rest), (other_over, other_rest) = (
            _product(k, value, factor) for value, factor in zip((a, c), _MULTIPLIERS, strict=True)
        )
        a, b = k.ir.xor(k.ir.xor(other_over, b), low), other_rest
        c, d = k.ir.xor(k.ir.xor(over, d), high), rest
        low, high = (
            k.ir.add(part, ir.Constant(INT64, step))
            for part, step in zip((low, high), _WEYL, strict=True)
        )
    return [a, b, c, d]


def _product(k: Builder, value: Value, factor: int) -> tuple[Value, Value]:
    """Return the upper and the lower half of a product of 64 bits by 64."""
    wide = ir.IntType(128)
    product = k.ir.mul(k.ir.zext(value, wide), ir.Constant(wide, factor))
    upper = k.ir.trunc(k.ir.lshr(product, ir.Constant(wide, 64)), INT64)
    return upper, k.ir.trunc(product, INT64)


def _number(k: Builder, state: Value, place: int) -> Value:
    return k.ir.load(_pointer(k, k.add(state, 8 * place)))


def _pointer(k: Builder, address: Value) -> Value:
    return k.ir.inttoptr(address, INT64.as_pointer())
