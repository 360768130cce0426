"""The parts that an engine is built from, and the interface of engine factories."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from tuitrain.commands import AnyCommand, Setting
from tuitrain.metric_info import ACCURACY, MetricInfo

from .engine import Engine
from .state import Array
from .steerable import CommandResult
from .views import GroupView

if TYPE_CHECKING:
    from tuitrain_core.data import Dataset

MakeModel: TypeAlias = Callable[[], Any]
"""Makes a model of the engine's kind; the engine seeds the random generator."""


@dataclass(frozen=True, slots=True)
class GroupSpec:
    """A parameter group at the first step.

    Attributes
    ----------
    patterns : globs over parameter names; parameters of earlier groups are left out
    optimizer : the optimizer's name
    settings : its hyper-parameters, lr among them
    """

    name: str
    patterns: tuple[str, ...]
    optimizer: str
    settings: Mapping[str, Setting] = field(default_factory=dict[str, Setting])
    frozen: bool = False


@dataclass(frozen=True, slots=True)
class MetricPlan:
    """A metric that an engine measures on the test set.

    Attributes
    ----------
    info : its name, and how its values are read
    function : of all outputs and all targets of the test set, for a metric that is not built in
    """

    info: MetricInfo
    function: Callable[[Array, Array], float] | None = None


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """The parts that an engine is built from.

    Attributes
    ----------
    make_model : makes the model; called once, with the random generator seeded
    train, test : the training data, and the data that metrics are measured on
    groups : the groups at the first step
    seed : of initial weights, of the order of the data and of dropout
    batch_size : samples in a batch
    loss : maps outputs and targets to one number; None for the model's method ``loss``, or the
        default for the targets if it has none
    metrics : the metrics of the test set, in order; the first is shown first
    """

    make_model: MakeModel
    train: Dataset
    test: Dataset
    groups: Sequence[GroupSpec]
    seed: int = 0
    batch_size: int = 64
    loss: Any = None
    metrics: Sequence[MetricPlan] = (MetricPlan(ACCURACY),)

    @property
    def steps_per_epoch(self) -> int:
        """Batches in one pass over the training data."""
        return -(-len(self.train) // self.batch_size)

    @property
    def metric_infos(self) -> tuple[MetricInfo, ...]:
        """The names and kinds of the metrics, in order."""
        return tuple(plan.info for plan in self.metrics)


def describe_loss_problem(kind: str, value: object, shape: tuple[int, ...] | None) -> str:
    """Say what a loss must return instead of a value.

    Parameters
    ----------
    kind : of the numbers of an engine: ``a torch.Tensor``
    shape : the value's, if it is one; else None
    """
    must = f"the loss must return one number, as {kind}, but gave"
    if shape is None:
        what = "None" if value is None else f"a {type(value).__module__}.{type(value).__name__}"
        return f"{must} {what.removeprefix('a builtins.')}"
    return f"{must} numbers of shape {shape}; its mean() is one"


class GroupSimulator(Protocol):
    """Follows the commands of a run without training, to know its groups and their settings."""

    def apply(self, command: AnyCommand, step: int) -> CommandResult:
        """Apply a command before step ``step``.

        Raises
        ------
        RefusedError : it cannot be applied; nothing was changed
        """
        ...

    def groups(self, step: int) -> tuple[GroupView, ...]:
        """Describe the groups at the boundary before step ``step``, in order."""
        ...


class EngineFactory(Protocol):
    """Builds engines of one kind."""

    @property
    def model_kind(self) -> str:
        """The required type of a model, for messages: ``a tuitrain_core Module``."""
        ...

    def is_model(self, value: object) -> bool:
        """Whether a value is a model that this kind of engine trains."""
        ...

    @property
    def model_names(self) -> Collection[str]:
        """The names of all built-in models, whatever data they fit."""
        ...

    def built_in_models(self, train: Dataset) -> Mapping[str, MakeModel]:
        """Return the named models that fit the inputs and targets of a data set."""
        ...

    def built_in_losses(self) -> Collection[str]:
        """Return the names of the losses that `make_loss` makes."""
        ...

    def make_loss(self, name: str, settings: Mapping[str, Any]) -> Any:
        """Return a loss by name, for `EngineSpec`.

        Raises
        ------
        CoreError : it has no such setting, or a value is not allowed
        """
        ...

    def loss_problem(self, value: object) -> str:
        """Say what a loss of the user's own must return instead of this value; "" if it may."""
        ...

    def build(self, spec: EngineSpec) -> Engine:
        """Build an engine at its first step.

        Raises
        ------
        RefusedError : the groups do not fit the model's parameters
        """
        ...

    def make_model(self, spec: EngineSpec) -> Any:
        """Make the model as the engine has it before its first step."""
        ...

    def simulate_groups(
        self, model: Any, specs: Sequence[GroupSpec], steps_per_epoch: int
    ) -> GroupSimulator:
        """Build groups that follow commands; the model is not trained.

        Parameters
        ----------
        model : as `make_model` returns it
        specs : the groups at the first step
        steps_per_epoch : the length of an epoch, for schedules

        Raises
        ------
        RefusedError : the groups do not fit the model's parameters
        """
        ...

    def environment(self) -> Mapping[str, str]:
        """Return what a run's bits depend on, apart from its scenario: versions, CPU features."""
        ...
