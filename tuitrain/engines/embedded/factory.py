"""The factory of the embedded engine."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from tuitrain_core import random
from tuitrain_core.data import Dataset
from tuitrain_core.losses import LOSSES, Loss, make_loss
from tuitrain_core.module import Module
from tuitrain_core.tensor import Tensor

from ..factory import EngineSpec, GroupSpec, MakeModel, describe_loss_problem
from .built_in_models import MODEL_NAMES, fitting_models
from .engine import EmbeddedEngine
from .environment import environment
from .optimizers import CoreSimulator, simulate_groups


class EmbeddedFactory:
    """Builds engines that train modules of the core; see `EngineFactory`."""

    model_kind = "a tuitrain_core Module"
    model_names = MODEL_NAMES

    def is_model(self, value: object) -> bool:
        """Whether a value is a module of the core."""
        return isinstance(value, Module)

    def built_in_models(self, train: Dataset) -> Mapping[str, MakeModel]:
        """Return the named models that fit the inputs and targets of a data set."""
        return fitting_models(train)

    def built_in_losses(self) -> Collection[str]:
        """Return the names of the losses."""
        return LOSSES

    def make_loss(self, name: str, settings: Mapping[str, Any]) -> Loss:
        """Return a loss by name; see `EngineFactory.make_loss`."""
        return make_loss(name, **settings)

    def loss_problem(self, value: object) -> str:
        """Say what a loss must return instead of this value; see `EngineFactory.loss_problem`."""
        if isinstance(value, Tensor) and value.size == 1:
            return ""
        shape = value.shape if isinstance(value, Tensor) else None
        return describe_loss_problem("a tuitrain_core Tensor", value, shape)

    def build(self, spec: EngineSpec) -> EmbeddedEngine:
        """Build an engine at its first step; see `EngineFactory.build`."""
        return EmbeddedEngine(spec)

    def make_model(self, spec: EngineSpec) -> Module:
        """Make the model as the engine has it before its first step."""
        with random.scope(random.make_generator(spec.seed)):
            return spec.make_model()

    def simulate_groups(
        self, model: Module, specs: Sequence[GroupSpec], steps_per_epoch: int
    ) -> CoreSimulator:
        """Build groups that follow commands; see `EngineFactory.simulate_groups`."""
        return simulate_groups(model, specs, steps_per_epoch)

    def environment(self) -> Mapping[str, str]:
        """Return versions and the machine's features, by name, as text."""
        return environment()
