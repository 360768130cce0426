"""Reading commands from text: the inverse of `printing`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, cast

from tuitrain.errors import CommandError, listed, nearest

from .printing import number_text, to_text
from .types import (
    AnyCommand,
    Branch,
    BreakOff,
    BreakWhen,
    Clip,
    Decay,
    FollowSchedule,
    Freeze,
    Pause,
    Preview,
    Regroup,
    Resume,
    Rewind,
    ScaleLr,
    SetLr,
    Setting,
    Step,
    Stop,
    SwapOptimizer,
    Thaw,
    TryLr,
    Undo,
)
from .vocabulary import VOCABULARY
from .words import NAME, count, exactly, misused, not_negative, one_of, setting, target, unit


def parse(text: str) -> AnyCommand:
    """Read one command, as in ``"lr fc 0.01"``.

    Raises
    ------
    CommandError : names what was given, what is allowed and the nearest match
    """
    words = text.split()
    if not words:
        raise CommandError(f"no command given; one of {listed(_READERS)} is expected")
    name, rest = words[0], words[1:]
    read = _READERS.get(name)
    if read is None:
        raise CommandError(
            f"unknown command {name!r}{nearest(name, _READERS)} (known: {listed(_READERS)})"
        )
    return read(rest)


def _plain(command: AnyCommand) -> Callable[[list[str]], AnyCommand]:
    def read(words: list[str]) -> AnyCommand:
        if words:
            raise misused(to_text(command), f"takes nothing after it, but was given {words[0]!r}")
        return command

    return read


def _step(words: list[str]) -> Step:
    if len(words) > 1:
        raise misused("step", f"takes one number, but was given {' '.join(words)!r}")
    return Step(count("step", words[0])) if words else Step()


def _freeze(words: list[str]) -> Freeze:
    (named,) = exactly("freeze", words, 1)
    return Freeze(target("freeze", named))


def _thaw(words: list[str]) -> Thaw:
    if not words or len(words) > 2:
        raise misused("thaw", f"was given {' '.join(words)!r}")
    state = words[1] if len(words) == 2 else "keep"
    return Thaw(
        target("thaw", words[0]),
        cast(Literal["keep", "reset"], one_of("thaw", "state", state, ("keep", "reset"))),
    )


def _lr(words: list[str]) -> SetLr | ScaleLr:
    named, value = exactly("lr", words, 2)
    whom = target("lr", named)
    if value.startswith("x"):
        return ScaleLr(whom, not_negative("lr", "factor", value[1:]))
    return SetLr(whom, not_negative("lr", "learning rate", value))


def _decay(words: list[str]) -> Decay:
    named, over, number, each = exactly("decay", words, 4)
    if over != "over":
        raise misused("decay", f"expects 'over' after the target, but was given {over!r}")
    return Decay(target("decay", named), count("decay", number), unit("decay", each))


def _schedule(words: list[str]) -> FollowSchedule:
    warmup = 0
    if words and words[-1].startswith("warmup="):
        warmup = count("schedule", words[-1].removeprefix("warmup="))
        words = words[:-1]
    if len(words) < 2:
        raise misused("schedule", f"was given {' '.join(words)!r}")
    whom, kind, rest = target("schedule", words[0]), words[1], words[2:]
    kinds = ("linear", "cosine", "exponential", "milestones", "one-cycle")
    one_of("schedule", "kind", kind, kinds)
    if kind == "exponential":
        return _exponential(whom, rest, warmup)
    if kind == "milestones":
        return _milestones(whom, rest, warmup)
    if len(rest) != 5 or rest[0] != "to" or rest[2] != "over":
        raise misused("schedule", f"was given {' '.join(rest)!r} after {kind}")
    value = not_negative("schedule", "learning rate", rest[1])
    over, each = count("schedule", rest[3]), unit("schedule", rest[4])
    return FollowSchedule(whom, cast(Any, kind), value, over, (), each, warmup)


def _exponential(whom: str, rest: list[str], warmup: int) -> FollowSchedule:
    if len(rest) != 3 or not rest[0].startswith("x") or rest[1] != "per":
        raise misused("schedule", f"was given {' '.join(rest)!r} after exponential")
    factor = not_negative("schedule", "factor", rest[0][1:])
    each = unit("schedule", rest[2])
    return FollowSchedule(whom, "exponential", factor, unit=each, warmup=warmup)


def _milestones(whom: str, rest: list[str], warmup: int) -> FollowSchedule:
    if len(rest) != 4 or not rest[0].startswith("x") or rest[1] != "at":
        raise misused("schedule", f"was given {' '.join(rest)!r} after milestones")
    factor = not_negative("schedule", "factor", rest[0][1:])
    at = tuple(count("schedule", word) for word in rest[2].split(","))
    if list(at) != sorted(set(at)):
        raise misused("schedule", f"takes milestones that ascend, but was given {rest[2]!r}")
    each = unit("schedule", rest[3])
    return FollowSchedule(whom, "milestones", factor, at=at, unit=each, warmup=warmup)


def _clip(words: list[str]) -> Clip:
    if words == ["off"]:
        return Clip("off")
    by, limit = exactly("clip", words, 2)
    one_of("clip", "kind", by, ("norm", "value"))
    value = not_negative("clip", "limit", limit)
    if not value:
        raise misused("clip", "takes a limit above 0; `clip off` ends it")
    return Clip(cast(Literal["norm", "value"], by), value)


def _rewind(words: list[str]) -> Rewind:
    (step,) = exactly("rewind", words, 1)
    return Rewind(0 if step == "0" else count("rewind", step))


def _branch(words: list[str]) -> Branch:
    (name,) = exactly("branch", words, 1)
    if not NAME.fullmatch(name):
        raise misused("branch", f"takes a branch's name, but was given {name!r}")
    return Branch(name)


def _try(words: list[str]) -> TryLr:
    if len(words) < 6 or words[0] != "lr" or words[-3] != "for" or words[-1] not in _STEPS:
        raise misused("try", f"was given {' '.join(words)!r}")
    whom, steps = target("try", words[1]), count("try", words[-2])
    values = [each.strip() for each in " ".join(words[2:-3]).split(",")]
    return TryLr(whom, tuple(_candidate(each) for each in values), steps)


_STEPS = ("step", "steps")


def _candidate(word: str) -> str:
    """Read one learning rate to try, and write it in its shortest form."""
    scales = word.startswith("x")
    number = number_text(not_negative("try", "learning rate", word[scales:]))
    return f"x{number}" if scales else number


_PREVIEWED = ("freeze", "thaw", "lr", "decay", "schedule", "clip", "optimizer", "group")


def _preview(words: list[str]) -> Preview:
    if not words:
        raise misused("preview", "was given nothing")
    one_of("preview", "command", words[0], _PREVIEWED)
    return Preview(to_text(parse(" ".join(words))))


def _break(words: list[str]) -> BreakWhen | BreakOff:
    match words:
        case ["off"]:
            return BreakOff()
        case ["when", "nan"]:
            return BreakWhen("nan")
        case ["when", "loss", ">", factor] if factor.startswith("x"):
            return BreakWhen("loss", not_negative("break", "factor", factor[1:]))
        case ["when", "grad_norm", group, ">", limit]:
            limit = not_negative("break", "norm", limit)
            return BreakWhen("grad_norm", limit, target("break", group))
        case ["when", "accuracy", ">=", limit]:
            return BreakWhen("accuracy", not_negative("break", "accuracy", limit))
    raise misused("break", f"was given {' '.join(words)!r}" if words else "was given nothing")


def _optimizer(words: list[str]) -> SwapOptimizer:
    if len(words) < 2:
        raise misused("optimizer", f"was given {' '.join(words)!r}")
    whom, name = target("optimizer", words[0]), words[1]
    if not NAME.fullmatch(name):
        raise misused("optimizer", f"takes an optimizer's name, but was given {name!r}")
    settings: dict[str, Setting] = {}
    state: Literal["carry", "reset"] | None = None
    ramp = 0
    for word in words[2:]:
        key, equals, value = word.partition("=")
        if not equals or not NAME.fullmatch(key):
            raise misused("optimizer", f"expects KEY=VALUE, but was given {word!r}")
        if key == "state":
            state = cast(
                Literal["carry", "reset"],
                one_of("optimizer", "state", value, ("carry", "reset")),
            )
        elif key == "ramp":
            ramp = count("optimizer", value)
        elif key in settings:
            raise misused("optimizer", f"was given {key!r} twice")
        else:
            settings[key] = setting(key, value)
    return SwapOptimizer(whom, name, settings, state, ramp)


def _group(words: list[str]) -> Regroup:
    if len(words) < 3 or words[1] != "=":
        raise misused("group", f"was given {' '.join(words)!r}")
    name, patterns = words[0], words[2:]
    if not NAME.fullmatch(name):
        raise misused(
            "group", f"takes a name of letters, digits, '_', '.' and '-', but was given {name!r}"
        )
    return Regroup(name, tuple(target("group", pattern) for pattern in patterns))


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
    "undo": _plain(Undo()),
    "branch": _branch,
    "try": _try,
    "preview": _preview,
    "break": _break,
}
assert list(_READERS) == [each.name for each in VOCABULARY]
