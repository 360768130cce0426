"""Update of a whole parameter, measured in float64: the update of the eager tier.

The formulas are those of `update_rules`. The sums of squares are float64 and are added up in the
order of `gradient_norms`, so they have the same bits on every processor.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..ir import vector_math
from ..ir.builder import Builder, Int, Mask, Value
from ..runtime.library import Kernel, get_kernel
from . import gradient_norms
from .update import emit_plain_and_general, flush_subnormal
from .update_rules import RULES, Scalars

CHUNK = 4 * gradient_norms.LANES
"""Elements that are updated before they are measured, while they are in the first-level cache."""


def measured_update(name: str) -> Kernel:
    """Return the kernel that applies an update rule to a whole parameter and measures the update.

    "lamb_norms" moves the moments only. Its sums are those of the change from the weights to the
    direction of the step, of the direction, and of the weights.

    Arguments: parameter, gradient, slots, scalars (float32), number of elements, sums (three
    doubles: squares of the change, of the weights after it, of the gradient).
    """
    return get_kernel(_measured_update, 5 + RULES[name].slots, name)


def square_sum() -> Kernel:
    """Return the kernel that sums the squares of an array, in the order of `measured_update`.

    Arguments: array, number of elements, sum (a double).
    """
    return get_kernel(_square_sum, 3)


def _square_sum(k: Builder) -> None:
    array, size, total = k.arguments
    lanes = k.scratch(2 * gradient_norms.LANES)
    gradient_norms.clear_lanes(k, lanes)

    def chunk(start: Value, count: Int) -> None:
        here = k.at(array, start)

        def read(offset: Int, mask: Mask) -> list[Value]:
            return [gradient_norms.widened(k, k.load(here, offset, mask))]

        gradient_norms.add_chunk(k, [lanes], read, count)

    _each_chunk(k, size, chunk)
    gradient_norms.store_total(k, lanes, total, 0)


def _each_chunk(k: Builder, size: Value, body: Callable[[Value, Int], None]) -> None:
    """Emit body(start, count) for the chunks of an array."""

    def chunk(i: Value, _: object) -> None:
        start = k.mul(i, CHUNK)
        body(start, k.minimum(k.sub(size, start), CHUNK))

    k.loop(k.div(k.add(size, CHUNK - 1), CHUNK), chunk)


def _measured_update(k: Builder, name: str) -> None:
    rule = RULES[name]
    *arrays, scalars, size, sums = k.arguments
    numbers = [k.load_scalar(scalars, i) for i in range(rule.scalars)]
    vectors = [k.splat(number) for number in numbers]
    copy = k.scratch(CHUNK)
    lanes = [k.scratch(2 * gradient_norms.LANES) for _ in range(3)]
    for row in lanes:
        gradient_norms.clear_lanes(k, row)

    def chunks(plain: bool) -> None:
        def chunk(start: Value, count: Int) -> None:
            param, grad, *slots = (k.at(array, start) for array in arrays)
            _each_vector(k, count, lambda o, mask: k.store(k.load(param, o, mask), copy, o, mask))
            if name == "lamb_norms":
                _apply(k, name, Scalars(vectors, plain), [copy, grad, *slots], count)
                measured = param, copy, param
            else:
                _apply(k, name, Scalars(vectors, plain), [param, grad, *slots], count)
                measured = copy, param, grad
            _measure(k, lanes, measured, count)

        _each_chunk(k, size, chunk)

    emit_plain_and_general(k, rule, numbers, chunks)
    for place, row in enumerate(lanes):
        gradient_norms.store_total(k, row, sums, place)


def _apply(k: Builder, name: str, s: Scalars, arrays: Sequence[Value], count: Int) -> None:
    """Update the elements of a chunk in place."""

    def vector(offset: Int, mask: Mask) -> None:
        param, grad, *state = (k.load(array, offset, mask) for array in arrays)
        after, state = RULES[name].formula(k, s, param, grad, state)
        k.store(after, arrays[0], offset, mask)
        for value, slot in zip(state, arrays[2:], strict=True):
            k.store(flush_subnormal(k, value), slot, offset, mask)

    _each_vector(k, count, vector)


def _each_vector(k: Builder, count: Int, body: Callable[[Int, Mask], None]) -> None:
    """Emit body(offset, mask) for the vectors that cover a chunk."""
    whole = k.div(count, k.lanes)
    k.loop(whole, lambda i, _: body(k.mul(i, k.lanes), None))
    done = k.mul(whole, k.lanes)
    rest = k.sub(count, done)
    k.if_then(k.less(0, rest), lambda: body(done, vector_math.lane_mask(k, rest)))


def _measure(
    k: Builder, lanes: Sequence[Value], arrays: tuple[Value, Value, Value], count: Int
) -> None:
    """Add the squares of a chunk's change, weights and gradient to the three rows of lanes."""

    def read(offset: Int, mask: Mask) -> list[Value]:
        before, after, grad = (
            gradient_norms.widened(k, k.load(array, offset, mask)) for array in arrays
        )
        return [k.ir.fsub(after, before), after, grad]

    gradient_norms.add_chunk(k, lanes, read, count)
