"""Results of a test set against naive ones: orders, confusions, errors, and kinds of inputs."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from tuitrain.engines.batch_view import MAX_SAMPLES, NO_PREDICTION
from tuitrain.engines.class_results import ClassResults, are_classes, count_confusions
from tuitrain.engines.error_results import NumberResults, ReconstructionResults
from tuitrain.engines.sample_inputs import as_drawable, describe_inputs, input_kind
from tuitrain.errors import RefusedError


def in_batches(results, outputs, targets, size=7):
    """Add a test set batch by batch, in memory that is written over."""
    memory = np.empty_like(outputs[:size])
    for start in range(0, len(outputs), size):
        part = memory[: len(outputs[start : start + size])]
        part[...] = outputs[start : start + size]
        results.add(part, targets[start : start + size])
    memory[...] = 0
    return results


@pytest.mark.parametrize("classes", [1, 3, 50, 51, 300])
def test_confusions_are_counted_as_by_a_loop(classes):
    draw = np.random.default_rng(classes)
    labels = draw.integers(0, classes, (40, 6))
    guesses = draw.integers(0, classes, (40, 6))
    guesses[draw.random((40, 6)) < 0.1] = NO_PREDICTION
    seen = count_confusions(labels, guesses, classes)
    pairs = Counter(zip(labels.ravel().tolist(), guesses.ravel().tolist(), strict=True))
    assert seen.nan_count == sum(n for (_, guess), n in pairs.items() if guess == NO_PREDICTION)
    known = {pair: n for pair, n in pairs.items() if pair[1] != NO_PREDICTION}
    assert [*seen.hits] == [known.get((k, k), 0) for k in range(classes)]
    assert [*seen.totals] == [
        sum(n for (a, _), n in known.items() if a == k) for k in range(classes)
    ]
    wrong = sorted((-n, a, b) for (a, b), n in known.items() if a != b)[:100]
    assert [(-pair.count, pair.label, pair.guess) for pair in seen.pairs] == wrong
    assert all(pair.total == seen.totals[pair.label] for pair in seen.pairs)
    assert (seen.matrix is None) == (classes > 50)
    if seen.matrix is not None:
        assert {
            tuple(map(int, at)): int(seen.matrix[tuple(at)]) for at in np.argwhere(seen.matrix)
        } == known


def test_the_worst_samples_of_several_classes_have_the_most_wrong_ones():
    draw = np.random.default_rng(0)
    labels = draw.integers(0, 4, (150, 5))
    logits = 2 * np.eye(4)[labels] + draw.normal(size=(150, 5, 4))
    results = in_batches(ClassResults("mistakes", 4), logits, labels)
    wrong = (logits.argmax(axis=-1) != labels).sum(axis=1)
    rows = results.rows()
    assert len(rows) == min(MAX_SAMPLES, np.count_nonzero(wrong))
    assert all(wrong[first] >= wrong[second] for first, second in pairwise(rows))
    assert wrong[rows].min() >= max(wrong[[at for at in range(150) if at not in rows]])


def test_mistakes_are_sorted_by_confidence_and_those_without_a_prediction_come_last():
    logits = np.array([[0, 9.0], [0, 1], [np.nan, 0], [0, 3], [5, 0]])
    results = in_batches(ClassResults("mistakes", 2), logits, np.zeros(5, int), 2)
    assert [*results.rows()] == [0, 3, 1, 2]
    assert [*results.view().predictions] == [1, 1, 1, NO_PREDICTION]


@pytest.mark.parametrize("samples", ["probe", "mistakes"])
def test_errors_are_sorted_as_by_a_loop(samples):
    draw = np.random.default_rng(1)
    outputs, targets = draw.normal(size=(2, 300, 3)).astype(np.float32)
    outputs[200, 1], outputs[30, 0] = np.nan, -np.inf
    results = in_batches(NumberResults(samples), outputs, targets)
    errors = [
        sum(abs(float(o) - float(t)) for o, t in zip(*pair, strict=True)) / 3
        for pair in zip(outputs, targets, strict=True)
    ]
    by_size = sorted(
        range(300), key=lambda at: (-np.nan_to_num(errors[at], nan=np.inf, posinf=np.inf), at)
    )
    rows = by_size[:MAX_SAMPLES] if samples == "mistakes" else [*range(MAX_SAMPLES)]
    assert [*results.rows()] == rows
    seen = results.view()
    assert seen.errors == pytest.approx([errors[at] for at in rows], nan_ok=True)
    assert np.array_equal(seen.outputs, outputs[rows].astype(float), equal_nan=True)
    assert np.array_equal(seen.test_targets, targets[:, 0])
    assert np.array_equal(seen.test_outputs, outputs[:, 0], equal_nan=True)
    assert seen.shape == (3,)


def test_logits_of_numbers_are_shown_as_probabilities():
    results = NumberResults("probe", logits=True)
    results.add(np.array([[0.0], [np.log(3)], [-1000], [1000]]), np.array([0, 1, 0, 1]))
    assert results.view().outputs[:, 0] == pytest.approx([0.5, 0.75, 0, 1])


def test_reconstructions_are_in_the_unit_of_the_inputs():
    draw = np.random.default_rng(2)
    images = draw.integers(0, 256, (20, 2, 3, 4)).astype(np.uint8)
    mean, std = np.array([0.2, 0.5]), np.array([0.5, 2.0])
    targets = (images / 255 - mean[:, None, None]) / std[:, None, None]
    results = ReconstructionResults("mistakes", False, (0.2, 0.5), (0.5, 2.0), 255.0)
    outputs = targets.copy()
    outputs[13] += 0.25
    in_batches(results, outputs, targets)
    seen, rows = results.view(), results.rows()
    assert rows[0] == 13
    assert seen.errors[0] == pytest.approx(0.25, rel=1e-5)
    assert seen.outputs[1:] == pytest.approx(images[rows[1:]], abs=1e-3)


def test_outputs_that_do_not_fit_are_refused_with_both_shapes():
    with pytest.raises(RefusedError, match=r"outputs \(5, 2\) do not fit targets \(5, 3\)"):
        NumberResults("probe").add(np.zeros((5, 2)), np.zeros((5, 3)))


def test_scores_of_one_class_are_numbers_unless_there_is_only_one_class():
    labels = np.array([0, 1, 1])
    assert are_classes(np.zeros((3, 2)), labels)
    assert not are_classes(np.zeros((3, 1)), labels)
    assert are_classes(np.zeros((3, 1)), labels * 0)
    assert not are_classes(np.zeros((3, 2)), labels * 1.0)


@pytest.mark.parametrize(
    ("shape", "dtype", "has_names", "kind", "drawn"),
    [
        ((1, 28, 28), "u1", False, "image", (1, 28, 28)),
        ((28, 28), "u1", False, "image", (1, 28, 28)),
        ((28, 28), "f4", False, "image", (1, 28, 28)),
        ((3, 4, 5, 6), "f4", False, "image", (3, 5, 6)),
        ((1, 1, 6), "u1", False, "row", (6,)),
        ((2,), "f4", False, "row", (2,)),
        ((), "f4", False, "row", (1,)),
        ((100,), "f4", False, "curve", (1, 100)),
        ((100,), "f4", True, "row", (100,)),
        ((1, 100, 1), "f4", False, "curve", (1, 100)),
        ((3, 100), "f4", False, "curve", (3, 100)),
        ((8,), "i4", False, "tokens", (8,)),
        ((8,), "i4", True, "row", (8,)),
        ((), "i4", False, "row", (1,)),
        ((2, 9, 9), "i4", False, "image", (2, 9, 9)),
    ],
)
def test_kinds_of_inputs(shape, dtype, has_names, kind, drawn):
    assert input_kind(shape, np.dtype(dtype), has_names) == kind
    assert as_drawable(kind, np.zeros((4, *shape), dtype)).shape == (4, *drawn)
    assert as_drawable(kind, np.zeros((0, *shape), dtype)).shape == (0, *drawn)


def test_the_first_of_several_inputs_is_shown():
    arrays = (np.arange(12.0).reshape(6, 2), np.zeros((6, 3)), np.zeros(6))
    seen = describe_inputs(arrays, np.array([4, 1]))
    assert seen.values.tolist() == [[8, 9], [2, 3]]
    assert (seen.kind, seen.shape, seen.other_inputs) == ("row", (2,), 2)
