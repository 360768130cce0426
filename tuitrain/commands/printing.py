"""Writing commands as text: the inverse of `parsing`."""

from __future__ import annotations

from .command import number_text, setting_text
from .types import (
    AddBreakpoint,
    Branch,
    Checkpoint,
    Clip,
    Command,
    Decay,
    Freeze,
    Pause,
    Preview,
    Redo,
    Regroup,
    RemoveBreakpoint,
    Resume,
    Rewind,
    RewindToCheckpoint,
    ScaleLr,
    SetLr,
    SetSchedule,
    Step,
    Stop,
    SwapOptimizer,
    Thaw,
    TryLr,
    Undo,
)


def to_text(command: Command) -> str:  # noqa: PLR0912 - a row for each command
    """Write a command as the text that `parse` reads back to an equal command."""
    match command:
        case Step(count=count):
            return f"step {count}"
        case Freeze(target=target):
            return f"freeze {target}"
        case Thaw(target=target, state=state):
            return f"thaw {target}" + (" reset" if state == "reset" else "")
        case SetLr(target=target, lr=lr):
            return f"lr {target} {number_text(lr)}"
        case ScaleLr(target=target, factor=factor):
            return f"lr {target} x{number_text(factor)}"
        case Decay(target=target, over=over, unit=unit):
            return f"decay {target} over {over} {unit}"
        case SetSchedule():
            return _schedule_text(command)
        case Clip(by=by, limit=limit):
            return "clip off" if by == "off" else f"clip {by} {number_text(limit)}"
        case Rewind(step=step):
            return f"rewind {step}"
        case RewindToCheckpoint(name=name):
            return f"rewind {name}"
        case Checkpoint(name=name):
            return f"checkpoint {name}"
        case Branch(name=name):
            return f"branch {name}"
        case TryLr(target=target, values=values, steps=steps):
            return f"try lr {target} {', '.join(values)} for {steps} steps"
        case Preview(command=text):
            return f"preview {text}"
        case AddBreakpoint():
            return _break_text(command)
        case RemoveBreakpoint(condition=condition):
            which = _break_text(condition).removeprefix("break when") if condition else ""
            return f"break off{which}"
        case SwapOptimizer():
            return _optimizer_text(command)
        case Regroup(name=name, patterns=patterns):
            return f"group {name} = {' '.join(patterns)}"
        case Pause() | Resume() | Stop() | Undo() | Redo():
            return type(command).__struct_config__.tag  # type: ignore[return-value]
    raise TypeError(f"not a command: {command!r}")


def _schedule_text(command: SetSchedule) -> str:
    value = number_text(command.value)
    match command.kind:
        case "exponential":
            rest = f"x{value} per {command.unit.removesuffix('s')}"
        case "milestones":
            rest = f"x{value} at {','.join(map(str, command.at))} {command.unit}"
        case _:
            rest = f"to {value} over {command.over} {command.unit}"
    warmup = f" warmup={command.warmup}" if command.warmup else ""
    return f"schedule {command.target} {command.kind} {rest}{warmup}"


def _break_text(command: AddBreakpoint) -> str:
    limit = number_text(command.limit)
    match command.on:
        case "nan":
            return "break when nan"
        case "loss":
            return f"break when loss > x{limit}"
        case "grad_norm":
            return f"break when grad_norm {command.group} > {limit}"
        case "dead_units":
            return f"break when dead units of {command.group} > {limit}%"
        case "accuracy":
            return f"break when accuracy >= {limit}"


def _optimizer_text(command: SwapOptimizer) -> str:
    words = ["optimizer", command.target, command.name]
    words += [f"{key}={setting_text(value)}" for key, value in command.settings.items()]
    if command.state is not None:
        words.append(f"state={command.state}")
    if command.ramp:
        words.append(f"ramp={command.ramp}")
    return " ".join(words)
