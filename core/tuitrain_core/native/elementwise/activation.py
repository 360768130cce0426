"""Nonlinearities of rows of floats, and their gradients.

The last two arguments of a kernel are the range of rows. NaN gives NaN. A gradient is a product
with the incoming gradient, so that NaN and inf are not hidden.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ..ir import vector_math
from ..ir.builder import Builder, Value
from ..ir.loops import for_each_row_vector
from ..runtime.library import Kernel, get_kernel

Strides = tuple[int, int]
"""Row strides in floats: of x and its gradient, of y and its gradient."""

# Cephes' tanhf, for |x| < 0.625.
_TANH = (
    -5.70498872745e-3,
    2.06390887954e-2,
    -5.37397155531e-2,
    1.33314422036e-1,
    -3.33332819422e-1,
)
# Numerical Recipes' erfcc: erfc(z) = t exp(-z² + polynomial(t)), t = 1 / (1 + z/2), for z >= 0,
# to 1.2e-7 of the value everywhere; highest power first.
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
    """A nonlinearity: the value y for x, and the slope for x and y."""

    value: Callable[[Builder, Value], Value]
    slope: Callable[[Builder, Value, Value], Value]


def forward(name: str, features: int, strides: Strides) -> Kernel:
    """Return the kernel y = f(x), for a name of `NONLINEARITIES`. Arguments: x, y, first, last."""
    return get_kernel(_forward, 4, name, features, strides)


def gradient(name: str, features: int, strides: Strides) -> Kernel:
    """Return the kernel dx = d · f'(x). Arguments: x, y, d, dx, first, last."""
    return get_kernel(_gradient, 6, name, features, strides)


def relu_gradient(features: int, stride: int) -> Kernel:
    """Return the kernel d = d · (y > 0). Arguments: y, d, first, last; both of one row stride.

    A product with the mask, so that NaN and inf in d are not hidden.
    """
    return get_kernel(_relu_gradient, 4, features, stride)


def _forward(k: Builder, name: str, features: int, strides: Strides) -> None:
    x, y, first, last = k.arguments
    x_stride, y_stride = strides

    def part(row: Value, offset: Value, mask: object) -> None:
        value = k.load(k.at(x, k.mul(row, x_stride)), offset, mask)
        k.store(NONLINEARITIES[name].value(k, value), k.at(y, k.mul(row, y_stride)), offset, mask)

    for_each_row_vector(k, first, last, features, part)


def _gradient(k: Builder, name: str, features: int, strides: Strides) -> None:
    x, y, d, dx, first, last = k.arguments

    def part(row: Value, offset: Value, mask: object) -> None:
        x_row, dx_row = (k.at(array, k.mul(row, strides[0])) for array in (x, dx))
        y_row, d_row = (k.at(array, k.mul(row, strides[1])) for array in (y, d))
        values = k.load(x_row, offset, mask), k.load(y_row, offset, mask)
        slope = NONLINEARITIES[name].slope(k, *values)
        k.store(k.ir.fmul(k.load(d_row, offset, mask), slope), dx_row, offset, mask)

    for_each_row_vector(k, first, last, features, part)


def _relu_gradient(k: Builder, features: int, stride: int) -> None:
    y, d, first, last = k.arguments

    def part(row: Value, offset: Value, mask: object) -> None:
        target = k.at(d, k.mul(row, stride))
        on = k.load(k.at(y, k.mul(row, stride)), offset, mask)
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
    is_zero = k.ir.fcmp_ordered("<", x, k.constant(-88.0))
    return k.ir.select(is_zero, k.zero, k.ir.fdiv(k.constant(1), power))


def _sigmoid_slope(k: Builder, _x: Value, y: Value) -> Value:
    return k.ir.fmul(y, k.ir.fsub(k.constant(1), y))


def _normal_cdf(k: Builder, x: Value) -> Value:
    """Return the standard normal distribution function: erfc(-x / √2) / 2."""
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
    """Return (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2, computed as a sigmoid."""
    inner = k.fma(k.ir.fmul(k.ir.fmul(x, x), x), k.constant(0.044715), x)
    return _sigmoid(k, k.ir.fmul(inner, k.constant(2.0 * _ROOT)))


def _gelu_tanh(k: Builder, x: Value) -> Value:
    return k.ir.fmul(x, _gate(k, x))


def _gelu_tanh_slope(k: Builder, x: Value, _y: Value) -> Value:
    gate = _gate(k, x)
    inner = k.fma(k.ir.fmul(x, x), k.constant(6.0 * 0.044715 * _ROOT), k.constant(2.0 * _ROOT))
    density = k.ir.fmul(_sigmoid_slope(k, x, gate), inner)
    return k.fma(x, density, gate)


def _bounded_exp(k: Builder, x: Value) -> Value:
    """Return exp(min(x, 88)), which is finite; NaN for NaN."""
    limit = k.constant(88.0)
    return vector_math.exp(k, k.ir.select(k.greater(x, limit), limit, x))


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
