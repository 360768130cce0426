"""Views of samples of each kind of data, made as an engine makes them: from outputs and targets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tuitrain.engines.batch_view import BatchView, InspectBatch, Reconstructions
from tuitrain.engines.class_results import ClassResults
from tuitrain.engines.error_results import NumberResults, ReconstructionResults
from tuitrain.engines.sample_inputs import as_drawable, describe_inputs

FEATURES = ("sepal length", "sepal width", "petal length", "petal width")
SPECIES = ("setosa", "versicolor", "virginica")
WORDS = ("the", "cat", "dog", "sat", "on", "a", "mat", "and", "slept", "[b]", "é", "\n", "未知", "")

Make = Callable[[InspectBatch, int], BatchView]


def view_of(request: InspectBatch, step: int, results: Any, inputs: Any, **names: Any) -> BatchView:
    """Return the view of a test set whose results are collected already."""
    arrays = inputs if isinstance(inputs, tuple) else (inputs,)
    seen = describe_inputs(arrays, results.rows(), **names)
    targets = results.view()
    if isinstance(targets, Reconstructions):
        outputs = as_drawable(seen.kind, targets.outputs)
        targets = Reconstructions(outputs, targets.errors, targets.test_errors)
    return BatchView(request, step, seen, targets)


def scores(labels: np.ndarray, classes: int, seed: int, noise: float = 0.5) -> np.ndarray:
    """Return the logits (..., K) of a network that is often right."""
    draw = np.random.default_rng(seed)
    return 4 * (np.eye(classes)[labels] + noise * draw.normal(size=(*labels.shape, classes)))


def features(request: InspectBatch, step: int) -> BatchView:
    """Return rows of named features with class names."""
    draw = np.random.default_rng(1)
    labels = draw.integers(0, 3, 150)
    inputs = (draw.normal(size=(150, 4)) * 0.4 + labels[:, None] + [5, 3, 2, 0.3]).astype(
        np.float32
    )
    results = ClassResults(request.samples, 3, SPECIES)
    results.add(scores(labels, 3, 2), labels)
    return view_of(request, step, results, inputs, feature_names=FEATURES)


def numbers(request: InspectBatch, step: int) -> BatchView:
    """Return points of a plane with two numbers each, of which some outputs are not finite."""
    draw = np.random.default_rng(3)
    inputs = draw.uniform(-1, 1, (200, 2)).astype(np.float32)
    targets = np.stack([inputs.sum(axis=1), inputs.prod(axis=1)], axis=1)
    outputs = targets + 0.15 * draw.normal(size=targets.shape)
    outputs[7, 0], outputs[11, 0] = np.nan, np.inf
    results = NumberResults(request.samples)
    results.add(outputs[:120], targets[:120])
    results.add(outputs[120:], targets[120:])
    return view_of(request, step, results, inputs)


def curves(request: InspectBatch, step: int) -> BatchView:
    """Return two curves a sample, beside another input, with one number as target."""
    draw = np.random.default_rng(4)
    rates = draw.uniform(1, 5, 60)
    time = np.linspace(0, 2 * np.pi, 120)
    inputs = np.stack([np.sin(rates[:, None] * time), np.cos(rates[:, None] * time) / 2], axis=1)
    results = NumberResults(request.samples)
    results.add(rates[:, None] + 0.3 * draw.normal(size=(60, 1)), rates)
    others = np.zeros((60, 3), np.float32)
    return view_of(request, step, results, (inputs.astype(np.float32), others))


def words(request: InspectBatch, step: int) -> BatchView:
    """Return tokens, each with the next one as its class."""
    draw = np.random.default_rng(5)
    tokens = draw.integers(0, len(WORDS), (50, 41)).astype(np.int32)
    results = ClassResults(request.samples, len(WORDS), WORDS)
    results.add(scores(tokens[:, 1:], len(WORDS), 6, 0.35), tokens[:, 1:])
    return view_of(request, step, results, tokens[:, :-1], vocabulary=WORDS)


def sentiment(request: InspectBatch, step: int) -> BatchView:
    """Return tokens of a large vocabulary without texts, with one of 400 classes each."""
    draw = np.random.default_rng(7)
    tokens = draw.integers(0, 30_000, (300, 60)).astype(np.int32)
    labels = draw.integers(0, 400, 300)
    results = ClassResults(request.samples, 400)
    results.add(scores(labels, 400, 8, 0.3), labels)
    return view_of(request, step, results, tokens)


def float_images(request: InspectBatch, step: int) -> BatchView:
    """Return pictures of four channels, normalized to floats, with the names of many classes."""
    draw = np.random.default_rng(9)
    labels = draw.integers(0, 5, 40)
    grid = np.linspace(-1, 1, 24)
    wave = np.sin(3 * labels[:, None, None] * (grid[:, None] + grid[None, :]))
    inputs = (wave[:, None] * np.array([1, 0.5, -0.2, 0.8])[:, None, None]).astype(np.float32)
    results = ClassResults(request.samples, 5, ("river", "forest", "sea, deep", "[red]", "city"))
    results.add(scores(labels, 5, 10), labels)
    return view_of(request, step, results, inputs)


def autoencoder(request: InspectBatch, step: int) -> BatchView:
    """Return images of bytes, and their blurred reconstructions."""
    draw = np.random.default_rng(11)
    grid = np.linspace(-1, 1, 20)
    x, y = draw.uniform(-0.6, 0.6, (2, 50, 1, 1))
    inputs = 255 * (np.hypot(grid[:, None] - y, grid[None, :] - x) < 0.35)
    images = inputs.astype(np.uint8)[:, None]
    normalized = (images / 255 - 0.1) / 0.5
    blur = sum(np.roll(normalized, shift, axis) for shift in (-2, 0, 2) for axis in (2, 3)) / 6
    outputs = blur + 0.1 * draw.normal(size=blur.shape)
    outputs[3, 0, 2:6, 2:6] = np.nan
    results = ReconstructionResults(request.samples, False, 0.1, 0.5, 255.0)
    results.add(outputs, normalized)
    return view_of(request, step, results, images)


def signals(request: InspectBatch, step: int) -> BatchView:
    """Return signals, and their reconstructions."""
    draw = np.random.default_rng(12)
    time = np.linspace(0, 9, 200)
    inputs = np.sin(draw.uniform(1, 3, (30, 1)) * time).astype(np.float32)
    results = ReconstructionResults(request.samples, False, 0.0, 1.0, 1.0)
    results.add(inputs * 0.8 + 0.05 * draw.normal(size=inputs.shape), inputs)
    return view_of(request, step, results, inputs)


def many_features(request: InspectBatch, step: int) -> BatchView:
    """Return ten thousand named numbers a sample, with one number as target."""
    draw = np.random.default_rng(13)
    inputs = draw.normal(size=(30, 10_000)).astype(np.float32)
    results = NumberResults(request.samples)
    results.add(inputs[:, :1] * 0.9, inputs[:, 0])
    names = tuple(f"gene {at}" for at in range(10_000))
    return view_of(request, step, results, inputs, feature_names=names)


KINDS: dict[str, Make] = {
    "features": features,
    "numbers": numbers,
    "curves": curves,
    "words": words,
    "many classes": sentiment,
    "float images": float_images,
    "autoencoder": autoencoder,
    "signals": signals,
    "many features": many_features,
}
