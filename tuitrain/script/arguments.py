"""The arguments of `watch`, checked: numbers of steps, names of metrics, planned commands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import index
from os import PathLike, fspath
from typing import Any

from tuitrain.commands import parse
from tuitrain.engines.registry import is_core_module, is_torch_module
from tuitrain.errors import RefusedError
from tuitrain.metric_info import RESERVED_NAMES, MetricInfo, info_of, is_metric_name
from tuitrain.run.command_plan import find_plan_problem
from tuitrain.run.session import PlannedCommand
from tuitrain.run.snapshot import OPEN_END, OPEN_EPOCH
from tuitrain.tracking.formats import check_available

Plan = Mapping[int, str | Sequence[str]]
"""Commands by the step before which they are applied."""

Logs = str | Iterable[str] | Mapping[str, Any]
"""Formats of logs, or a folder for each."""


@dataclass(frozen=True)
class RunLength:
    """The length of a run, as the script has given it.

    Attributes
    ----------
    epochs, steps, steps_per_epoch : the arguments of `watch`
    may_be_open : whether the length may stay unknown

    Raises
    ------
    RefusedError : one of them is not a whole number from 1
    """

    epochs: int | None = None
    steps: int | None = None
    steps_per_epoch: int | None = None
    may_be_open: bool = False

    def __post_init__(self) -> None:
        for name in ("epochs", "steps", "steps_per_epoch"):
            check_count(name, getattr(self, name))

    def has_epochs(self, loader: Any) -> bool:
        """Whether the length of an epoch is known."""
        return bool(self.steps_per_epoch or _length_of(loader))

    def resolve(self, loader: Any) -> tuple[int, int]:
        """Return the steps of an epoch, and those of the run.

        Parameters
        ----------
        loader : the batches of an epoch, or None; ``steps_per_epoch`` counts before its length

        Raises
        ------
        RefusedError : the length is not known
        """
        per_epoch = self.steps_per_epoch or _length_of(loader)
        if self.may_be_open and self.epochs is None and self.steps is None:
            return per_epoch or OPEN_EPOCH, OPEN_END
        per_epoch = per_epoch or self.steps or 0
        if (self.epochs is None) == (self.steps is None) or not per_epoch:
            raise RefusedError(
                "watch needs the length of the run: loader=… and epochs=N, or steps_per_epoch=N "
                "and epochs=N, or steps=N"
            )
        total = (self.steps or 0) if self.epochs is None else self.epochs * per_epoch
        return int(per_epoch), int(total)


def check_count(name: str, value: Any, required: bool = False) -> None:
    """Check that a number of steps or epochs is one, or None if it is not required.

    Raises
    ------
    RefusedError : it is not a whole number from 1
    """
    if value is None and not required:
        return
    whole = whole_number(value)
    if whole is None or whole < 1:
        raise RefusedError(f"{name} is a whole number from 1, but was given {value!r:.60}")


def check_net(net: Any) -> None:
    """Check that a network is one.

    Raises
    ------
    RefusedError : it is not
    """
    if is_torch_module(net) or is_core_module(net):
        return
    if hasattr(net, "param_groups"):
        raise RefusedError(
            "watch takes the network first, then its optimizer: watch(net, optimizer); here it is "
            f"{type(net).__name__}"
        )
    what = f"the class {net.__name__}" if isinstance(net, type) else type(net).__name__
    raise RefusedError(
        f"watch takes a torch.nn.Module or a tuitrain_core Module, but was given {what}"
    )


def check_kind(is_allowed: bool, where: str, allowed: str, value: Any) -> None:
    """Check that an argument is of the kind that is allowed.

    Parameters
    ----------
    where, allowed : what takes the argument, and what it takes, for the error

    Raises
    ------
    RefusedError : it is not
    """
    if not is_allowed:
        raise RefusedError(f"{where} takes {allowed}, but was given {value!r:.60}")


def check_path(name: str, value: Any) -> str | None:
    """Return the path of an argument as a text; None for None.

    Raises
    ------
    RefusedError : it is not a path
    """
    if value is None:
        return None
    path = fspath(value) if isinstance(value, str | PathLike) else value
    is_path = isinstance(path, str) and bool(path)
    check_kind(is_path, f"watch(…, {name}=…)", "a path, as a text or a Path", value)
    return path


def check_loader(where: str, value: Any) -> None:
    """Check that a loader can give batches, as far as its type shows it.

    Parameters
    ----------
    where : the argument, for the error

    Raises
    ------
    RefusedError : it cannot
    """
    is_iterable = hasattr(value, "__iter__") or hasattr(value, "__getitem__")
    is_loader = is_iterable and not isinstance(value, str | bytes | Mapping | type)
    check_kind(is_loader, where, "what yields batches, such as a DataLoader", value)


def whole_number(value: Any) -> int | None:
    """Return a whole number of Python or NumPy; None for any other value."""
    try:
        return None if isinstance(value, bool) else index(value)
    except TypeError:
        return None


def metric_infos(metrics: str | Iterable[str]) -> tuple[MetricInfo, ...]:
    """Return the facts of the metrics that a script reports.

    Parameters
    ----------
    metrics : their names; a string is one name

    Raises
    ------
    RefusedError : a name is not the name of a metric, or is there twice
    """
    names = (metrics,) if isinstance(metrics, str) else tuple(_listed(metrics))
    for name in names:
        if not isinstance(name, str) or not is_metric_name(name):
            raise RefusedError(
                f"metrics: {name!r:.60} is not the name of a metric: an identifier, and none of "
                f"{', '.join(RESERVED_NAMES)}"
            )
        if names.count(name) > 1:
            raise RefusedError(f"metrics: {name!r} is there twice")
    return tuple(map(info_of, names)) or (info_of("accuracy"),)


def _listed(metrics: Any) -> Iterable[Any]:
    if not isinstance(metrics, Iterable) or isinstance(metrics, bytes):
        raise RefusedError(f"metrics is a list of names, but was given {metrics!r:.60}")
    return metrics


def log_folders(logs: Logs) -> dict[str, str | bool]:
    """Return the folder of each format of a log; True for that of the record.

    Raises
    ------
    RefusedError : a name is not a format, or a folder is none; says what is allowed
    TuitrainError : the library of a format is not installed
    """
    if isinstance(logs, str):
        logs = (logs,)
    if not isinstance(logs, Iterable):
        raise RefusedError(f"log is a list of formats, but was given {logs!r:.60}")
    folders = dict(logs) if isinstance(logs, Mapping) else dict.fromkeys(logs, True)
    for name, folder in folders.items():
        if not isinstance(name, str):
            raise RefusedError(f"log names its formats by texts, but was given {name!r:.60}")
        check_available(name)
        if not isinstance(folder, str | PathLike | bool) or folder == "":
            raise RefusedError(f"log: {name} takes a folder, but was given {folder!r:.60}")
    return {
        name: folder if isinstance(folder, bool) else str(folder)
        for name, folder in folders.items()
    }


def planned_commands(plan: Plan | None, total: int) -> list[PlannedCommand]:
    """Return the planned commands in the order of their steps.

    Parameters
    ----------
    plan : commands by step; None for no commands
    total : the steps of the run

    Raises
    ------
    RefusedError : a step is not in the run, or the plan is of another form
    CommandError : a command cannot be read
    """
    if plan is None:
        return []
    if not isinstance(plan, Mapping):
        raise RefusedError(
            f"plan maps steps to commands, as in {{100: 'lr * x0.5'}}, but was given {plan!r:.60}"
        )
    entries = [(_planned_step(step), _texts(step, texts)) for step, texts in plan.items()]
    planned = [
        PlannedCommand(step, parse(text))
        for step, texts in sorted(entries, key=lambda entry: entry[0])
        for text in texts
    ]
    for item in planned:
        if problem := find_plan_problem(item.step, item.command, total):
            raise RefusedError(f"plan: {problem}")
    return planned


def _planned_step(value: Any) -> int:
    step = whole_number(value)
    if step is None:
        raise RefusedError(
            f"plan: a step is a whole number, as in {{100: 'lr * x0.5'}}, but was given "
            f"{value!r:.60}"
        )
    if step < 0:
        raise RefusedError(f"plan: a step is a number from 0, but was given {step}")
    return step


def _texts(step: Any, texts: Any) -> list[str]:
    listed = [texts] if isinstance(texts, str) else texts
    if not isinstance(listed, Sequence) or not all(isinstance(text, str) for text in listed):
        raise RefusedError(
            f"plan: step {step} has a command as text, or a list of them, but was given "
            f"{texts!r:.60}"
        )
    return list(listed)


def _length_of(loader: Any) -> int:
    """Return the number of batches; 0 if it is not known."""
    try:
        return len(loader)
    except TypeError:  # no loader, or one of an iterable data set
        return 0
