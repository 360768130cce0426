"""Reading scenario files: TOML to `Scenario`, with errors that name the place and the fix."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from tuitrain.commands import AnyCommand, is_name, parse
from tuitrain.decoding import plain_problem
from tuitrain.encoding import decode_text
from tuitrain.engines.registry import IMPORTED_ENGINE, SCRIPT_ENGINE
from tuitrain.errors import CommandError, RefusedError, ScenarioError, did_you_mean, join_or

from .metrics import evaluate_problem, metric_problems
from .schema import (
    CONDITIONS,
    SCHEMA,
    At,
    Evaluate,
    Expect,
    Group,
    Limits,
    Log,
    LrEquals,
    MetricIs,
    Scenario,
    Since,
    conditions_in,
    entry_name,
    limits_of,
    log_places,
)
from .threshold import Threshold

_TABLES: dict[str, type[msgspec.Struct]] = {
    "group": Group,
    "at": At,
    "expect": Expect,
    "unchanged": Since,
    "changed": Since,
    "lr": LrEquals,
    "metric": MetricIs,
    "evaluate": Evaluate,
    "limits": Limits,
    "log": Log,
}

PLAN_KEYS: Final = ("at", "expect", "limits", "schema", "description")
"""The keys of the plan of a script's loop."""


def load(path: Path) -> Scenario:
    """Read and check a scenario file.

    Raises
    ------
    ScenarioError : names the file, the key, the allowed values and the nearest match
    """
    return loads(_read(path), str(path))


def loads(text: str, source: str) -> Scenario:
    """Read and check a scenario's text; ``source`` is its name in errors.

    Raises
    ------
    ScenarioError : names the source, the key, the allowed values and the nearest match
    """
    return convert_table(_parse_toml(text, source), source)


def load_plan(path: Path) -> Scenario:
    """Read and check the plan of a script's loop: a file with the keys `PLAN_KEYS`.

    Returns
    -------
    A scenario with these keys; its other values are placeholders.

    Raises
    ------
    ScenarioError : as `load`, or a key is given that only a scenario has, such as ``model``
    """
    source = str(path)
    table = _parse_toml(_read(path), source)
    for key in table:
        if key in Scenario.__struct_encode_fields__ and key not in PLAN_KEYS:
            raise ScenarioError(
                f"{source}: {key}: the plan of a script has {join_or(PLAN_KEYS)}; "
                "everything else is given by the script itself"
            )
        if key not in PLAN_KEYS:
            hint = did_you_mean(key, PLAN_KEYS)
            raise ScenarioError(
                f"{source}: {key}: no such key{hint} (allowed here: {join_or(PLAN_KEYS)})"
            )
    # What a plan lacks is filled in, so that its entries are checked as those of a scenario.
    filled = {**table, "name": "plan", "optimizer": {"name": "sgd"}, "steps": 1}
    return convert_table({"schema": SCHEMA, **filled, "engine": SCRIPT_ENGINE}, source)


def _parse_toml(text: str, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{source}: not TOML: {error}") from None
    except RecursionError:
        raise ScenarioError(f"{source}: lists or tables are nested too deeply") from None
    except ValueError as error:  # a number of thousands of digits
        raise ScenarioError(f"{source}: a number that cannot be read: {error}") from None


def convert_table(table: dict[str, Any], source: str) -> Scenario:
    """Convert a table to a scenario.

    Parameters
    ----------
    table : plain values, from TOML or JSON

    Raises
    ------
    ScenarioError : names the source, the key, the allowed values and the nearest match
    """
    schema = table.get("schema", SCHEMA)
    if schema != SCHEMA:  # before the keys: another schema may have other ones
        reads = f"this version of tuitrain reads {SCHEMA}"
        raise ScenarioError(f"{source}: schema: {reads}, but was given {schema!r:.60}")
    try:
        scenario = msgspec.convert(table, Scenario)
    except msgspec.ValidationError as error:
        raise ScenarioError(f"{source}: {_explained(str(error), table)}") from None
    for key, problem in _problems(scenario):
        raise ScenarioError(f"{source}: {_readable(key)}: {problem}")
    return scenario


def parse_commands(entry: At) -> tuple[AnyCommand, ...]:
    """Return the commands of one ``[[at]]`` entry, in order."""
    texts = (entry.do,) if isinstance(entry.do, str) else entry.do
    return tuple(parse(text) for text in texts)


def _read(path: Path) -> str:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise ScenarioError(f"{path}: no such file{_near_file(path)}") from None
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be read: {error.strerror}") from None
    return decode_text(content, path, ScenarioError)


def _near_file(path: Path) -> str:
    try:
        return did_you_mean(str(path), [str(candidate) for candidate in path.parent.glob("*.toml")])
    except OSError:
        return ""


def _explained(message: str, table: dict[str, Any]) -> str:
    """Turn msgspec's message into a key, a problem and the nearest match."""
    problem, _, where = message.partition(" - at `")
    key = _located(where.rstrip("`").removeprefix("$").removeprefix("."), table) or "(top level)"
    unknown = re.search(r"unknown field `(.*)`", problem)
    if unknown:
        allowed = _fields(key)
        name = unknown.group(1)
        at = name if key == "(top level)" else f"{key}.{name}"
        hint = did_you_mean(name, allowed)
        return f"{_readable(at)}: no such key{hint} (allowed here: {join_or(allowed)})"
    missing = re.search(r"missing required field `(.*)`", problem)
    if missing:
        return f"{_readable(key)}: the key {missing.group(1)!r} is missing"
    return f"{_readable(key)}: {_found(problem, key, table)}"


def _readable(key: str) -> str:
    """Return a key as errors show it: ``at[0].do`` is ``[[at]] number 1, do``."""
    name, *indices = re.split(r"\[(\d+)\]\.?", key, maxsplit=1)
    if not indices or name not in _TABLES:  # an entry of a list is counted from 0
        return key
    index, rest = indices
    return ", ".join(filter(None, [entry_name(name, int(index) + 1), rest]))


def _located(key: str, table: dict[str, Any]) -> str:
    """Return a key with the number of its array entry, where msgspec writes ``group[...]``."""
    name, elided, rest = key.partition("[...]")
    if not elided or name not in _TABLES:
        return key.replace("[...]", "")
    wrong = next(i for i, entry in enumerate(table[name]) if not _fits(entry, _TABLES[name]))
    return f"{name}[{wrong}]{rest.replace('[...]', '')}"


def _fits(entry: Any, struct: type[msgspec.Struct]) -> bool:
    try:
        msgspec.convert(entry, struct)
    except msgspec.ValidationError:
        return False
    return True


def _found(problem: str, key: str, table: dict[str, Any]) -> str:
    value: Any = table
    for part in re.findall(r"[^.\[\]]+", key):
        value = value[int(part)] if part.isdigit() else value.get(part)
        if value is None:
            return plain_problem(problem)
    return f"{plain_problem(problem)} (given: {value!r:.60})"


def _fields(key: str) -> list[str]:
    last = re.findall(r"[A-Za-z_]+", key)
    struct = _TABLES.get(last[-1], Scenario) if key != "(top level)" and last else Scenario
    return list(struct.__struct_encode_fields__)


def _problems(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Yield (key, problem) for mistakes that the types cannot exclude."""
    if (scenario.epochs is None) == (scenario.steps is None):
        yield "epochs", "give either epochs = N or steps = N"
    if not isinstance(scenario.optimizer.get("name"), str):
        yield "optimizer.name", 'the optimizer\'s name is missing, as in name = "sgd"'
    # A script and another program name their metrics as they like.
    if scenario.engine not in (SCRIPT_ENGINE, IMPORTED_ENGINE):
        yield from metric_problems(scenario.metrics)
    if scenario.evaluate is not None and (problem := evaluate_problem(scenario.evaluate)):
        yield "evaluate.every", problem
    if isinstance(scenario.loss, dict) and not isinstance(scenario.loss.get("name"), str):
        yield "loss.name", 'the loss\'s name is missing, as in name = "cross_entropy"'
    yield from (
        (f"log.{name}", "takes a folder, but was given an empty string")
        for name, place in log_places(scenario.log).items()
        if place == ""
    )
    if problem := _limits_problem(scenario.limits):
        yield "limits", problem
    names = [group.name for group in scenario.group]
    for index, group in enumerate(scenario.group):
        if not is_name(group.name):
            allowed = "letters, digits, '_', '.' and '-'"
            yield f"group[{index}].name", f"takes {allowed}, but was given {group.name!r:.60}"
        if group.name in names[:index]:
            yield f"group[{index}].name", f"a second group is called {group.name!r}"
        if group.optimizer is not None and not isinstance(group.optimizer.get("name"), str):
            yield f"group[{index}].optimizer.name", "the optimizer's name is missing"
    for index, entry in enumerate(scenario.at):
        yield from ((f"at[{index}]{key}", text) for key, text in _at_problems(entry))
    for index, expect in enumerate(scenario.expect):
        yield from ((f"expect[{index}]{key}", text) for key, text in _expect_problems(expect))


def _limits_problem(table: Limits | None) -> str:
    try:
        limits_of(table)
    except RefusedError as error:
        return str(error).removeprefix("limits: ")
    return ""


def _at_problems(entry: At) -> Iterator[tuple[str, str]]:
    if (entry.epoch is None) == (entry.step is None):
        yield "", "give either epoch = N or step = N"
    try:
        parse_commands(entry)
    except CommandError as error:
        yield ".do", str(error)


def _expect_problems(expect: Expect) -> Iterator[tuple[str, str]]:
    if (expect.epoch is None) == (expect.step is None):
        yield "", "give either epoch = N or step = N"
    if not conditions_in(expect):
        yield "", f"nothing is expected; give {join_or(CONDITIONS)}"
    for name in ("unchanged", "changed"):
        since = getattr(expect, name)
        if since is not None:
            yield from ((f".{name}", text) for text in _since_problems(since))
    if expect.lr is not None and not math.isfinite(expect.lr.equals):
        yield ".lr.is", f"takes a finite learning rate, but was given {expect.lr.equals}"
    if expect.digest is not None and not expect.digest.startswith("sha256:"):
        yield (
            ".digest",
            f'takes a digest such as "sha256:0f3c…", but was given {expect.digest!r:.60}',
        )
    thresholds = [("train_loss", expect.train_loss), ("test_accuracy", expect.test_accuracy)]
    if expect.metric is not None:
        thresholds.append(("metric.is", expect.metric.threshold))
    for name, text in thresholds:
        if text is not None and Threshold.parse(text) is None:
            yield f".{name}", f'takes a comparison such as ">= 0.95", but was given {text!r}'


def _since_problems(since: Since) -> Iterator[str]:
    if (since.group is None) == (since.params is None):
        yield 'give either group = "NAME" or params = ["GLOB"]'
    if (since.since_epoch is None) == (since.since_step is None):
        yield "give either since_epoch = N or since_step = N"
