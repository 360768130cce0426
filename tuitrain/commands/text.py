"""The text form of commands: `parse` reads it, `to_text` writes it, and the two are inverse."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Literal, cast

from tuitrain.errors import CommandError, listed, nearest

from .types import (
    AnyCommand,
    Command,
    Decay,
    Freeze,
    Pause,
    Regroup,
    Resume,
    ScaleLr,
    SetLr,
    Setting,
    Step,
    Stop,
    SwapOptimizer,
    Thaw,
)
from .vocabulary import VOCABULARY, verb

_TARGET = re.compile(r"[\w.*?\[\]!-]+")
_NAME = re.compile(r"[A-Za-z_][\w.-]*")


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


def to_text(command: Command) -> str:
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
        case SwapOptimizer():
            return _optimizer_text(command)
        case Regroup(name=name, patterns=patterns):
            return f"group {name} = {' '.join(patterns)}"
        case Pause() | Resume() | Stop():
            return type(command).__struct_config__.tag  # type: ignore[return-value]
    raise TypeError(f"not a command: {command!r}")


def number_text(value: float) -> str:
    """Write a number in the shortest form that reads back to the same bits."""
    return str(int(value)) if value == int(value) and abs(value) < 1e6 else repr(value)


def _optimizer_text(command: SwapOptimizer) -> str:
    words = ["optimizer", command.target, command.name]
    words += [f"{key}={setting_text(value)}" for key, value in command.settings.items()]
    if command.state is not None:
        words.append(f"state={command.state}")
    return " ".join(words)


def setting_text(value: Setting) -> str:
    """Write a hyper-parameter's value as it stands after ``KEY=``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ",".join(number_text(part) for part in value)
    return number_text(value)


def _plain(command: AnyCommand) -> Callable[[list[str]], AnyCommand]:
    def read(words: list[str]) -> AnyCommand:
        if words:
            raise _misused(to_text(command), f"takes nothing after it, but was given {words[0]!r}")
        return command

    return read


def _step(words: list[str]) -> Step:
    if len(words) > 1:
        raise _misused("step", f"takes one number, but was given {' '.join(words)!r}")
    return Step(_count("step", words[0])) if words else Step()


def _freeze(words: list[str]) -> Freeze:
    (target,) = _exactly("freeze", words, 1)
    return Freeze(_target("freeze", target))


def _thaw(words: list[str]) -> Thaw:
    if not words or len(words) > 2:
        raise _misused("thaw", f"was given {' '.join(words)!r}")
    state = words[1] if len(words) == 2 else "keep"
    return Thaw(
        _target("thaw", words[0]),
        cast(Literal["keep", "reset"], _one_of("thaw", "state", state, ("keep", "reset"))),
    )


def _lr(words: list[str]) -> SetLr | ScaleLr:
    target, value = _exactly("lr", words, 2)
    target = _target("lr", target)
    if value.startswith("x"):
        return ScaleLr(target, _not_negative("lr", "factor", value[1:]))
    return SetLr(target, _not_negative("lr", "learning rate", value))


def _decay(words: list[str]) -> Decay:
    target, over, count, unit = _exactly("decay", words, 4)
    if over != "over":
        raise _misused("decay", f"expects 'over' after the target, but was given {over!r}")
    unit = {"epoch": "epochs", "step": "steps"}.get(unit, unit)
    return Decay(
        _target("decay", target),
        _count("decay", count),
        cast(Literal["epochs", "steps"], _one_of("decay", "unit", unit, ("epochs", "steps"))),
    )


def _optimizer(words: list[str]) -> SwapOptimizer:
    if len(words) < 2:
        raise _misused("optimizer", f"was given {' '.join(words)!r}")
    target, name = _target("optimizer", words[0]), words[1]
    if not _NAME.fullmatch(name):
        raise _misused("optimizer", f"takes an optimizer's name, but was given {name!r}")
    settings: dict[str, Setting] = {}
    state: Literal["carry", "reset"] | None = None
    for word in words[2:]:
        key, equals, value = word.partition("=")
        if not equals or not _NAME.fullmatch(key):
            raise _misused("optimizer", f"expects KEY=VALUE, but was given {word!r}")
        if key == "state":
            state = cast(
                Literal["carry", "reset"],
                _one_of("optimizer", "state", value, ("carry", "reset")),
            )
        elif key in settings:
            raise _misused("optimizer", f"was given {key!r} twice")
        else:
            settings[key] = _setting(key, value)
    return SwapOptimizer(target, name, settings, state)


def _group(words: list[str]) -> Regroup:
    if len(words) < 3 or words[1] != "=":
        raise _misused("group", f"was given {' '.join(words)!r}")
    name, patterns = words[0], words[2:]
    if not _NAME.fullmatch(name):
        raise _misused(
            "group", f"takes a name of letters, digits, '_', '.' and '-', but was given {name!r}"
        )
    return Regroup(name, tuple(_target("group", pattern) for pattern in patterns))


_READERS: dict[str, Callable[[list[str]], AnyCommand]] = {
    "pause": _plain(Pause()),
    "resume": _plain(Resume()),
    "step": _step,
    "stop": _plain(Stop()),
    "freeze": _freeze,
    "thaw": _thaw,
    "lr": _lr,
    "decay": _decay,
    "optimizer": _optimizer,
    "group": _group,
}
assert list(_READERS) == [each.name for each in VOCABULARY]


def _exactly(name: str, words: list[str], count: int) -> list[str]:
    if len(words) != count:
        raise _misused(name, f"was given {' '.join(words)!r}" if words else "was given nothing")
    return words


def _target(name: str, word: str) -> str:
    if not _TARGET.fullmatch(word):
        raise _misused(name, f"takes a group's name or a glob, but was given {word!r}")
    return word


def _one_of(name: str, what: str, word: str, allowed: tuple[str, ...]) -> str:
    if word not in allowed:
        hint = nearest(word, allowed)
        raise _misused(name, f"takes {listed(allowed)} as its {what}, but was given {word!r}{hint}")
    return word


def _count(name: str, word: str) -> int:
    if not re.fullmatch(r"[0-9]{1,12}", word) or int(word) < 1:
        raise _misused(name, f"takes a whole number from 1 up, but was given {word!r}")
    return int(word)


def _number(name: str, what: str, word: str) -> float:
    try:
        value = float(word)
    except ValueError:
        raise _misused(name, f"takes a number as its {what}, but was given {word!r}") from None
    if not math.isfinite(value):
        raise _misused(name, f"takes a finite {what}, but was given {word!r}")
    return value


def _not_negative(name: str, what: str, word: str) -> float:
    value = _number(name, what, word)
    if value < 0:
        raise _misused(name, f"takes a {what} of 0 or more, but was given {word!r}")
    return value + 0.0  # -0.0 becomes 0.0, so that what is printed reads back to the same bits


def _setting(key: str, word: str) -> Setting:
    if word in ("true", "false"):
        return word == "true"
    parts = word.split(",")
    if len(parts) > 2:
        raise _misused("optimizer", f"takes one or two numbers for {key}, but was given {word!r}")
    numbers = [_number("optimizer", key, part) + 0.0 for part in parts]
    return numbers[0] if len(numbers) == 1 else (numbers[0], numbers[1])


def _misused(name: str, problem: str) -> CommandError:
    known = verb(name)
    assert known is not None
    return CommandError(f"{name} {problem} (write: {known.usage})")
