"""Functions of float vectors: exp, log, square root, and reductions over the lanes."""

from __future__ import annotations

import numpy as np
from llvmlite import ir

from . import shuffles
from .builder import INT32, INT64, Builder, Value

# Coefficients of `exp` and `log`, which name their source.
_EXP = (1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 0.5)
_INT_SHIFT = 1.5 * 2.0**23  # added to a small number, it leaves the integer in the lowest bits
_LOG = (
    7.0376836292e-2,
    -1.1514610310e-1,
    1.1676998740e-1,
    -1.2420140846e-1,
    1.4249322787e-1,
    -1.6668057665e-1,
    2.0000714765e-1,
    -2.4999993993e-1,
    3.3333331174e-1,
)


def exp(k: Builder, x: Value) -> Value:
    """Return exp(x) for x up to 88, to about one unit in the last place; NaN for NaN.

    x = n log 2 + r with |r| <= log(2) / 2, and exp(r) is a polynomial with the constants of
    Moshier's Cephes library (expf). Below -87 the result is the smallest normal number, not 0.
    """
    low = k.constant(-87.0)
    x = k.ir.select(k.ir.fcmp_ordered("<", x, low), low, x)
    n = k.ir.call(unary_intrinsic(k, "rint"), [k.ir.fmul(x, k.constant(1.44269504088896341))])
    r = k.fma(n, k.constant(-0.693359375), x)
    r = k.fma(n, k.constant(2.12194440e-4), r)
    power = k.constant(_EXP[0])
    for coefficient in _EXP[1:]:
        power = k.fma(power, r, k.constant(coefficient))
    power = k.ir.fadd(k.fma(power, k.ir.fmul(r, r), r), k.constant(1.0))
    shifted = k.ir.shl(k.ir.add(_to_int32(k, n), _integers(k, 127)), _integers(k, 23))
    return k.ir.fmul(power, k.ir.bitcast(shifted, k.vector))


def log(k: Builder, x: Value) -> Value:
    """Return the natural logarithm of positive normal numbers; NaN for NaN.

    x = m · 2^e with m in [√½, √2), and log(m) is a polynomial with the constants of Moshier's
    Cephes library (logf).
    """
    bits = k.ir.bitcast(x, ir.VectorType(INT32, k.lanes))
    exponent = k.ir.sub(k.ir.lshr(bits, _integers(k, 23)), _integers(k, 126))
    fraction = k.ir.or_(k.ir.and_(bits, _integers(k, 0x7FFFFF)), _integers(k, 0x3F000000))
    m = k.ir.bitcast(fraction, k.vector)
    small = k.ir.fcmp_ordered("<", m, k.constant(0.70710678118654752440))
    exponent = k.ir.select(small, k.ir.sub(exponent, _integers(k, 1)), exponent)
    e = k.ir.sitofp(exponent, k.vector)
    m = k.ir.fsub(k.ir.select(small, k.ir.fadd(m, m), m), k.constant(1.0))
    z = k.ir.fmul(m, m)
    y = k.constant(_LOG[0])
    for coefficient in _LOG[1:]:
        y = k.fma(y, m, k.constant(coefficient))
    y = k.ir.fmul(k.ir.fmul(y, m), z)
    y = k.fma(e, k.constant(-2.12194440e-4), y)
    y = k.fma(z, k.constant(-0.5), y)
    result = k.fma(e, k.constant(0.693359375), k.ir.fadd(m, y))
    return k.ir.select(k.ir.fcmp_unordered("uno", x, x), x, result)


def sqrt(k: Builder, x: Value) -> Value:
    """Return the square root."""
    return k.ir.call(unary_intrinsic(k, "sqrt"), [x])


def max_lane(k: Builder, x: Value) -> Value:
    """Return the largest lane as a float, ignoring NaN."""
    name = f"llvm.vector.reduce.fmax.v{k.lanes}f32"
    declared = k.module.globals.get(name)
    kind = ir.FunctionType(ir.FloatType(), [k.vector])
    return k.ir.call(declared or ir.Function(k.module, kind, name), [x])


def sum_lanes(k: Builder, x: Value) -> Value:
    """Return the sum of the lanes as a float, the two halves added first."""
    return k.ir.extract_element(
        shuffles.sum_each(k, [x, *[None] * (k.lanes - 1)]), ir.Constant(INT32, 0)
    )


def lane_mask(k: Builder, count: Value) -> Value:
    """Return the mask of the first `count` lanes, a value that is known when the kernel runs."""
    lanes = ir.Constant(ir.VectorType(INT32, k.lanes), list(range(k.lanes)))
    limit = k.ir.trunc(count, INT32) if count.type == INT64 else count
    return k.ir.icmp_signed("<", lanes, splat_int32(k, limit))


def splat_int32(k: Builder, value: Value) -> Value:
    """Return a vector of one int32 value."""
    undefined = ir.Constant(ir.VectorType(INT32, k.lanes), ir.Undefined)
    first = k.ir.insert_element(undefined, value, ir.Constant(INT32, 0))
    return k.shuffle(first, undefined, [0] * k.lanes)


def unary_intrinsic(k: Builder, name: str) -> Value:
    """Return LLVM's intrinsic function of that name, from a vector to a vector."""
    full = f"llvm.{name}.v{k.lanes}f32"
    declared = k.module.globals.get(full)
    return declared or ir.Function(k.module, ir.FunctionType(k.vector, [k.vector]), full)


def _to_int32(k: Builder, x: Value) -> Value:
    """Convert integral floats below 2²² to int32; NaN gives any number.

    The sum with 1.5 · 2²³ holds the number in its lowest bits. (A conversion by LLVM that defines
    the result for NaN works lane by lane, and made exp ten times slower.)
    """
    kind = ir.VectorType(INT32, k.lanes)
    bits = k.ir.bitcast(k.ir.fadd(x, k.constant(_INT_SHIFT)), kind)
    return k.ir.sub(bits, _integers(k, int(np.float32(_INT_SHIFT).view(np.int32))))


def _integers(k: Builder, value: int) -> Value:
    return ir.Constant(ir.VectorType(INT32, k.lanes), [value] * k.lanes)
