"""The factory of the embedded engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from tuitrain_core import models, random
from tuitrain_core.data import Dataset
from tuitrain_core.module import Module

from ..factory import EngineSpec, GroupPlan, MakeModel
from .engine import EmbeddedEngine
from .environment import environment
from .group_simulator import EmbeddedGroupSimulator

MLP_HIDDEN: Final = (256, 128)
"""Widths of the hidden layers of the model ``mlp``."""


class EmbeddedFactory:
    """Builds engines that train modules of the core; see `EngineFactory`."""

    model_kind = "a tuitrain_core Module"

    def is_model(self, value: object) -> bool:
        """Whether a value is a module of the core."""
        return isinstance(value, Module)

    def built_in_models(self, train: Dataset) -> Mapping[str, MakeModel]:
        """Return the named models, made for the images and classes of a data set."""
        channels, height, width = shape = train.images.shape[1:]
        classes = train.classes
        return {
            "lenet": models.LeNet,
            "mlp": lambda: models.MLP((channels * height * width, *MLP_HIDDEN, classes)),
            "cnn": lambda: models.CNN(channels, classes),
            "resnet8": lambda: models.ResNet(8, channels, classes),
            "resnet20": lambda: models.ResNet(20, channels, classes),
            "transformer": lambda: models.Transformer(shape, classes),
        }

    def build(self, spec: EngineSpec) -> EmbeddedEngine:
        """Build an engine at its first step; see `EngineFactory.build`."""
        return EmbeddedEngine(spec)

    def make_model(self, spec: EngineSpec) -> Module:
        """Make the model as the engine has it before its first step."""
        with random.scope(random.make_generator(spec.seed)):
            return spec.make_model()

    def simulate_groups(
        self, model: Module, plans: Sequence[GroupPlan], steps_per_epoch: int
    ) -> EmbeddedGroupSimulator:
        """Build groups that follow commands; see `EngineFactory.simulate_groups`."""
        return EmbeddedGroupSimulator(model, plans, steps_per_epoch)

    def environment(self) -> Mapping[str, str]:
        """Return versions and the machine's features, by name, as text."""
        return environment()
