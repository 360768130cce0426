"""Checks that a state fits a model, before anything of it is loaded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tuitrain.errors import CommandError, RefusedError, StateMismatchError
from tuitrain_core.errors import CoreError

from ..state import Array, EngineState
from .groups import Group, GroupTable
from .rules import Opt, Param


def validate_state(
    state: EngineState,
    table: GroupTable[Param, Opt],
    parameters: Mapping[str, Array],
    buffers: Mapping[str, Array],
) -> list[Group[Opt]]:
    """Check that a state fits this model, and make its groups, with optimizers without state.

    Parameters
    ----------
    table : makes the groups; it is not changed
    parameters, buffers : those of the model, by name

    Raises
    ------
    StateMismatchError : lists every name that is missing, unknown, or of another shape or type
    """
    problems = [
        *_differences("parameter", state.parameters, parameters),
        *_differences("buffer", state.buffers, buffers),
        *_differences("gradient", state.gradients, _those_of(state.gradients, parameters)),
    ]
    groups: list[Group[Opt]] = []
    for record in state.groups:
        try:
            groups.append(table.from_record(record))
        except KeyError as error:
            problems.append(f"group {record.get('name')}: {error} is missing or unknown")
        except (RefusedError, CoreError, TypeError, ValueError, AttributeError) as error:
            problems.append(f"group {record.get('name')}: {error}")
    if len(groups) == len(state.groups):
        problems += _group_problems(groups, parameters)
        problems += _optimizer_problems(state, groups, table, parameters)
    problems += [
        f"frozen {name}: no such parameter" for name in state.frozen if name not in parameters
    ]
    clipped = _clip_problem(state)
    problems += [clipped] if clipped else []
    if state.step < 0:
        problems.append(f"step {state.step} is below 0")
    if problems:
        raise StateMismatchError("the state does not fit the model: " + "; ".join(problems))
    return groups


def _clip_problem(state: EngineState) -> str:
    """Return what is wrong with a state's way of clipping, or ""."""
    try:
        _ = state.clip_command
    except CommandError as error:
        return str(error)
    return ""


def _differences(
    kind: str, actual: Mapping[str, Array], expected: Mapping[str, Array]
) -> Iterable[str]:
    for name in sorted({*actual, *expected}):
        if name not in actual:
            yield f"{kind} {name} is missing"
        elif name not in expected:
            yield f"{kind} {name} is unknown"
        elif (actual[name].shape, actual[name].dtype) != (
            expected[name].shape,
            expected[name].dtype,
        ):
            yield (
                f"{kind} {name} is {actual[name].dtype} {actual[name].shape}, "
                f"expected {expected[name].dtype} {expected[name].shape}"
            )


def _those_of(names: Iterable[str], arrays: Mapping[str, Array]) -> dict[str, Array]:
    return {name: arrays[name] for name in names if name in arrays}


def _group_problems(groups: list[Group[Opt]], parameters: Iterable[str]) -> Iterable[str]:
    if sorted(name for group in groups for name in group.members) != sorted(parameters):
        yield "the groups do not hold each parameter exactly once"
    if len({group.name for group in groups}) < len(groups):
        yield "two groups have the same name"


def _optimizer_problems(
    state: EngineState,
    groups: list[Group[Opt]],
    table: GroupTable[Param, Opt],
    parameters: Mapping[str, Array],
) -> Iterable[str]:
    rules = {name: group.rule for group in groups for name in group.members}
    for name, remembered in state.optimizers.items():
        rule, parameter = rules.get(name), parameters.get(name)
        if rule is None or parameter is None:
            yield f"optimizer state {name}: no such parameter"
            continue
        for problem in table.rules.check_slots(rule, remembered.slots, parameter):
            yield f"optimizer state {name} {problem}"
