"""Expectations of a scenario, checked at step boundaries."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import msgspec

from tuitrain.commands import Regroup, to_text
from tuitrain.engines.targets import ParameterAliases, match_parameters, parameter_hint
from tuitrain.errors import ScenarioError, did_you_mean
from tuitrain.metric_info import unmeasured_message
from tuitrain.run.session import Session
from tuitrain.run.session_state import SessionState

from .build import due_step, reference_step
from .events import Finding
from .schema import Expect, LrEquals, Since, conditions_in, entry_name
from .threshold import Threshold

DecisionHistory: TypeAlias = tuple[int, tuple[tuple[int, str], ...]]
"""A step, and the decisions before it with their steps."""

_KEY = "expectations"


class _Memory(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The memory of expectations, as plain values.

    Attributes
    ----------
    bytes : a parameter, the history that led to its bytes, and their hash
    held : the index of an expectation, and whether it held
    """

    bytes: list[tuple[str, DecisionHistory, str]]
    held: list[tuple[int, bool]]


class Expectations:
    """Checks a scenario's expectations on a session.

    Parameters
    ----------
    expected : the expectations, in the order of their file
    session : the session to check, before its first step
    source : the name of the file in errors

    Raises
    ------
    ScenarioError : an expectation names an unknown group or parameter, or can never be due
    """

    def __init__(self, expected: Sequence[Expect], session: Session, source: str) -> None:
        self._session = session
        self._per_epoch = session.info.steps_per_epoch
        self._expected = expected
        self._bytes: dict[tuple[str, DecisionHistory], bytes] = {}
        self._held: dict[int, bool] = {}
        session.save_with_state(self._memory)
        for number, expect in enumerate(expected, start=1):
            problem = self._problem(expect)
            if problem:
                raise ScenarioError(f"{source}: {entry_name('expect', number)}: {problem}")
        session.timeline.on_stop = self._remember_bytes

    def check_boundary(self) -> list[Finding]:
        """Check the expectations of this boundary, and remember the bytes that later checks need.

        After a rewind the run may pass a boundary again; the last check counts.
        """
        self._remember_bytes()
        findings = []
        for index, expect in enumerate(self._expected):
            if due_step(expect, self._per_epoch) == self._session.step:
                new = [replace(finding, number=index + 1) for finding in self._check(expect)]
                self._held[index] = all(finding.held for finding in new)
                findings += new
        return findings

    def resume_problem(self, state: SessionState) -> str:
        """Return why these expectations cannot continue from a saved state; "" if they can."""
        if _KEY not in state.observer_state:
            missing = [step for step in self._steps() if step < state.engine.step]
            if missing:
                return f"it has no results of the expectations at step {min(missing)}"
            return ""
        try:
            self._remembered(state)
        except (msgspec.ValidationError, ValueError, RecursionError) as error:
            return f"its results of expectations are damaged: {error}"
        return ""

    def restore(self, state: SessionState) -> None:
        """Restore the memory of a state; `resume_problem` of it must be ""."""
        if _KEY in state.observer_state:
            self._bytes, self._held = self._remembered(state)

    def check_end(self) -> list[Finding]:
        """Return a finding at the end of the run, if an expectation was never checked."""
        missed = [
            due_step(expect, self._per_epoch)
            for index, expect in enumerate(self._expected)
            if index not in self._held
        ]
        if not missed:
            return []
        return [self._finding(f"the run gets to step {min(missed)}", False, "it ended before")]

    def all_held(self) -> bool:
        """Whether every expectation was checked, and held at its last check."""
        return len(self._held) == len(self._expected) and all(self._held.values())

    def _memory(self) -> Mapping[str, Any]:
        known = [(name, history, has.hex()) for (name, history), has in self._bytes.items()]
        return {_KEY: msgspec.to_builtins(_Memory(known, list(self._held.items())))}

    def _remembered(
        self, state: SessionState
    ) -> tuple[dict[tuple[str, DecisionHistory], bytes], dict[int, bool]]:
        """Return the hashes and the results that were saved with a state.

        Raises
        ------
        ValidationError, ValueError : they are damaged
        """
        memory = msgspec.convert(state.observer_state[_KEY], _Memory)
        wrong = [index for index, _ in memory.held if not 0 <= index < len(self._expected)]
        if wrong:
            raise ValueError(f"there is no expectation {wrong[0]}")
        known = {(name, led): bytes.fromhex(has) for name, led, has in memory.bytes}
        return known, dict(memory.held)

    def _steps(self) -> Iterator[int]:
        """Yield the steps at which a check is made or bytes are remembered."""
        for expect in self._expected:
            yield due_step(expect, self._per_epoch)
            for since in (expect.unchanged, expect.changed):
                if since is not None:
                    yield reference_step(since, self._per_epoch)

    def _check(self, expect: Expect) -> Iterator[Finding]:
        """Yield the findings; a group that a regroup dissolved is missing."""
        groups = [group.name for group in self._session.engine.groups()]
        for name in groups_in(expect):
            if name not in groups:
                yield self._finding(f"a group {name}", False, unknown_group_message(name, groups))
                return
        for key in conditions_in(expect):
            yield replace(self._check_condition(key, getattr(expect, key)), key=key)

    def _check_condition(self, key: str, wanted: Any) -> Finding:
        """Return the finding for the value of a key of an expectation."""
        match key:
            case "unchanged" | "changed":
                return self._compared(wanted, moved=key == "changed")
            case "grad_none":
                return self._grad_none(wanted)
            case "lr":
                return self._lr(wanted)
            case "train_loss":
                return self._number(key, wanted, self._session.metrics.train_loss())
            case "test_accuracy":
                return self._metric(key, "accuracy", wanted)
            case "metric":
                return self._metric(wanted.name, wanted.name, wanted.threshold)
            case _:
                result = self._session.engine.digest()
                return self._finding(f"digest is {wanted}", result == wanted, result)

    def _finding(self, what: str, held: bool, result: str) -> Finding:
        return Finding(self._session.step, what, held, result)

    def _compared(self, since: Since, moved: bool) -> Finding:
        start = reference_step(since, self._per_epoch)
        names = self._names(since)
        history = self._history(start)
        stayed = [n for n in names if self._bytes.get((n, history)) == self._hash(n)]
        wrong = stayed if moved else [name for name in names if name not in stayed]
        subject = since.group or " ".join(since.params or ())
        verb = "changed" if moved else "unchanged"
        otherwise = "unchanged" if moved else "changed"
        result = (
            f"{otherwise}: {', '.join(wrong)}" if wrong else f"{verb}: all {len(names)} parameters"
        )
        return self._finding(f"{subject} {verb} since step {start}", not wrong, result)

    def _grad_none(self, patterns: Sequence[str]) -> Finding:
        names = self._matching(patterns)
        wrong = [name for name in names if self._session.engine.gradient(name) is not None]
        result = f"gradient: {', '.join(wrong)}" if wrong else f"none: all {len(names)} parameters"
        return self._finding(f"no gradient for {' '.join(patterns)}", not wrong, result)

    def _lr(self, wanted: LrEquals) -> Finding:
        lr = next(g.lr for g in self._session.engine.groups() if g.name == wanted.group)
        held = math.isclose(lr, wanted.equals, rel_tol=1e-9, abs_tol=0.0)
        return self._finding(f"lr of {wanted.group} is {wanted.equals!r}", held, repr(lr))

    def _metric(self, title: str, name: str, text: str) -> Finding:
        """Compare a metric; for a script's loop, its newest report."""
        reported = self._session.info.reports_metrics
        values = (
            self._session.metrics.newest_reported()
            if reported
            else self._session.metrics.of_test_set()
        )
        if name not in values:
            return self._finding(f"{title} {text}", False, "the script has not reported it yet")
        return self._number(title, text, values[name])

    def _number(self, name: str, text: str, value: float) -> Finding:
        comparison = Threshold.parse(text)
        assert comparison is not None  # checked when the scenario was loaded
        return self._finding(f"{name} {text}", comparison.holds(value), f"{value:.6g}")

    def _names(self, since: Since) -> list[str]:
        if since.params is not None:
            return self._matching(since.params)
        group = next(g for g in self._session.engine.groups() if g.name == since.group)
        return [row.name for row in group.parameters]

    def _matching(self, patterns: Sequence[str]) -> list[str]:
        return match_parameters(patterns, self._parameter_names())

    def _parameter_names(self) -> ParameterAliases:
        engine = self._session.engine
        aliases = {row.name: row.aliases for group in engine.groups() for row in group.parameters}
        return {name: aliases[name] for name in engine.parameters()}

    def _remember_bytes(self) -> None:
        """Remember the bytes of this boundary, if any expectation compares with them.

        After going back, the run may pass here with other decisions and bytes: both are kept.
        """
        step = self._session.step
        sinces = (since for part in self._expected for since in (part.unchanged, part.changed))
        if any(since and reference_step(since, self._per_epoch) == step for since in sinces):
            history = self._history(step)
            for name in self._session.engine.parameters():
                self._bytes[name, history] = self._hash(name)

    def _history(self, step: int) -> DecisionHistory:
        """Return the history that leads to the bytes at a boundary of the present branch."""
        decisions = self._session.timeline.branch.decisions
        return step, tuple((d.step, to_text(d.command)) for d in decisions if d.step < step)

    def _hash(self, name: str) -> bytes:
        return hashlib.blake2b(self._session.engine.parameters()[name].data).digest()

    def _problem(self, expect: Expect) -> str:
        """Return why an expectation cannot be checked, or ""."""
        groups = self._known_groups()
        for name in groups_in(expect):
            if name not in groups:
                return unknown_group_message(name, groups)
        if expect.test_accuracy is not None and (problem := self._unmeasured("accuracy")):
            return f"test_accuracy: {problem}"
        if expect.metric is not None and (problem := self._unmeasured(expect.metric.name)):
            return f"metric.name: {problem}"
        due = due_step(expect, self._per_epoch)
        for since in (expect.unchanged, expect.changed):
            if since is not None and reference_step(since, self._per_epoch) >= due:
                return "what is compared must begin before the step at which it is expected"
        if expect.grad_none is not None and due == 0:
            return "before the first step nothing has a gradient"
        return self._pattern_problem(expect)

    def _unmeasured(self, name: str) -> str:
        """Say that the run does not measure a metric; "" if it does."""
        metrics = self._session.info.metrics
        return "" if name in [info.name for info in metrics] else unmeasured_message(name, metrics)

    def _pattern_problem(self, expect: Expect) -> str:
        patterns = list(expect.grad_none or ())
        for since in (expect.unchanged, expect.changed):
            patterns += list((since.params if since else None) or ())
        names = self._parameter_names()
        for pattern in patterns:
            if not self._matching([pattern]):
                return f"no parameter matches {pattern!r}{parameter_hint(pattern, names)}"
        return ""

    def _known_groups(self) -> list[str]:
        made = [
            part.command.name
            for part in self._session.pending_commands
            if isinstance(part.command, Regroup)
        ]
        return [group.name for group in self._session.engine.groups()] + made


def unknown_group_message(name: str, groups: Sequence[str]) -> str:
    """Return the message for an unknown group, with the nearest match and all groups."""
    return f"no group is called {name!r}{did_you_mean(name, groups)} (groups: {', '.join(groups)})"


def groups_in(expect: Expect) -> Iterator[str]:
    """Yield the groups that an expectation names."""
    for part in (expect.unchanged, expect.changed, expect.lr):
        if part is not None and part.group is not None:
            yield part.group
