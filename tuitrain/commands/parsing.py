"""Reading commands from text: the inverse of `printing`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, cast

from tuitrain.errors import CommandError, did_you_mean, join_or

from .breakpoints import AddBreakpoint, RemoveBreakpoint
from .checks import one_of, shown, usage_error
from .command import Setting
from .printing import to_text
from .tokens import count, exactly, not_negative, setting, unit
from .types import (
    SCHEDULES,
    AnyCommand,
    Branch,
    Checkpoint,
    Clip,
    Decay,
    Freeze,
    Pause,
    Preview,
    Redo,
    Regroup,
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
from .vocabulary import VOCABULARY


def parse(text: str) -> AnyCommand:
    """Read one command, as in ``"lr fc 0.01"``.

    Raises
    ------
    CommandError : names what was given, what is allowed and the nearest match
    """
    words = text.split()
    if not words:
        raise CommandError(f"no command given; one of {join_or(_READERS)} is expected")
    name, rest = words[0], words[1:]
    read = _READERS.get(name)
    if read is None:
        raise CommandError(
            f"unknown command {name!r}{did_you_mean(name, _READERS)} (known: {join_or(_READERS)})"
        )
    return read(rest)


def _plain(command: AnyCommand) -> Callable[[list[str]], AnyCommand]:
    def read(words: list[str]) -> AnyCommand:
        if words:
            raise usage_error(
                to_text(command), f"takes nothing after it, but was given {words[0]!r}"
            )
        return command

    return read


def _step(words: list[str]) -> Step:
    if len(words) > 1:
        raise usage_error("step", f"takes one number, but was given {' '.join(words)!r}")
    return Step(count("step", words[0])) if words else Step()


def _freeze(words: list[str]) -> Freeze:
    (named,) = exactly("freeze", words, 1)
    return Freeze(named)


def _thaw(words: list[str]) -> Thaw:
    if not words or len(words) > 2:
        raise usage_error("thaw", f"was given {' '.join(words)!r}")
    state = words[1] if len(words) == 2 else "keep"
    return Thaw(words[0], cast(Literal["keep", "reset"], state))


def _lr(words: list[str]) -> SetLr | ScaleLr:
    named, value = exactly("lr", words, 2)
    if value.startswith("x"):
        return ScaleLr(named, not_negative("lr", "factor", value[1:]))
    return SetLr(named, not_negative("lr", "learning rate", value))


def _decay(words: list[str]) -> Decay:
    named, over, number, each = exactly("decay", words, 4)
    if over != "over":
        raise usage_error("decay", f"expects 'over' after the target, but was given {over!r}")
    return Decay(named, count("decay", number), unit("decay", each))


def _schedule(words: list[str]) -> SetSchedule:
    warmup = 0
    if words and words[-1].startswith("warmup="):
        warmup = count("schedule", words[-1].removeprefix("warmup="))
        words = words[:-1]
    if len(words) < 2:
        raise usage_error("schedule", f"was given {' '.join(words)!r}")
    whom, kind, rest = words[0], words[1], words[2:]
    one_of("schedule", "kind", kind, SCHEDULES)
    if kind == "exponential":
        return _exponential(whom, rest, warmup)
    if kind == "milestones":
        return _milestones(whom, rest, warmup)
    if len(rest) != 5 or rest[0] != "to" or rest[2] != "over":
        raise usage_error("schedule", f"was given {' '.join(rest)!r} after {kind}")
    value = not_negative("schedule", "learning rate", rest[1])
    over, each = count("schedule", rest[3]), unit("schedule", rest[4])
    return SetSchedule(whom, cast(Any, kind), value, over, (), each, warmup)


def _exponential(whom: str, rest: list[str], warmup: int) -> SetSchedule:
    if len(rest) != 3 or not rest[0].startswith("x") or rest[1] != "per":
        raise usage_error("schedule", f"was given {' '.join(rest)!r} after exponential")
    factor = not_negative("schedule", "factor", rest[0][1:])
    each = unit("schedule", rest[2])
    return SetSchedule(whom, "exponential", factor, unit=each, warmup=warmup)


def _milestones(whom: str, rest: list[str], warmup: int) -> SetSchedule:
    if len(rest) != 4 or not rest[0].startswith("x") or rest[1] != "at":
        raise usage_error("schedule", f"was given {' '.join(rest)!r} after milestones")
    factor = not_negative("schedule", "factor", rest[0][1:])
    at = tuple(count("schedule", word) for word in rest[2].split(","))
    each = unit("schedule", rest[3])
    return SetSchedule(whom, "milestones", factor, at=at, unit=each, warmup=warmup)


def _clip(words: list[str]) -> Clip:
    if words == ["off"]:
        return Clip("off")
    by, limit = exactly("clip", words, 2)
    one_of("clip", "kind", by, ("norm", "value"))
    return Clip(cast(Literal["norm", "value"], by), not_negative("clip", "limit", limit))


def _rewind(words: list[str]) -> Rewind | RewindToCheckpoint:
    (where,) = exactly("rewind", words, 1)
    return (
        Rewind(count("rewind", where, 0))
        if where[0] in "+-0123456789"
        else RewindToCheckpoint(where)
    )


def _checkpoint(words: list[str]) -> Checkpoint:
    (name,) = exactly("checkpoint", words, 1)
    return Checkpoint(name)


def _branch(words: list[str]) -> Branch:
    (name,) = exactly("branch", words, 1)
    return Branch(name)


def _try(words: list[str]) -> TryLr:
    if len(words) < 6 or words[0] != "lr" or words[-3] != "for" or words[-1] not in _STEPS:
        raise usage_error("try", f"was given {' '.join(words)!r}")
    values = tuple(each.strip() for each in " ".join(words[2:-3]).split(","))
    return TryLr(words[1], values, count("try", words[-2]))


_STEPS = ("step", "steps")


_PREVIEWED = ("freeze", "thaw", "lr", "decay", "schedule", "clip", "optimizer", "group")


def _preview(words: list[str]) -> Preview:
    if not words:
        raise usage_error("preview", "was given nothing")
    return Preview(" ".join(words))


def previewed(text: str) -> str:
    """Return the text form of a command that can be previewed.

    Raises
    ------
    CommandError : it cannot be read, or does not concern groups
    """
    if not isinstance(text, str):
        raise usage_error("preview", f"takes a command's text, but was given {shown(text)}")
    first, *_ = text.split() or [""]
    one_of("preview", "command", first, _PREVIEWED)
    return to_text(parse(text))


def _break(words: list[str]) -> AddBreakpoint | RemoveBreakpoint:
    match words:
        case ["off"]:
            return RemoveBreakpoint()
        case ["off", *condition]:
            return RemoveBreakpoint(cast(AddBreakpoint, _break(["when", *condition])))
        case ["when", "nan"]:
            return AddBreakpoint("nan")
        case ["when", "loss", ">", factor] if factor.startswith("x"):
            return AddBreakpoint("loss", not_negative("break", "factor", factor[1:]))
        case ["when", "grad_norm", group, ">", limit]:
            return AddBreakpoint("grad_norm", not_negative("break", "norm", limit), group)
        case ["when", "dead", "units", "of", group, ">", share] if share.endswith("%"):
            return AddBreakpoint("dead_units", not_negative("break", "share", share[:-1]), group)
        case ["when", "accuracy", ">=", limit]:
            return AddBreakpoint("accuracy", not_negative("break", "accuracy", limit))
    raise usage_error("break", f"was given {' '.join(words)!r}" if words else "was given nothing")


def _optimizer(words: list[str]) -> SwapOptimizer:
    if len(words) < 2:
        raise usage_error("optimizer", f"was given {' '.join(words)!r}")
    settings: dict[str, Setting] = {}
    state: Literal["carry", "reset"] | None = None
    ramp = 0
    for word in words[2:]:
        key, equals, value = word.partition("=")
        if not equals:
            raise usage_error("optimizer", f"expects KEY=VALUE, but was given {word!r}")
        if key == "state":
            state = cast(Literal["carry", "reset"], value)
        elif key == "ramp":
            ramp = count("optimizer", value)
        elif key in settings:
            raise usage_error("optimizer", f"was given {key!r} twice")
        else:
            settings[key] = setting(key, value)
    return SwapOptimizer(words[0], words[1], settings, state, ramp)


def _group(words: list[str]) -> Regroup:
    if len(words) < 3 or words[1] != "=":
        raise usage_error("group", f"was given {' '.join(words)!r}")
    return Regroup(words[0], tuple(words[2:]))


_READERS: dict[str, Callable[[list[str]], AnyCommand]] = {
    "pause": _plain(Pause()),
    "resume": _plain(Resume()),
    "step": _step,
    "stop": _plain(Stop()),
    "freeze": _freeze,
    "thaw": _thaw,
    "lr": _lr,
    "decay": _decay,
    "schedule": _schedule,
    "clip": _clip,
    "optimizer": _optimizer,
    "group": _group,
    "rewind": _rewind,
    "checkpoint": _checkpoint,
    "undo": _plain(Undo()),
    "redo": _plain(Redo()),
    "branch": _branch,
    "try": _try,
    "preview": _preview,
    "break": _break,
}
assert list(_READERS) == [each.name for each in VOCABULARY]
