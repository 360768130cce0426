"""A linear layer of one sample: the deferred update of its weight, fused with the next product.

The gradient of one sample is the product of a column and a row, a matrix of rank one, and is never
written to memory. Every weight is read, updated, multiplied by the next sample's input, and
written. The bits are those of `linear.weight_gradient`, `update.update` and `linear.forward` in
sequence: an MLP of 784, 256, 128 and 10 takes a step in two thirds of their time.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..ir.builder import Builder, Int, Mask, Value
from ..linalg import dot_tile
from ..runtime.library import Kernel, get_kernel
from . import update, update_rules
from .update_rules import Scalars

SUPPORTED_RULES = ("sgd", "sgd_momentum", "adam")
"""The rules with such kernels; not all, as every matrix of a network needs its own kernels."""

OUTPUTS_PER_TILE = 4
"""Outputs that share the loaded inputs; their chains of sums hide the latency of FMA."""


def update_and_forward(rule: str, K: int, relu: bool, bias: bool) -> Kernel:
    """Return the kernel W[o] = rule(W[o], D[o] · Z), Y[o] = W[o] · X (+ bias[o]) (then max(·, 0)).

    For o in first ... last-1; any split gives the same bits. All float32; the update is not
    measured.

    Arguments: W (N, K), dense; the rule's slots, laid out like W; its scalars; D (N,) and Z (K,),
    gradient and input of the previous sample; X (K,); bias (N,), 0 without bias; Y (N,); first,
    last.
    """
    slots = update_rules.RULES[rule].slots
    return get_kernel(_update_and_forward, 9 + slots, rule, K, relu, bias)


def _update_and_forward(k: Builder, name: str, K: int, relu: bool, bias: bool) -> None:
    rule = update_rules.RULES[name]
    *arrays, scalars, d, z, x, b, y, first, last = k.arguments
    numbers = [k.load_scalar(scalars, i) for i in range(rule.scalars)]
    vectors = [k.splat(number) for number in numbers]

    def outputs(plain: bool, start: Int, width: int) -> None:
        rows = [[k.at(array, k.mul(start, K), i * K) for array in arrays] for i in range(width)]
        slopes = [k.splat(k.load_scalar(k.at(d, start), i)) for i in range(width)]
        scalars = Scalars(vectors, plain)

        def part(sums: Sequence[Value], offset: Int, mask: Mask = None) -> list[Value]:
            before, now = (k.load(array, offset, mask) for array in (z, x))
            grads = [k.fma(slope, before, k.zero) for slope in slopes]
            weights = [
                _updated(k, name, scalars, row, grad, offset, mask)
                for row, grad in zip(rows, grads, strict=True)
            ]
            return [k.fma(now, weight, total) for weight, total in zip(weights, sums, strict=True)]

        whole, rest = divmod(K, k.lanes)
        sums = k.loop(whole, lambda j, carry: part(carry, k.mul(j, k.lanes)), [k.zero] * width)
        (value,) = dot_tile.reduce_accumulators(
            k, [part(sums, whole * k.lanes, rest) if rest else sums]
        )
        value = k.ir.fadd(value, k.load(b, start, width)) if bias else value
        k.store(k.relu(value) if relu else value, k.at(y, start), 0, width)

    def tiles(plain: bool) -> None:
        k.tiles(
            first, last, [OUTPUTS_PER_TILE, 1], lambda start, width: outputs(plain, start, width)
        )

    update.emit_plain_and_general(k, rule, numbers, tiles)


def _updated(
    k: Builder, name: str, s: Scalars, arrays: Sequence[Value], grad: Value, at: Int, mask: Mask
) -> Value:
    """Update a vector of weights and their slots; return the weights."""
    weight, *state = (k.load(array, at, mask) for array in arrays)
    weight, state = update_rules.RULES[name].formula(k, s, weight, grad, state)
    k.store(weight, arrays[0], at, mask)
    for value, place in zip(state, arrays[1:], strict=True):
        k.store(update.flush_subnormal(k, value), place, at, mask)
    return weight
