"""What every differentiable operation promises, asserted on one operation and its inputs."""

from __future__ import annotations

from itertools import product

import numpy as np

STEP = 1e-6
FLOAT32_TOLERANCE = 1e-5


def assert_gradients(op, *inputs, constant=()):
    """Assert the contract of `Op` for float64 inputs; those at positions ``constant`` have none.

    - the gradient is that of central differences
    - what is not needed is None, and what is needed does not depend on what else is
    - in float32, output and gradients are float32 and within 1e-5 of float64, by norm; where the
      terms of a gradient cancel, relative to the terms
    - the inferred output has the shape and dtype of the output
    - neither inputs nor gradient are written to
    """
    wide = [np.ascontiguousarray(array) for array in inputs]
    kept = [array.copy() for array in wide]
    output, _ = op.forward(*wide)
    inferred = op.infer_output(*wide)
    assert (inferred.shape, inferred.dtype) == (output.shape, output.dtype)
    grad = np.random.default_rng(99).standard_normal(output.shape)
    kept_grad = grad.copy()
    actual = _backward(op, wide, grad, [i not in constant for i in range(len(wide))])
    for i, array in enumerate(wide):
        if i not in constant:
            expected = _differences(op, wide, grad, i)
            assert actual[i].shape == array.shape
            np.testing.assert_allclose(actual[i], expected, rtol=1e-5, atol=1e-7)
    _assert_pruned(op, wide, grad, actual, constant)
    _assert_float32(op, wide, grad, actual, constant)
    np.testing.assert_array_equal(grad, kept_grad)
    for before, after in zip(kept, wide, strict=True):
        np.testing.assert_array_equal(before, after)


def relative(actual, expected, terms=0.0):
    """Return the distance of two arrays relative to the norm of the second, or of its terms.

    A sum whose terms cancel is no more precise than its terms: its condition number is the sum of
    their absolute values over its own.
    """
    actual, expected = np.asarray(actual, np.float64), np.asarray(expected, np.float64)
    size = max(np.linalg.norm(expected), np.linalg.norm(terms), 1e-30)
    return np.linalg.norm(actual - expected) / size


def _backward(op, inputs, grad, needs):
    _, saved = op.forward(*inputs)
    return op.backward(saved, grad, needs)


def _differences(op, inputs, grad, which):
    result = np.zeros_like(inputs[which])
    for place in np.ndindex(result.shape):
        values = []
        for step in (STEP, -STEP):
            moved = [array.copy() for array in inputs]
            moved[which][place] += step
            values.append((op.forward(*moved)[0] * grad).sum())
        result[place] = (values[0] - values[1]) / (2 * STEP)
    return result


def _assert_pruned(op, inputs, grad, full, constant):
    choices = [(False,) if i in constant else (False, True) for i in range(len(inputs))]
    for needs in filter(any, product(*choices)):
        parts = _backward(op, inputs, grad, list(needs))
        assert len(parts) == len(inputs)
        for part, expected, needed in zip(parts, full, needs, strict=True):
            if needed:
                np.testing.assert_array_equal(part, expected)
            else:
                assert part is None


def _assert_float32(op, inputs, grad, full, constant):
    narrow = [array.astype(np.float32) if array.dtype.kind == "f" else array for array in inputs]
    # The float64 reference starts from the same, already rounded numbers.
    same = [array.astype(np.float64) if array.dtype.kind == "f" else array for array in narrow]
    grad = grad.astype(np.float32)
    needs = [i not in constant for i in range(len(inputs))]
    output, _ = op.forward(*narrow)
    assert output.dtype == np.float32
    assert relative(output, op.forward(*same)[0]) < FLOAT32_TOLERANCE
    parts = _backward(op, narrow, grad, needs)
    expected = _backward(op, same, grad.astype(np.float64), needs)
    # No larger than the sum of the terms' absolute values, and equal to it if they cancel only
    # because of the signs in the output's gradient.
    terms = _backward(op, same, np.abs(grad.astype(np.float64)), needs)
    for part, reference, size, needed in zip(parts, expected, terms, needs, strict=True):
        if needed:
            assert part.dtype == np.float32
            assert relative(part, reference, size) < FLOAT32_TOLERANCE
    assert len(full) == len(parts)
