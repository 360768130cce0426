"""The format of a scenario file: a struct for each table of the TOML file."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec

from tuitrain.commands import MAX_COUNT
from tuitrain.engines.registry import DEFAULT_ENGINE
from tuitrain.run import limits as run_limits

SCHEMA: Final = 1
"""The value of ``schema`` in every file that this version reads."""

Count = Annotated[int, msgspec.Meta(ge=1, le=MAX_COUNT)]
Index = Annotated[int, msgspec.Meta(ge=0, le=MAX_COUNT)]
Globs = Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
Commands = Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
Actors = Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
Metrics = Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A table of a scenario; unknown keys are errors."""


def entry_name(table: str, number: int) -> str:
    """Return the name in errors of an entry of an array of tables: ``[[at]] number 1``."""
    return f"[[{table}]] number {number}"


class Group(Table, frozen=True):
    """``[[group]]``: a parameter group.

    Attributes
    ----------
    name : letters, digits, ``_``, ``.`` and ``-``
    params : globs over parameter names; parameters of earlier groups are left out
    lr : the learning rate (default: the optimizer's)
    optimizer : the group's own optimizer, as in ``[optimizer]`` (default: the scenario's)
    frozen : whether the group is frozen before the first step
    """

    name: str
    params: Globs
    lr: float | None = None
    optimizer: dict[str, Any] | None = None
    frozen: bool = False


class At(Table, frozen=True):
    """``[[at]]``: commands applied before the first step of an epoch, or before a step.

    A checkpoint may also be planned for the end of the run, where it keeps the final state.

    Attributes
    ----------
    do : a command, or a list of them, applied in order
    epoch : before the first step of this epoch, counted from 0
    step : before this step, counted from 0
    """

    do: str | Commands
    epoch: Index | None = None
    step: Index | None = None


class Since(Table, frozen=True):
    """The value of ``unchanged`` and ``changed``: the bytes to compare, and since when.

    Attributes
    ----------
    group : the name of a group
    params : globs over parameter names, instead of a group
    since_epoch : compare with the bytes before the first step of this epoch
    since_step : compare with the bytes before this step
    """

    group: str | None = None
    params: Globs | None = None
    since_epoch: Index | None = None
    since_step: Index | None = None


class LrEquals(Table, frozen=True, rename={"equals": "is"}):
    """The value of ``lr``: a group and its expected learning rate.

    Attributes
    ----------
    group : the name of a group
    equals : the learning rate of the next step, within 1e-9 (relative)
    """

    group: str
    equals: float


class MetricIs(Table, frozen=True, rename={"threshold": "is"}):
    """The value of ``metric``: a metric of the test set, and its threshold.

    Attributes
    ----------
    name : a metric that the run measures; for a callable, its name without the module
    threshold : a comparison, as in ``"<= 0.15"``
    """

    name: str
    threshold: str


class Evaluate(Table, frozen=True):
    """``evaluate``: how often the metrics are measured; at the end of the run they always are.

    Attributes
    ----------
    every : a number of steps or epochs, as in ``"500 steps"`` or ``"2 epochs"``
    """

    every: str


class Expect(Table, frozen=True):
    """``[[expect]]``: conditions before the first step of an epoch, or before a step.

    They are checked after the commands planned for this boundary. The boundary after the last
    step counts: ``epoch = 4`` in a run of 4 epochs is its end.

    Attributes
    ----------
    epoch : before the first step of this epoch, counted from 0
    step : before this step, counted from 0
    unchanged : no byte of these parameters has changed since the given step
    changed : every one of these parameters has changed since the given step
    grad_none : globs of parameters without a gradient in the last step
    lr : a group's learning rate in the next step
    train_loss : mean loss of the present epoch, or at its end, of that epoch: ``"<= 0.1"``
    test_accuracy : accuracy on the test set, from 0 to 1: ``">= 0.95"``
    metric : a metric of the test set
    digest : the digest of the state: ``"sha256:…"``
    """

    epoch: Index | None = None
    step: Index | None = None
    unchanged: Since | None = None
    changed: Since | None = None
    grad_none: Globs | None = None
    lr: LrEquals | None = None
    train_loss: str | None = None
    test_accuracy: str | None = None
    metric: MetricIs | None = None
    digest: str | None = None


CONDITIONS = (
    *("unchanged", "changed", "grad_none", "lr", "train_loss", "test_accuracy", "metric"),
    "digest",
)
"""The keys of `Expect` that state a condition, in the order in which they are checked."""


def conditions_in(expect: Expect) -> list[str]:
    """Return the keys of the conditions that an expectation states."""
    return [key for key in CONDITIONS if getattr(expect, key) is not None]


class Log(Table, frozen=True):
    """``[log]``: where a run with a record writes its values for other tools, while it trains.

    A value is a folder, relative to the working directory or below ``~``, or ``true`` for that of
    the record.

    Attributes
    ----------
    tensorboard : event files of TensorBoard
    csv : a table with a row for each value
    jsonl : the same rows and histograms, one JSON object a line
    wandb : offline runs of Weights & Biases
    """

    tensorboard: bool | str = False
    csv: bool | str = False
    jsonl: bool | str = False
    wandb: bool | str = False


class Limits(Table, frozen=True):
    """``[limits]``: what programs that steer the run may do; the run refuses everything else.

    Attributes
    ----------
    actors : the kinds of actors that the limits hold for, such as ``ctl`` and ``key``
    lr_factor : the largest factor, 1 or more, by which one command changes a learning rate, up or
        down; a schedule may rise to this multiple of the present rate
    per_thousand_steps : maximum number of commands that change the run in 1000 steps
    commands : the first words of the commands that they may give (default: all)
    groups : names and globs of the groups that they may change (default: all)
    checkpoint : whether a checkpoint, ``before-agent`` for an agent, is kept before each change
    """

    actors: Actors = run_limits.DEFAULT_ACTORS
    lr_factor: float | None = None
    per_thousand_steps: int | None = None
    commands: Commands | None = None
    groups: Globs | None = None
    checkpoint: bool = False


class Scenario(Table, frozen=True):
    """The top level of a file.

    Attributes
    ----------
    schema : 1
    name : the name of the scenario
    optimizer : ``name``, ``lr`` and settings, such as ``momentum = 0.9``; a group may have its own
    seed : the seed of initial weights, data order and dropout
    description : a string for readers
    model : the name of a network, or ``package.module:callable``
    data : the name of a data set, ``csv:FILE``, ``npz:FILE``, ``folder:FOLDER`` or ``idx:FOLDER``,
        with options as in ``csv:houses.csv?target=price``, or ``package.module:callable``
    loss : the name of a loss, ``package.module:callable`` of outputs and targets, or a table with
        the ``name`` of a loss and its settings, such as ``label_smooth = 0.1``. Default: the
        model's method ``loss``, else ``cross_entropy`` for class numbers and ``square_loss`` for
        other targets
    batch_size : samples a step; the last batch of an epoch may be smaller
    engine : the engine that trains
    metrics : the metrics of the test set, the main one first: their names, or
        ``package.module:callable`` (default: ``accuracy``)
    evaluate : how often they are measured (default: at the end of each epoch)
    epochs : how long to train, instead of ``steps``
    steps : how long to train, instead of ``epochs``
    group : parameter groups, in order (default: one group, ``all``)
    at : planned commands
    expect : expectations
    limits : what programs that steer the run may do
    log : where its values are written for other tools
    """

    schema: Literal[1]
    name: str
    optimizer: dict[str, Any]
    seed: Index = 0
    description: str = ""
    model: str = "lenet"
    data: str = "mnist-mini"
    loss: str | dict[str, Any] = ""
    batch_size: Count = 64
    engine: str = DEFAULT_ENGINE
    metrics: Metrics = ()
    evaluate: Evaluate | None = None
    epochs: Count | None = None
    steps: Count | None = None
    group: tuple[Group, ...] = ()
    at: tuple[At, ...] = ()
    expect: tuple[Expect, ...] = ()
    limits: Limits | None = None
    log: Log | None = None


def log_places(table: Log | None) -> dict[str, bool | str]:
    """Return where each log is; False for none."""
    return {} if table is None else msgspec.structs.asdict(table)


def limits_of(table: Limits | None) -> run_limits.Limits | None:
    """Return the limits that a table declares.

    Raises
    ------
    RefusedError : a value is not allowed
    """
    return None if table is None else run_limits.Limits(**msgspec.structs.asdict(table))
