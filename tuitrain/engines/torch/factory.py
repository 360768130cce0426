# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""The factory of the engine for PyTorch."""

from __future__ import annotations

import platform
from collections.abc import Collection, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch

from tuitrain_core.data import Dataset

from ..factory import EngineSpec, GroupSpec, MakeModel, describe_loss_problem
from .losses import LOSSES, NamedLoss, make_loss
from .model_groups import simulate_groups
from .rng import OwnRandom
from .scenario_engine import TorchScenarioEngine


class TorchFactory:
    """Builds engines that train modules of PyTorch; see `EngineFactory`."""

    model_kind = "a torch.nn.Module"
    model_names: Collection[str] = ()

    def is_model(self, value: object) -> bool:
        """Whether a value is a module of PyTorch."""
        return isinstance(value, torch.nn.Module)

    def built_in_models(self, train: Dataset) -> Mapping[str, MakeModel]:
        """Return the named models: there are none."""
        del train
        return {}

    def built_in_losses(self) -> Collection[str]:
        """Return the names of the losses."""
        return LOSSES

    def make_loss(self, name: str, settings: Mapping[str, Any]) -> NamedLoss:
        """Return a loss by name; see `EngineFactory.make_loss`."""
        return make_loss(name, settings)

    def loss_problem(self, value: object) -> str:
        """Say what a loss must return instead of this value; see `EngineFactory.loss_problem`."""
        if isinstance(value, torch.Tensor) and value.numel() == 1:
            return ""
        shape = tuple(value.shape) if isinstance(value, torch.Tensor) else None
        return describe_loss_problem("a torch.Tensor", value, shape)

    def build(self, spec: EngineSpec) -> TorchScenarioEngine:
        """Build an engine at its first step; see `EngineFactory.build`."""
        return TorchScenarioEngine(spec)

    def make_model(self, spec: EngineSpec) -> torch.nn.Module:
        """Make the model as the engine has it before its first step."""
        with OwnRandom(spec.seed).scope():
            return spec.make_model()

    def simulate_groups(
        self, model: torch.nn.Module, specs: Sequence[GroupSpec], steps_per_epoch: int
    ) -> Any:
        """Build groups that follow commands; see `EngineFactory.simulate_groups`."""
        return simulate_groups(model, specs, steps_per_epoch)

    def environment(self) -> Mapping[str, str]:
        """Return versions and the machine's features, by name, as text."""
        return environment()


def environment() -> dict[str, str]:
    """Return versions and the machine's features, by name, as text."""
    return {
        "python": platform.python_version(),
        **{name: _version(name) for name in ("tuitrain", "numpy")},
        "torch": str(torch.__version__),
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": torch.backends.cpu.get_cpu_capability(),
        "threads": str(torch.get_num_threads()),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else "none",
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
