"""Groups in a program: ``opt`` has their optimizers, ``schedules`` the schedules of some.

A group is a record of plain values, from an engine's state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from tuitrain_core.optimizer import get_optimizer_class

from .codegen_source import Call, ForEach, Statement, Variable, call, literal

GroupRecord: TypeAlias = Mapping[str, Any]


def optimizer_expression(group: GroupRecord) -> str:
    """Return the expression for a group's optimizer."""
    return f"opt[{literal(group['name'])}]"


def schedule_expression(group: GroupRecord) -> str:
    """Return the expression for the schedule that a group follows."""
    return f"schedules[{literal(group['name'])}]"


def is_scheduled(group: GroupRecord) -> bool:
    """Whether the group follows a schedule; otherwise its lr is constant."""
    return group["schedule"]["kind"] != "constant"


def lr_expression(group: GroupRecord) -> str:
    """Return the expression for the lr of the next step."""
    return (
        f"{schedule_expression(group)}.lr(now)"
        if is_scheduled(group)
        else f"{optimizer_expression(group)}.lr"
    )


def new_optimizer(group: GroupRecord, parameters: Call, lr: str) -> Call:
    """Return the expression that makes a group's optimizer, with settings other than defaults."""
    kind = get_optimizer_class(group["rule"])
    settings = {
        name: literal(group["settings"][name])
        for name in kind.hyper_parameters()
        if name != "lr" and group["settings"][name] != kind.defaults()[name]
    }
    return call(f"optimizer.{kind.__name__}", parameters, lr=lr, **settings)


def for_each(
    pairs: Iterable[tuple[GroupRecord, GroupRecord]],
    count: int,
    write: Callable[[GroupRecord, GroupRecord], Iterable[Statement]],
) -> Iterator[Statement | ForEach]:
    """Yield the statements for groups: in a loop, if they differ only in the group's name.

    Parameters
    ----------
    pairs : each group, before and after a command
    count : the number of groups
    write : returns the statements for one group
    """
    chosen = list(pairs)
    name = {"name": Variable("name")}
    general = [tuple(write({**was, **name}, {**group, **name})) for was, group in chosen]
    if len(chosen) > 1 and all(body == general[0] for body in general):
        names = tuple(group["name"] for _, group in chosen)
        yield ForEach("list(opt)" if len(chosen) == count else literal(names), general[0])
    else:
        for was, group in chosen:
            yield from write(was, group)
