"""Update rules as kernels: one pass over a parameter that also measures what it did.

Every kernel takes flat, C-contiguous arrays of one floating dtype and scalars of that same dtype
(a float64 scalar would widen every float32 loop), writes parameter and state in place, and returns
the sums of squares of the applied change, of the weights after it, and of the raw gradient.

A kernel walks its arrays in chunks that stay in the first-level cache: keep the old weights, update
the chunk, measure it. So memory is read once, and a new rule is one loop with its formula. LAMB
alone reads it twice: its step length needs the norms of the whole parameter first.

The sums are float64, and their order is fixed by the code, not by the compiler: they are the same
bits for the same input on every machine, and the loops vectorise all the same.

All of them stand in this one file, long as it gets, because all of them call `_measure`: in a
second file they would go on running the measurement that they were compiled with.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from .jit import kernel

Array: TypeAlias = np.ndarray[Any, Any]
Scalar: TypeAlias = np.floating[Any]
Sums: TypeAlias = tuple[float, float, float]

LANES = 256
CHUNK = 4 * LANES  # weights, gradient, two moments, old weights: 20 KiB of float32


TINY = np.finfo(np.float32).smallest_normal
"""State that is nearer to 0 is 0; see `_kept`."""


@kernel
def _kept(value: Scalar) -> Scalar:
    """Return what is kept of an optimizer's state: 0 for what has faded away.

    Where a gradient stays 0, as behind a dead unit, a moment halves again and again. From 1.2e-38
    on down the processor computes with such numbers a hundred times as slowly. NaN passes.
    """
    return value - value if abs(value) < TINY else value


@kernel
def _measure(before: Array, after: Array, grad: Array, lanes: Array) -> None:
    """Add the squares of a chunk's change, weights and gradient to ``lanes``, (3, LANES).

    A chunk is laid in four quarters on top of one another, and its columns are added to the lanes.
    Straight sums of one element at a time would wait for every addition; this takes .42 ns an
    element where a sum in any order takes .37 and a lane for every element of a row of 32 .69.
    """
    change, weight, slope = lanes[0], lanes[1], lanes[2]
    q = after.size // 4
    b0, b1, b2, b3 = before[:q], before[q : 2 * q], before[2 * q : 3 * q], before[3 * q : 4 * q]
    a0, a1, a2, a3 = after[:q], after[q : 2 * q], after[2 * q : 3 * q], after[3 * q : 4 * q]
    g0, g1, g2, g3 = grad[:q], grad[q : 2 * q], grad[2 * q : 3 * q], grad[3 * q : 4 * q]
    for i in range(q):
        w0, w1 = np.float64(a0[i]), np.float64(a1[i])
        w2, w3 = np.float64(a2[i]), np.float64(a3[i])
        d0, d1 = w0 - np.float64(b0[i]), w1 - np.float64(b1[i])
        d2, d3 = w2 - np.float64(b2[i]), w3 - np.float64(b3[i])
        s0, s1 = np.float64(g0[i]), np.float64(g1[i])
        s2, s3 = np.float64(g2[i]), np.float64(g3[i])
        change[i] += (d0 * d0 + d1 * d1) + (d2 * d2 + d3 * d3)
        weight[i] += (w0 * w0 + w1 * w1) + (w2 * w2 + w3 * w3)
        slope[i] += (s0 * s0 + s1 * s1) + (s2 * s2 + s3 * s3)
    b_rest, a_rest, g_rest = before[4 * q :], after[4 * q :], grad[4 * q :]
    for i in range(a_rest.size):
        w, s = np.float64(a_rest[i]), np.float64(g_rest[i])
        d = w - np.float64(b_rest[i])
        change[i] += d * d
        weight[i] += w * w
        slope[i] += s * s


@kernel
def _total(lanes: Array) -> Sums:
    """Add up the lanes, halving them until one is left."""
    half = LANES // 2
    while half > 0:
        for kind in range(3):
            low, high = lanes[kind, :half], lanes[kind, half : 2 * half]
            for i in range(half):
                low[i] += high[i]
        half //= 2
    return lanes[0, 0], lanes[1, 0], lanes[2, 0]


@kernel
def sgd(param: Array, grad: Array, lr: Scalar, weight_decay: Scalar) -> Sums:
    """Gradient descent without momentum; ``lr == 0`` leaves ``param`` as it is, bit for bit."""
    hold, decays = lr == 0, weight_decay != 0
    lanes = np.zeros((3, LANES))
    scratch = np.empty(CHUNK, param.dtype)
    for start in range(0, param.size, CHUNK):
        p, g = param[start : start + CHUNK], grad[start : start + CHUNK]
        before = scratch[: p.size]
        for i in range(p.size):
            before[i] = p[i]
            slope = g[i] + weight_decay * p[i] if decays else g[i]
            p[i] = p[i] if hold else p[i] - lr * slope
        _measure(before, p, g, lanes)
    return _total(lanes)


@kernel
def sgd_momentum(
    param: Array,
    grad: Array,
    velocity: Array,
    lr: Scalar,
    momentum: Scalar,
    weight_decay: Scalar,
    nesterov: Scalar,
) -> Sums:
    """Gradient descent with momentum, Nesterov's unless 0; at ``lr == 0`` only that moves."""
    hold, decays = lr == 0, weight_decay != 0
    lanes = np.zeros((3, LANES))
    scratch = np.empty(CHUNK, param.dtype)
    for start in range(0, param.size, CHUNK):
        p, g = param[start : start + CHUNK], grad[start : start + CHUNK]
        v = velocity[start : start + CHUNK]
        before = scratch[: p.size]
        for i in range(p.size):
            before[i] = p[i]
            slope = g[i] + weight_decay * p[i] if decays else g[i]
            speed = momentum * v[i] + slope
            v[i] = _kept(speed)
            step = slope + momentum * speed if nesterov != 0 else speed
            p[i] = p[i] if hold else p[i] - lr * step
        _measure(before, p, g, lanes)
    return _total(lanes)


@kernel
def adam(
    param: Array,
    grad: Array,
    exp_avg: Array,
    exp_avg_sq: Array,
    step_size: Scalar,
    keep1: Scalar,
    keep2: Scalar,
    take1: Scalar,
    take2: Scalar,
    over_root_correction2: Scalar,
    eps: Scalar,
    coupled: Scalar,
    decoupled: Scalar,
) -> Sums:
    """Adam and AdamW; at ``step_size == 0`` only the moments move.

    ``keep`` is beta and ``take`` is 1 - beta, ``step_size`` is lr / (1 - beta1^t) and
    ``over_root_correction2`` is 1 / sqrt(1 - beta2^t), each rounded once from float64. (A second
    division for each element would take half as long again.) ``coupled`` is the decay added to the
    gradient (Adam), ``decoupled`` is lr times the decay taken from the weights (AdamW); one of the
    two is 0.
    """
    hold, couples, decays = step_size == 0, coupled != 0, decoupled != 0
    lanes = np.zeros((3, LANES))
    scratch = np.empty(CHUNK, param.dtype)
    for start in range(0, param.size, CHUNK):
        p, g = param[start : start + CHUNK], grad[start : start + CHUNK]
        m, v = exp_avg[start : start + CHUNK], exp_avg_sq[start : start + CHUNK]
        before = scratch[: p.size]
        for i in range(p.size):
            before[i] = p[i]
            slope = g[i] + coupled * p[i] if couples else g[i]
            first = keep1 * m[i] + take1 * slope
            second = keep2 * v[i] + take2 * (slope * slope)
            m[i], v[i] = _kept(first), _kept(second)
            change = step_size * (first / (np.sqrt(second) * over_root_correction2 + eps))
            change = change + decoupled * p[i] if decays else change
            p[i] = p[i] if hold else p[i] - change
        _measure(before, p, g, lanes)
    return _total(lanes)


@kernel
def rmsprop(
    param: Array,
    grad: Array,
    square_avg: Array,
    grad_avg: Array,
    velocity: Array,
    lr: Scalar,
    keep: Scalar,
    take: Scalar,
    eps: Scalar,
    momentum: Scalar,
    weight_decay: Scalar,
) -> Sums:
    """RMSprop; at ``lr == 0`` only the averages and the velocity move.

    ``keep`` is alpha and ``take`` is 1 - alpha. An empty ``grad_avg`` leaves the average of the
    squares where it is, off its center, and an empty ``velocity`` means no momentum.
    """
    hold, decays = lr == 0, weight_decay != 0
    centered, heavy = grad_avg.size > 0, velocity.size > 0
    lanes = np.zeros((3, LANES))
    scratch = np.empty(CHUNK, param.dtype)
    for start in range(0, param.size, CHUNK):
        p, g = param[start : start + CHUNK], grad[start : start + CHUNK]
        s, m = square_avg[start : start + CHUNK], grad_avg[start : start + CHUNK]
        v = velocity[start : start + CHUNK]
        before = scratch[: p.size]
        for i in range(p.size):
            before[i] = p[i]
            slope = g[i] + weight_decay * p[i] if decays else g[i]
            spread = keep * s[i] + take * (slope * slope)
            s[i] = _kept(spread)
            if centered:
                mean = keep * m[i] + take * slope
                m[i] = _kept(mean)
                spread = spread - mean * mean
                spread = spread - spread if spread < 0 else spread  # by rounding; NaN passes
            step = slope / (np.sqrt(spread) + eps)
            if heavy:
                step = momentum * v[i] + step
                v[i] = _kept(step)
            p[i] = p[i] if hold else p[i] - lr * step
        _measure(before, p, g, lanes)
    return _total(lanes)


@kernel
def adagrad(
    param: Array, grad: Array, total: Array, lr: Scalar, eps: Scalar, weight_decay: Scalar
) -> Sums:
    """Adagrad, with ``eps`` inside the root; at ``lr == 0`` only ``total`` grows."""
    hold, decays = lr == 0, weight_decay != 0
    lanes = np.zeros((3, LANES))
    scratch = np.empty(CHUNK, param.dtype)
    for start in range(0, param.size, CHUNK):
        p, g = param[start : start + CHUNK], grad[start : start + CHUNK]
        t = total[start : start + CHUNK]
        before = scratch[: p.size]
        for i in range(p.size):
            before[i] = p[i]
            slope = g[i] + weight_decay * p[i] if decays else g[i]
            seen = t[i] + slope * slope
            t[i] = _kept(seen)
            p[i] = p[i] if hold else p[i] - lr * (slope / np.sqrt(seen + eps))
        _measure(before, p, g, lanes)
    return _total(lanes)


@kernel
def adadelta(
    param: Array,
    grad: Array,
    square_avg: Array,
    acc_delta: Array,
    lr: Scalar,
    keep: Scalar,
    take: Scalar,
    eps: Scalar,
    weight_decay: Scalar,
) -> Sums:
    """Adadelta, ``keep`` being rho and ``take`` 1 - rho; at ``lr == 0`` only the averages move."""
    hold, decays = lr == 0, weight_decay != 0
    lanes = np.zeros((3, LANES))
    scratch = np.empty(CHUNK, param.dtype)
    for start in range(0, param.size, CHUNK):
        p, g = param[start : start + CHUNK], grad[start : start + CHUNK]
        s, a = square_avg[start : start + CHUNK], acc_delta[start : start + CHUNK]
        before = scratch[: p.size]
        for i in range(p.size):
            before[i] = p[i]
            slope = g[i] + weight_decay * p[i] if decays else g[i]
            square = keep * s[i] + take * (slope * slope)
            delta = np.sqrt(a[i] + eps) / np.sqrt(square + eps) * slope
            s[i], a[i] = _kept(square), _kept(keep * a[i] + take * (delta * delta))
            p[i] = p[i] if hold else p[i] - lr * delta
        _measure(before, p, g, lanes)
    return _total(lanes)


@kernel
def lion(
    param: Array,
    grad: Array,
    exp_avg: Array,
    lr: Scalar,
    keep1: Scalar,
    take1: Scalar,
    keep2: Scalar,
    take2: Scalar,
    decoupled: Scalar,
) -> Sums:
    """Lion; at ``lr == 0`` only ``exp_avg`` moves. ``decoupled`` is lr times the decay."""
    hold, decays = lr == 0, decoupled != 0
    lanes = np.zeros((3, LANES))
    scratch = np.empty(CHUNK, param.dtype)
    for start in range(0, param.size, CHUNK):
        p, g = param[start : start + CHUNK], grad[start : start + CHUNK]
        m = exp_avg[start : start + CHUNK]
        before = scratch[: p.size]
        for i in range(p.size):
            before[i] = p[i]
            mixed = keep1 * m[i] + take1 * g[i]
            m[i] = _kept(keep2 * m[i] + take2 * g[i])
            # what is neither above nor below 0 is 0 or NaN, and stays it
            change = lr if mixed > 0 else (-lr if mixed < 0 else mixed)
            change = change + decoupled * p[i] if decays else change
            p[i] = p[i] if hold else p[i] - change
        _measure(before, p, g, lanes)
    return _total(lanes)


@kernel
def lamb_norms(
    param: Array,
    grad: Array,
    exp_avg: Array,
    exp_avg_sq: Array,
    keep1: Scalar,
    keep2: Scalar,
    take1: Scalar,
    take2: Scalar,
    over_correction1: Scalar,
    over_root_correction2: Scalar,
    eps: Scalar,
    weight_decay: Scalar,
) -> Sums:
    """LAMB's first pass: move the moments; return 0 and the squares of direction and weights.

    ``over_correction1`` is 1 / (1 - beta1^t); the other scalars are as in `adam`.
    """
    lanes = np.zeros((3, LANES))
    scratch = np.empty(CHUNK, param.dtype)
    for start in range(0, param.size, CHUNK):
        p, g = param[start : start + CHUNK], grad[start : start + CHUNK]
        m, v = exp_avg[start : start + CHUNK], exp_avg_sq[start : start + CHUNK]
        direction = scratch[: p.size]
        for i in range(p.size):
            first = keep1 * m[i] + take1 * g[i]
            second = keep2 * v[i] + take2 * (g[i] * g[i])
            m[i], v[i] = _kept(first), _kept(second)
            pace = first * over_correction1 / (np.sqrt(second) * over_root_correction2 + eps)
            direction[i] = pace + weight_decay * p[i]
        _measure(direction, direction, p, lanes)
    return _total(lanes)


@kernel
def lamb(
    param: Array,
    grad: Array,
    exp_avg: Array,
    exp_avg_sq: Array,
    step_size: Scalar,
    over_correction1: Scalar,
    over_root_correction2: Scalar,
    eps: Scalar,
    weight_decay: Scalar,
) -> Sums:
    """LAMB's second pass: go ``step_size``, which is lr times the trust ratio; 0 moves nothing."""
    hold = step_size == 0
    lanes = np.zeros((3, LANES))
    scratch = np.empty(CHUNK, param.dtype)
    for start in range(0, param.size, CHUNK):
        p, g = param[start : start + CHUNK], grad[start : start + CHUNK]
        m, v = exp_avg[start : start + CHUNK], exp_avg_sq[start : start + CHUNK]
        before = scratch[: p.size]
        for i in range(p.size):
            before[i] = p[i]
            pace = m[i] * over_correction1 / (np.sqrt(v[i]) * over_root_correction2 + eps)
            change = step_size * (pace + weight_decay * p[i])
            p[i] = p[i] if hold else p[i] - change
        _measure(before, p, g, lanes)
    return _total(lanes)


@kernel
def square_sum(array: Array) -> float:
    """Return the sum of squares of any flat array, as the updates measure gradients."""
    lanes = np.zeros((3, LANES))
    for start in range(0, array.size, CHUNK):
        chunk = array[start : start + CHUNK]
        _measure(chunk, chunk, chunk, lanes)
    return _total(lanes)[2]
