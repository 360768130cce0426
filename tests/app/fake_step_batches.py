"""Views of the batch of a script's step: images with classes, and texts as tensors."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tests.app.fake_samples import scores
from tuitrain.engines.batch_view import BatchEntry, BatchPictures, InspectBatch, StepBatchView
from tuitrain.engines.class_results import confidence, predict

NAMES = ("airplane", "bird", "cat")


def images(request: InspectBatch, step: int) -> StepBatchView:
    """Return color images with classes and predictions."""
    draw = np.random.default_rng(5)
    labels = draw.integers(0, 3, 48)
    logits = scores(labels, 3, 6)
    values = np.zeros((48, 3, 16, 16), np.uint8)
    for at, label in enumerate(labels):
        values[at, label, 4:12, 4:12] = 240
    pictures = BatchPictures(
        values, (3, 32, 32), labels, predict(logits), confidence(logits), NAMES
    )
    entries = (
        BatchEntry("[0]", "float32", (64, 3, 32, 32), -2.12, 0.031, 2.64, 0, "0.5 0.51 -1.2"),
        BatchEntry("[1]", "int64", (64,), 0.0, 1.1, 2.0, 0, "0 2 1 1 0 2 2 0"),
    )
    return StepBatchView(request, step, step, False, 64, entries, 0, pictures)


def plain_images(request: InspectBatch, step: int) -> StepBatchView:
    """Return images that a loop of one line gives its network: without classes."""
    view = images(request, step)
    assert view.pictures is not None
    pictures = BatchPictures(view.pictures.values[:, :1], (1, 16, 16))
    return replace(view, is_input=True, entries=view.entries[:1], pictures=pictures)


def texts(request: InspectBatch, step: int) -> StepBatchView:
    """Return a batch of texts as a tokenizer makes it, with hostile names."""
    entries = (
        BatchEntry("input_ids", "int64", (8, 128), 0.0, 5321.4, 30_521.0, 0, "101 2023 2003 1037"),
        BatchEntry("attention_mask", "bool", (8, 128), 0.0, 0.43, 1.0, 0, "True True True False"),
        BatchEntry("embeds", "bfloat16", (8, 128, 768), -4.1, 1e-4, 3.9, 12, "0.1 nan", True),
        BatchEntry("meta['[b]é\n']", "list", first="2: 'a\x1b[31m', 'b'"),
        BatchEntry("empty", "float32", (0, 3)),
        BatchEntry("a.very.long.path.to.a.tensor.of.a.batch", "None"),
        BatchEntry("labels", "int64", (8,), 0.0, 0.5, 1.0, 0, "0 1 1 0 1 0 0 1"),
    )
    return StepBatchView(request, step, step, False, 8, entries, 3)


def nothing(request: InspectBatch, step: int) -> StepBatchView:
    """Return an empty batch."""
    return StepBatchView(request, step, step, True, 0, (BatchEntry("x", "Odd", low=math.nan),))


STEP_BATCHES: dict[str, Callable[[InspectBatch, int], StepBatchView]] = {
    "images": images,
    "plain-images": plain_images,
    "texts": texts,
    "nothing": nothing,
}
