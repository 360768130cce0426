"""Metrics: against naive oracles, in any division into batches, with NaN and shapes that differ."""

import math

import numpy as np
import pytest

from tuitrain.metric_info import BUILT_IN_METRICS
from tuitrain_core.errors import CoreError, ShapeError
from tuitrain_core.metrics import METRICS, CallableMetric, LossMetric, make_metric

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(23, 9)).astype(np.float32)
LABELS = RNG.integers(0, 9, 23).astype(np.int32)
VALUES = RNG.normal(100.0, 3.0, size=(23, 2)).astype(np.float32)
NUMBERS = (VALUES + RNG.normal(size=(23, 2))).astype(np.float32)


def naive_rank(scores, label) -> float:
    if any(math.isnan(score) for score in scores):
        return math.inf
    order = sorted(range(len(scores)), key=lambda k: (-scores[k], k))
    return order.index(label)


def naive_perplexity(logits, labels) -> float:
    total = 0.0
    for scores, label in zip(logits.tolist(), labels.tolist(), strict=True):
        total += math.log(math.fsum(map(math.exp, scores))) - scores[label]
    return math.exp(total / len(labels))


def naive_r2(outputs, targets) -> float:
    outputs, targets = outputs.astype(float), targets.astype(float)
    mean = [math.fsum(column) / len(column) for column in targets.T]
    residual = math.fsum(((targets - outputs) ** 2).ravel())
    return 1 - residual / math.fsum(((targets - mean) ** 2).ravel())


def errors() -> np.ndarray:
    return (NUMBERS.astype(float) - VALUES.astype(float)).ravel()


ORACLES = {
    "accuracy": lambda: np.mean(
        [naive_rank(s, k) == 0 for s, k in zip(LOGITS.tolist(), LABELS, strict=True)]
    ),
    "top5": lambda: np.mean(
        [naive_rank(s, k) < 5 for s, k in zip(LOGITS.tolist(), LABELS, strict=True)]
    ),
    "perplexity": lambda: naive_perplexity(LOGITS, LABELS),
    "mae": lambda: math.fsum(abs(errors())) / errors().size,
    "mse": lambda: math.fsum(errors() ** 2) / errors().size,
    "rmse": lambda: math.sqrt(math.fsum(errors() ** 2) / errors().size),
    "r2": lambda: naive_r2(NUMBERS, VALUES),
    "test_loss": lambda: math.fsum(errors() ** 2) / errors().size,
}


def mean_square(outputs, targets) -> float:
    return float(np.square(outputs.astype(float) - targets.astype(float)).mean())


def make(name: str):
    return LossMetric(mean_square) if name == "test_loss" else METRICS[name]()


def measure(metric, outputs, targets, batch: int = 5) -> float:
    """Return a metric, with one memory for all batches, as a recorded program has."""
    out, wanted = outputs[:batch].copy(), targets[:batch].copy()
    for first in range(0, len(outputs), batch):
        size = len(outputs[first : first + batch])
        out[:size], wanted[:size] = outputs[first:][:batch], targets[first:][:batch]
        metric.update(out[:size], wanted[:size])
    return metric.compute()


def batch_of(name: str):
    of_classes = name in ("accuracy", "top5", "perplexity")
    return (LOGITS, LABELS) if of_classes else (NUMBERS, VALUES)


@pytest.mark.parametrize("batch", [1, 5, 23])
@pytest.mark.parametrize("name", METRICS)
def test_a_metric_is_that_of_the_naive_formula_in_any_batches(name, batch):
    assert measure(make(name), *batch_of(name), batch) == pytest.approx(ORACLES[name](), rel=1e-12)


@pytest.mark.parametrize("name", METRICS)
def test_before_the_first_batch_a_metric_is_nan(name):
    assert math.isnan(make(name).compute())


@pytest.mark.parametrize("name", METRICS)
def test_the_facts_that_need_no_numerics_are_those_of_the_classes(name):
    info, kind = BUILT_IN_METRICS[name], METRICS[name]
    assert (info.name, info.larger_is_better, info.is_share) == (
        kind.name,
        kind.larger_is_better,
        kind.is_share,
    )
    assert list(BUILT_IN_METRICS) == list(METRICS)


@pytest.mark.parametrize("name", ["accuracy", "top5", "perplexity"])
@pytest.mark.parametrize("axis", [1, 2])
def test_every_token_of_a_sequence_counts(name, axis):
    logits = RNG.normal(size=(6, 4, 9)).astype(np.float32)
    labels = RNG.integers(0, 9, (6, 4))
    alone = measure(make(name), logits.reshape(24, 9), labels.reshape(24))
    moved = np.moveaxis(logits, 2, axis)
    assert measure(make(name), moved, labels) == pytest.approx(alone, rel=1e-12)


def test_where_both_axes_could_be_the_classes_the_first_is():
    logits = np.zeros((1, 3, 3), np.float32)
    logits[0, 2] = 1.0
    assert measure(make("accuracy"), logits, np.full((1, 3), 2)) == 1.0


@pytest.mark.parametrize("name", ["accuracy", "top5"])
def test_a_nan_output_is_a_wrong_guess(name):
    logits = np.array([[math.nan, 0.0, 9.0], [0.0, 0.0, 9.0]], np.float32)
    assert measure(make(name), logits, np.array([2, 2])) == 0.5


@pytest.mark.parametrize("name", ["perplexity", "mae", "mse", "rmse", "r2", "test_loss"])
def test_a_nan_output_is_seen_in_the_number(name):
    outputs, targets = batch_of(name)
    outputs = outputs.copy()
    outputs[7] = math.nan
    assert math.isnan(measure(make(name), outputs, targets))


def test_equal_outputs_leave_out_the_highest_classes_of_the_top_five():
    assert measure(make("top5"), np.zeros((7, 7), np.float32), np.arange(7)) == 5 / 7


def test_a_large_mean_costs_the_coefficient_no_digits():
    targets = 1e8 + np.arange(40.0)
    outputs = targets + np.tile([0.5, -0.5], 20)
    assert measure(make("r2"), outputs, targets) == pytest.approx(1 - 10 / 5330, rel=1e-9)


def test_equal_targets_have_no_coefficient():
    assert math.isnan(measure(make("r2"), np.arange(4.0), np.ones(4)))


@pytest.mark.parametrize("name", ["mae", "mse", "rmse", "r2"])
def test_a_column_is_not_broadcast_against_a_row(name):
    outputs, targets = NUMBERS[:, :1], VALUES[:, 0]
    expected = measure(make(name), outputs[:, 0], targets)
    assert measure(make(name), outputs, targets) == expected
    with pytest.raises(ShapeError, match="do not fit"):
        make(name).update(NUMBERS, VALUES[:, 0])


@pytest.mark.parametrize("name", ["accuracy", "top5", "perplexity"])
def test_targets_of_another_shape_or_type_are_refused(name):
    with pytest.raises(ShapeError, match=r"\(23, 9\) do not fit targets \(7,\)"):
        make(name).update(LOGITS, LABELS[:7])
    with pytest.raises(CoreError, match="whole numbers, but are float32"):
        make(name).update(LOGITS, LABELS.astype(np.float32))


def test_a_perplexity_beyond_a_float_is_infinite():
    logits = np.array([[0.0, 2e3]], np.float32)
    assert measure(make("perplexity"), logits, np.array([0])) == math.inf


def test_a_callable_gets_all_outputs_and_targets():
    calls = []

    def spread(outputs, targets):
        calls.append((outputs.copy(), targets.copy()))
        return np.float32(0.25)

    assert measure(CallableMetric(spread), LOGITS, LABELS) == 0.25
    ((outputs, targets),) = calls
    assert (outputs == LOGITS).all()
    assert (targets == LABELS).all()


@pytest.mark.parametrize("value", ["high", None, [1.0, 2.0], 1j])
def test_a_callable_must_return_one_number(value):
    with pytest.raises(CoreError, match="the metric f1 must return one real number, but gave"):
        measure(CallableMetric(lambda out, wanted: value, "f1"), LOGITS, LABELS)


def test_a_class_without_an_output_is_a_wrong_guess_or_an_error():
    outputs, targets = np.eye(7, dtype=np.float32)[:3], np.array([0, 9, -1])
    assert measure(METRICS["top5"](), outputs, targets) == pytest.approx(1 / 3)
    assert measure(METRICS["accuracy"](), outputs, targets) == pytest.approx(1 / 3)
    with pytest.raises(CoreError, match="class 9 has none; there are 7"):
        measure(METRICS["perplexity"](), outputs, targets)


@pytest.mark.parametrize(("loss", "first"), [("binary_cross_entropy", 0), ("hinge", -1)])
@pytest.mark.parametrize("shape", [(6,), (6, 1), (3, 2)])
@pytest.mark.parametrize("kind", [np.float32, np.int32])
def test_one_output_for_two_classes_is_right_on_its_side_of_zero(loss, first, shape, kind):
    metric = make_metric("accuracy", loss)
    outputs = np.array([2.0, -1.0, 0.5, 0.0, -3.0, np.nan], np.float32)
    targets = np.array([1, first, first, first, 1, 1]).astype(kind)
    metric.update(
        outputs.reshape(shape), targets.reshape(shape[:1] if shape[1:] == (1,) else shape)
    )
    assert metric.compute() == pytest.approx(3 / 6)


def test_a_binary_accuracy_refuses_other_targets_and_shapes():
    metric = make_metric("accuracy", "binary_cross_entropy")
    with pytest.raises(CoreError, match=r"needs the targets 0 and 1, but one is 0\.5"):
        metric.update(np.zeros((2, 1)), np.array([1, 0.5]))
    with pytest.raises(ShapeError, match="both have a number for each value"):
        metric.update(np.zeros((2, 3)), np.array([1, 0]))


@pytest.mark.parametrize("loss", ["", "square_loss"])
def test_an_accuracy_of_one_output_and_another_loss_is_an_error(loss):
    metric = make_metric("accuracy", loss)
    with pytest.raises(CoreError, match="an output for each class, but the outputs") as raised:
        metric.update(np.zeros((2, 1)), np.array([0, 1]))
    assert "binary_cross_entropy and hinge" in str(raised.value)
