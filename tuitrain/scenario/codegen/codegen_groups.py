"""Groups in a script: ``opt`` has the optimizer of each, ``schedules`` those that follow one.

A group is read from an engine's state, where it is a record of plain values.
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
    """Whether the group follows a schedule; else its lr is a constant."""
    return group["schedule"]["kind"] != "constant"


def lr_expression(group: GroupRecord) -> str:
    """Return the expression for the lr of the step to come."""
    return (
        f"{schedule_expression(group)}.lr(now)"
        if is_scheduled(group)
        else f"{optimizer_expression(group)}.lr"
    )


def new_optimizer(group: GroupRecord, parameters: Call, lr: str) -> Call:
    """Return the expression that makes a group's optimizer, with what differs from defaults."""
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
    """Give the statements for some groups: in a loop, if they differ by the group's name only.

    Parameters
    ----------
    pairs : each of the groups, as it was and as it is
    count : how many groups there are
    write : gives the statements for one
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
