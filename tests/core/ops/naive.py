"""Obvious, slow versions of operations: what the fast ones are held against.

Loops over single numbers, straight from the definitions. Nothing here is shared with the code under
test.
"""

from __future__ import annotations

import math

import numpy as np


def conv2d(x, weight, bias, stride, padding, groups):
    N, C, H, W = x.shape
    out, inside, KH, KW = weight.shape
    height = (H + 2 * padding[0] - KH) // stride[0] + 1
    width = (W + 2 * padding[1] - KW) // stride[1] + 1
    result = np.zeros((N, out, height, width), x.dtype)
    for n, o, h, w in np.ndindex(result.shape):
        total = 0.0 if bias is None else bias[0, o, 0, 0]
        for c, i, j in np.ndindex(inside, KH, KW):
            row, column = h * stride[0] - padding[0] + i, w * stride[1] - padding[1] + j
            if 0 <= row < H and 0 <= column < W:
                channel = o // (out // groups) * inside + c
                total += weight[o, c, i, j] * x[n, channel, row, column]
        result[n, o, h, w] = total
    assert inside * groups == C
    return result


def pool2d(x, kernel, stride, padding, choose):
    """Apply ``choose`` to the list of real pixels of each window."""
    N, C, H, W = x.shape
    height = (H + 2 * padding[0] - kernel[0]) // stride[0] + 1
    width = (W + 2 * padding[1] - kernel[1]) // stride[1] + 1
    result = np.zeros((N, C, height, width), x.dtype)
    for n, c, h, w in np.ndindex(result.shape):
        pixels = []
        for i, j in np.ndindex(kernel):
            row, column = h * stride[0] - padding[0] + i, w * stride[1] - padding[1] + j
            if 0 <= row < H and 0 <= column < W:
                pixels.append(float(x[n, c, row, column]))
        result[n, c, h, w] = choose(pixels)
    return result


def largest(pixels):
    """Return the maximum, or NaN if there is one."""
    return math.nan if any(math.isnan(pixel) for pixel in pixels) else max(pixels)


def cross_entropy(logits, label, smooth):
    """Return the loss of each row of (N, K) logits."""
    losses = []
    for row, right in zip(logits, label, strict=True):
        total = sum(math.exp(value) for value in row)
        logs = [math.log(math.exp(value) / total) for value in row]
        target = [smooth / len(row) + (1.0 - smooth) * (k == right) for k in range(len(row))]
        losses.append(-sum(t * log for t, log in zip(target, logs, strict=True)))
    return np.array(losses)


def batch_norm(x, weight, bias, mean, var, eps):
    """Normalize (N, C, ...) by statistics that are given for each channel."""
    result = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        c = place[1]
        result[place] = (x[place] - mean[c]) / math.sqrt(var[c] + eps) * weight[c] + bias[c]
    return result


def channel_values(x, c):
    return [float(x[place]) for place in np.ndindex(x.shape) if place[1] == c]


def matmul(a, b):
    result = np.zeros((a.shape[0], b.shape[1]), a.dtype)
    for i, j in np.ndindex(result.shape):
        result[i, j] = sum(a[i, k] * b[k, j] for k in range(a.shape[1]))
    return result


def layer_norm(x, weight, bias, eps):
    """Normalize each sample over the axes that the weight has."""
    result = np.zeros_like(x)
    for place in np.ndindex(x.shape[: x.ndim - weight.ndim]):
        values = [float(value) for value in x[place].reshape(-1)]
        mean = sum(values) / len(values)
        var = sum((value - mean) ** 2 for value in values) / len(values)
        result[place] = (x[place] - mean) / math.sqrt(var + eps) * weight + bias
    return result
