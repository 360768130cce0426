"""Nonlinearities of rows of floats, and their gradients. The last two arguments are the rows.

Each gives NaN for NaN. The gradients are products with the incoming one, so that what is not finite
stays in sight.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ..ir import vector_math
from ..ir.builder import Builder, Value
from ..ir.loops import for_each_row_vector
from ..runtime.library import Kernel, get_kernel

Pitches = tuple[int, int]
"""From row to row, in floats: of x and its gradient, of y and its gradient."""

# Cephes' tanhf, for |x| < 0.625.
_TANH = (
    -5.70498872745e-3,
    2.06390887954e-2,
    -5.37397155531e-2,
    1.33314422036e-1,
    -3.33332819422e-1,
)
# Numerical Recipes' erfcc: erfc(z) = t exp(-z² + polynomial(t)), t = 1 / (1 + z/2), for z >= 0,
# to 1.2e-7 of the value everywhere; the last coefficient first.
_ERFC = (
    0.17087277,
    -0.82215223,
    1.48851587,
    -1.13520398,
    0.27886807,
    -0.18628806,
    0.09678418,
    0.37409196,
    1.00002368,
    -1.26551223,
)
_ROOT = math.sqrt(2.0 / math.pi)


@dataclass(frozen=True)
class Nonlinearity:
    """A nonlinearity: y of x, and its slope of x and y."""

    value: Callable[[Builder, Value], Value]
    slope: Callable[[Builder, Value, Value], Value]


def forward(name: str, features: int, pitches: Pitches) -> Kernel:
    """Return y = f(x), for a name of `FUNCTIONS`. Arguments: x, y, first, last."""
    return get_kernel(_forward, 4, name, features, pitches)


def gradient(name: str, features: int, pitches: Pitches) -> Kernel:
    """Return dx = d · f'(x). Arguments: x, y, d, dx, first, last."""
    return get_kernel(_gradient, 6, name, features, pitches)


def relu_gradient(features: int, pitch: int) -> Kernel:
    """Return d · (y > 0), in place of d. Arguments: y, d, first, last; both of one pitch.

    A product with the mask, so that what is not finite in d stays in sight.
    """
    return get_kernel(_relu_gradient, 4, features, pitch)


def _forward(k: Builder, name: str, features: int, pitches: Pitches) -> None:
    x, y, first, last = k.arguments
    x_pitch, y_pitch = pitches

    def part(row: Value, offset: Value, mask: object) -> None:
        value = k.load(k.at(x, k.mul(row, x_pitch)), offset, mask)
        k.store(NONLINEARITIES[name].value(k, value), k.at(y, k.mul(row, y_pitch)), offset, mask)

    for_each_row_vector(k, first, last, features, part)


def _gradient(k: Builder, name: str, features: int, pitches: Pitches) -> None:
    x, y, d, dx, first, last = k.arguments

    def part(row: Value, offset: Value, mask: object) -> None:
        given, target = (k.at(each, k.mul(row, pitches[0])) for each in (x, dx))
        found, slope = (k.at(each, k.mul(row, pitches[1])) for each in (y, d))
        values = k.load(given, offset, mask), k.load(found, offset, mask)
        steep = NONLINEARITIES[name].slope(k, *values)
        k.store(k.ir.fmul(k.load(slope, offset, mask), steep), target, offset, mask)

    for_each_row_vector(k, first, last, features, part)


def _relu_gradient(k: Builder, features: int, pitch: int) -> None:
    y, d, first, last = k.arguments

    def part(row: Value, offset: Value, mask: object) -> None:
        target = k.at(d, k.mul(row, pitch))
        on = k.load(k.at(y, k.mul(row, pitch)), offset, mask)
        k.store(k.where_positive(on, k.load(target, offset, mask)), target, offset, mask)

    for_each_row_vector(k, first, last, features, part)


def _relu_slope(k: Builder, _x: Value, y: Value) -> Value:
    return k.ir.select(k.greater(y, k.zero), k.constant(1), k.zero)


def _tanh(k: Builder, x: Value) -> Value:
    square = k.ir.fmul(x, x)
    small = k.constant(_TANH[0])
    for coefficient in _TANH[1:]:
        small = k.fma(small, square, k.constant(coefficient))
    small = k.fma(k.ir.fmul(small, square), x, x)
    # 1 - 2 / (1 + exp 2|x|), with the sign of x.
    power = k.ir.fadd(_bounded_exp(k, k.ir.fmul(_absolute(k, x), k.constant(2))), k.constant(1))
    large = k.ir.fsub(k.constant(1), k.ir.fdiv(k.constant(2), power))
    signed = k.ir.select(k.ir.fcmp_ordered("<", x, k.zero), _negative(k, large), large)
    near = k.ir.fcmp_ordered("<", _absolute(k, x), k.constant(0.625))
    return k.ir.select(near, small, signed)


def _tanh_slope(k: Builder, _x: Value, y: Value) -> Value:
    return k.ir.fsub(k.constant(1), k.ir.fmul(y, y))


def _sigmoid(k: Builder, x: Value) -> Value:
    power = k.ir.fadd(_bounded_exp(k, _negative(k, x)), k.constant(1))
    gone = k.ir.fcmp_ordered("<", x, k.constant(-88.0))
    return k.ir.select(gone, k.zero, k.ir.fdiv(k.constant(1), power))


def _sigmoid_slope(k: Builder, _x: Value, y: Value) -> Value:
    return k.ir.fmul(y, k.ir.fsub(k.constant(1), y))


def _normal_cdf(k: Builder, x: Value) -> Value:
    """Return the share of a standard normal distribution below x: erfc(-x / √2) / 2."""
    z = k.ir.fmul(_absolute(k, x), k.constant(math.sqrt(0.5)))
    t = k.ir.fdiv(k.constant(1), k.fma(z, k.constant(0.5), k.constant(1)))
    exponent = k.constant(_ERFC[0])
    for coefficient in _ERFC[1:]:
        exponent = k.fma(exponent, t, k.constant(coefficient))
    exponent = k.ir.fsub(exponent, k.ir.fmul(z, z))
    below = k.ir.fmul(k.ir.fmul(t, k.constant(0.5)), vector_math.exp(k, exponent))
    return k.ir.select(k.greater(x, k.zero), k.ir.fsub(k.constant(1), below), below)


def _gelu(k: Builder, x: Value) -> Value:
    return k.ir.fmul(x, _normal_cdf(k, x))


def _gelu_slope(k: Builder, x: Value, _y: Value) -> Value:
    density = vector_math.exp(k, k.ir.fmul(k.ir.fmul(x, x), k.constant(-0.5)))
    density = k.ir.fmul(density, k.constant(1.0 / math.sqrt(2.0 * math.pi)))
    return k.fma(x, density, _normal_cdf(k, x))


def _gate(k: Builder, x: Value) -> Value:
    """Return (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2, which is a sigmoid."""
    inner = k.fma(k.ir.fmul(k.ir.fmul(x, x), x), k.constant(0.044715), x)
    return _sigmoid(k, k.ir.fmul(inner, k.constant(2.0 * _ROOT)))


def _gelu_tanh(k: Builder, x: Value) -> Value:
    return k.ir.fmul(x, _gate(k, x))


def _gelu_tanh_slope(k: Builder, x: Value, _y: Value) -> Value:
    gate = _gate(k, x)
    steep = k.fma(k.ir.fmul(x, x), k.constant(6.0 * 0.044715 * _ROOT), k.constant(2.0 * _ROOT))
    density = k.ir.fmul(_sigmoid_slope(k, x, gate), steep)
    return k.fma(x, density, gate)


def _bounded_exp(k: Builder, x: Value) -> Value:
    """Return exp(min(x, 88)), which is finite; NaN for NaN."""
    most = k.constant(88.0)
    return vector_math.exp(k, k.ir.select(k.greater(x, most), most, x))


def _absolute(k: Builder, x: Value) -> Value:
    return k.ir.call(vector_math.unary_intrinsic(k, "fabs"), [x])


def _negative(k: Builder, x: Value) -> Value:
    return k.ir.fsub(k.constant(-0.0), x)


NONLINEARITIES: dict[str, Nonlinearity] = {
    "relu": Nonlinearity(Builder.relu, _relu_slope),
    "tanh": Nonlinearity(_tanh, _tanh_slope),
    "sigmoid": Nonlinearity(_sigmoid, _sigmoid_slope),
    "gelu": Nonlinearity(_gelu, _gelu_slope),
    "gelu_tanh": Nonlinearity(_gelu_tanh, _gelu_tanh_slope),
}
