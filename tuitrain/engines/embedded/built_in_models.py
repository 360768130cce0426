"""The models that a scenario names, made for its data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from tuitrain_core import models
from tuitrain_core.data import Dataset

from ..factory import MakeModel

MLP_HIDDEN: Final = (256, 128)
"""Widths of the hidden layers of the model ``mlp``."""

MIN_CURVE: Final = 5
"""The shortest curve that the model ``conv1d`` takes: the length of its window."""

MODEL_NAMES: Final = (
    *("lenet", "mlp", "cnn", "resnet8", "resnet20", "transformer"),
    *("conv1d", "char-transformer"),
)
"""The names of all models, whatever data they fit."""


def fitting_models(train: Dataset) -> Mapping[str, MakeModel]:
    """Return the models that fit the inputs and targets of a data set, by name.

    ``mlp`` takes any floats; ``conv1d`` curves (T,) or (C, T), not features with names;
    ``char-transformer`` tokens (T,) with the token after each as targets. The others take images
    (C, H, W), and give logits of classes.
    """
    if isinstance(train.inputs, tuple):
        return {}
    fitting = _token_models(train) if train.inputs.dtype.kind == "i" else _number_models(train)
    return {name: fitting[name] for name in MODEL_NAMES if name in fitting}


def _number_models(train: Dataset) -> dict[str, MakeModel]:
    shape, outputs = train.input_arrays[0].shape[1:], train.output_size
    sizes = (math.prod(shape), *MLP_HIDDEN, outputs)
    fitting: dict[str, MakeModel] = {"mlp": lambda: models.MLP(sizes)}
    one_result = train.targets is not None and len(train.targets.shape) <= 2
    is_curve = len(shape) in (1, 2) and shape[-1] >= MIN_CURVE and not train.feature_names
    if is_curve and one_result:
        fitting["conv1d"] = lambda: models.ConvNet1d(math.prod(shape[:-1]), outputs)
    if len(shape) == 3 and train.classes is not None:
        channels, classes = shape[0], train.classes
        fitting |= {
            "lenet": models.LeNet,
            "cnn": lambda: models.CNN(channels, classes),
            "resnet8": lambda: models.ResNet(8, channels, classes),
            "resnet20": lambda: models.ResNet(20, channels, classes),
            "transformer": lambda: models.Transformer(shape, classes),
        }
    return fitting


def _token_models(train: Dataset) -> dict[str, MakeModel]:
    """Return the models of token sequences.

    With as many classes as tokens in a sample, logits (N, T, K) could be read as (N, K, T).
    """
    (tokens,), targets, classes = train.input_arrays, train.targets, train.classes
    if targets is None or classes is None or targets.shape != tokens.shape or tokens.ndim != 2:
        return {}
    length = tokens.shape[1]
    known = max(classes, len(train.vocabulary))
    if length == known or tokens.min() < 0 or tokens.max() >= known:
        return {}
    return {"char-transformer": lambda: models.CharTransformer(known, length)}
