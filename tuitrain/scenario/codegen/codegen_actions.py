"""The statements for each command of a scenario, which is applied to an engine without training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from tuitrain.commands import AnyCommand, Clip, CommandKind, command_kind, to_text
from tuitrain.engines.engine import Engine
from tuitrain.errors import ScenarioError, TuitrainError

from ..build import due_step
from ..load import parse_commands
from ..schema import Scenario
from .codegen_commands import (
    CLIP_VARIABLES,
    CommandEffect,
    Lines,
    command_statements,
)
from .codegen_groups import is_scheduled
from .codegen_network import Network

Reasons: TypeAlias = Mapping[tuple[int, str], str]
"""Why commands were given, by their steps and texts."""

NO_REASONS: Final[Reasons] = {}

WITHOUT_EFFECT: Final[tuple[CommandKind, ...]] = ("flow", "preview", "checkpoint", "breakpoint")
"""Kinds of commands that do not change what is trained."""


@dataclass(frozen=True, slots=True)
class CodegenAction:
    """A command and its statements.

    Attributes
    ----------
    step : the step that it precedes
    text : the command's text
    statements : have the effect of the command
    schedules : whether a group follows a schedule after it
    clips : the variable of the clipping limit, or ""
    """

    step: int
    text: str
    statements: tuple[Lines, ...]
    schedules: bool
    clips: str


def codegen_actions(
    scenario: Scenario, source: str, engine: Engine, network: Network
) -> Iterator[CodegenAction]:
    """Yield the actions in order; commands that change nothing are left out.

    Parameters
    ----------
    scenario : has the commands
    source : its name in errors
    engine : of the scenario; it moves from step to step without training
    network : names the parts of the network in the program

    Raises
    ------
    ScenarioError : a command cannot be applied, or has no statements; names its step and text
    """
    planned = [
        (due_step(entry, engine.steps_per_epoch), command)
        for entry in scenario.at
        for command in parse_commands(entry)
    ]
    for step, command in sorted(planned, key=lambda entry: entry[0]):
        if command_kind(command) not in WITHOUT_EFFECT:
            action = _make_action(source, step, command, engine, network)
            if action.statements:
                yield action


def _make_action(
    source: str, step: int, command: AnyCommand, engine: Engine, network: Network
) -> CodegenAction:
    before = replace(engine.state(), step=step)
    where = f"{source}: step {step}: {to_text(command)!r}"
    if command_kind(command) != "group":
        raise ScenarioError(
            f"{where} cannot be written as Python, because its effect depends on the run; "
            "record a run of it (tuitrain run --out DIR) and save that"
        )
    try:
        engine.load_state(before)
        engine.apply(command)
        after = engine.state()
        statements = tuple(command_statements(CommandEffect(command, before, after), network))
    except TuitrainError as error:
        raise ScenarioError(f"{where}: {error}") from None
    scheduled = any(map(is_scheduled, after.groups))
    clips = CLIP_VARIABLES.get(command.by, "") if isinstance(command, Clip) else ""
    return CodegenAction(step, to_text(command), statements, scheduled, clips)
