"""Immutable views of groups and parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

SCRIPT_SCHEDULE: Final = "script"
"""The schedule of a group whose lr the script sets, as the groups table shows it."""


@dataclass(frozen=True, slots=True)
class ParameterRow:
    """One parameter, as the groups table lists it under its group.

    ``aliases`` are its other names: a tied parameter is one parameter, listed once.
    """

    name: str
    shape: tuple[int, ...]
    size: int
    update_ratio: float
    frozen_since: int | None
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupView:
    """One parameter group.

    Attributes
    ----------
    size : number of elements of its parameters
    optimizer : the optimizer's name, ``sgd``
    settings : its hyper-parameters that differ from the defaults, as text: ``momentum=0.9``
    schedule : ``constant``, or what the lr follows: ``linear→0``
    lr : the learning rate of the next step
    update_ratio : |Δw|/|w| of the last step; NaN before the first, and while nothing is updated
    grad_norm : Euclidean norm of the group's gradient; NaN where there is none
    frozen_since : the step at which its last parameter was frozen; None unless all are frozen
    frozen_intact : whether the frozen bytes still have the checksum they had then; None if none are
        frozen, or if a script has frozen some of them, whose bytes are not checked
    schedule_record : the schedule as plain values, which give the lr of any step
        (`forecast_rates`);
        empty for a constant one
    is_sampled : whether ``update_ratio`` is estimated from a sample of the elements
    is_frozen_by_script : whether a script itself keeps some of its parameters from training
    """

    name: str
    parameters: tuple[ParameterRow, ...]
    size: int
    optimizer: str
    settings: str
    schedule: str
    lr: float
    update_ratio: float
    grad_norm: float
    frozen_since: int | None
    frozen_intact: bool | None
    schedule_record: Mapping[str, Any] = field(default_factory=dict[str, Any])
    is_sampled: bool = False
    is_frozen_by_script: bool = False


@dataclass(frozen=True, slots=True)
class LrSpan:
    """Consecutive steps of a group with one schedule, from step ``first`` on.

    Attributes
    ----------
    lr : the learning rate of step ``first``
    schedule_record : see `GroupView`
    """

    first: int
    lr: float
    schedule_record: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class ArrayStatistics:
    """Statistics of the finite values of an array; ``non_finite`` counts NaN and inf.

    Attributes
    ----------
    norm : Euclidean norm
    counts : histogram of 40 equal bins from ``low`` to ``high`` (the finite extremes)
    first_values : the first values, in memory order
    """

    mean: float
    std: float
    low: float
    high: float
    norm: float
    non_finite: int
    counts: tuple[int, ...]
    first_values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ParameterView:
    """The parameter that a viewer has selected.

    ``grad`` is None where no gradient is computed; ``aliases`` are a tied parameter's other names.
    """

    name: str
    shape: tuple[int, ...]
    group: str
    step: int
    frozen_since: int | None
    value: ArrayStatistics
    grad: ArrayStatistics | None
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RankView:
    """One process of a training in several.

    Attributes
    ----------
    rank : its number; 0 has the session
    host : the name of its machine; "" before its first report
    step_seconds : the mean time of its last steps, in seconds; 0.0 if that is not known
    own_seconds : of this the time to the backward pass, in which no rank waits for another
    agrees : whether a sample of its parameters has the bytes that rank 0 has; None if each rank has
        a part of them, or before its first report
    """

    rank: int
    host: str = ""
    step_seconds: float = 0.0
    own_seconds: float = 0.0
    agrees: bool | None = None


@dataclass(frozen=True, slots=True)
class LayerUnits:
    """The units of a layer that a ReLU follows, and how many of them are dead.

    A unit is an output channel of a convolution, or an output feature of a linear layer. It is dead
    in a batch if the ReLU gives 0 for it at every place of every sample: then it gets no gradient.

    Attributes
    ----------
    parameter : the layer's weight
    group : the group of the weight
    dead_indices : the indices of the dead units
    """

    parameter: str
    group: str
    units: int
    dead: int
    dead_indices: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class FrozenCache:
    """The outputs of the frozen layers at the bottom of the network, which steps read again.

    Attributes
    ----------
    below : the layer that the kept outputs are inputs of; "" if nothing is kept
    known : the training samples whose outputs are kept
    samples : all training samples
    nbytes : bytes of memory that are in use
    reason : why nothing is kept, although something is frozen; else ""
    """

    below: str = ""
    known: int = 0
    samples: int = 0
    nbytes: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class OptimizerChoice:
    """An optimizer that a group can be given, with its settings apart from lr as text.

    ``defaults`` is written as on the command line: ``("momentum", "0"), ("nesterov", "false")``.
    """

    name: str
    defaults: tuple[tuple[str, str], ...]
