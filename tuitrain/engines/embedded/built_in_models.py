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

MODEL_NAMES: Final = ("lenet", "mlp", "cnn", "resnet8", "resnet20", "transformer")
"""The names of all models, whatever data they fit."""


def fitting_models(train: Dataset) -> Mapping[str, MakeModel]:
    """Return the models that fit the inputs and targets of a data set, by name.

    ``mlp`` takes any floats. The others take images (C, H, W), and give logits of classes.
    """
    if isinstance(train.inputs, tuple) or train.inputs.dtype.kind == "i":
        return {}
    shape, outputs = train.inputs.shape[1:], output_size(train)
    sizes = (math.prod(shape), *MLP_HIDDEN, outputs)
    fitting: dict[str, MakeModel] = {"mlp": lambda: models.MLP(sizes)}
    if len(shape) == 3 and train.classes is not None:
        channels, classes = shape[0], train.classes
        fitting |= {
            "lenet": models.LeNet,
            "cnn": lambda: models.CNN(channels, classes),
            "resnet8": lambda: models.ResNet(8, channels, classes),
            "resnet20": lambda: models.ResNet(20, channels, classes),
            "transformer": lambda: models.Transformer(shape, classes),
        }
    return {name: fitting[name] for name in MODEL_NAMES if name in fitting}


def output_size(dataset: Dataset) -> int:
    """Return how many outputs a sample needs: one for each class, or for each target number."""
    if dataset.classes is not None:
        return dataset.classes
    arrays = dataset.input_arrays if dataset.targets is None else (dataset.targets,)
    return math.prod(arrays[0].shape[1:])
