"""The session of a script that repeats a recorded run: compared with its record, or continued."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import msgspec

from tuitrain.encoding import write_notice
from tuitrain.engines.capabilities import Capabilities, Capability
from tuitrain.engines.registry import SCRIPT_ENGINE
from tuitrain.errors import RefusedError
from tuitrain.predicates import always, never
from tuitrain.records.observer import NULL_OBSERVER, RecordObserver
from tuitrain.records.provenance import RANKS, SCRIPT, describe_differences
from tuitrain.records.record_reader import Header, read_header
from tuitrain.records.repetition import RepeatedAction
from tuitrain.records.resume_recorder import check_unchanged
from tuitrain.run.alerts.alert import ignore_alert
from tuitrain.run.recorder import Recorder
from tuitrain.run.session import Session
from tuitrain.scenario.expect import Expectations
from tuitrain.scenario.resumed_run import ResumedRun
from tuitrain.scenario.run_to_end import is_action_due, repeat_action
from tuitrain.scenario.verify import Verification, read_repetition

from .repetition import Request

Build: TypeAlias = Callable[[Recorder], tuple[Session, Expectations]]
"""Makes the session of a loop, before its first step, with its expectations."""

_FACTS = ("model", "data", "batch_size", "steps", "metrics", "group")
"""The keys of a script's scenario that the script decides."""


@dataclass
class RepeatedSession:
    """A session that repeats the actions of its record.

    Attributes
    ----------
    session : at the step at which the repetition begins
    actions : the recorded actions that are still to be repeated, in their order
    is_done : whether a comparison has reached the end of its record
    is_caught_up : whether the steps of a continued record are repeated
    all_held : whether the expectations of a continued record hold so far
    verify : returns the result of a comparison; None for a continued record
    """

    session: Session
    actions: deque[RepeatedAction]
    is_done: Callable[[], bool] = never
    is_caught_up: Callable[[], bool] = always
    all_held: Callable[[], bool] = always
    verify: Callable[[], Verification | None] = lambda: None

    @property
    def is_past_record(self) -> bool:
        """Whether no recorded action or step is left to be repeated."""
        return not self.actions and self.is_caught_up()

    def apply_actions(self) -> None:
        """Apply the planned and the recorded actions of the present step."""
        self.session.apply_planned()
        while self.actions and is_action_due(self.session, self.actions[0]):
            repeat_action(self.session, self.actions.popleft())
            self.session.apply_planned()

    def steps_to_action(self) -> int | None:
        """Return the steps up to the next recorded action; None if none is ahead."""
        ahead = self.actions[0].step - self.session.step if self.actions else 0
        return ahead if ahead > 0 else None


def compare_with_record(folder: Path, header: Header, build: Build) -> RepeatedSession:
    """Return a session that is compared with a record.

    Parameters
    ----------
    folder : of the record
    header : that of a new run of the script
    build : makes the session

    Raises
    ------
    TuitrainError : the record cannot be read, or is not of a script
    """
    recorded = read_header(folder)
    check, actions = read_repetition(folder, recorded)
    check.provenance(lambda: _provenance(recorded, header))
    environment = describe_differences(recorded.environment, header.environment)
    changes = [*_changes(recorded, header), *check.changes]
    session, _ = build(check)
    session.on_alert = ignore_alert
    return RepeatedSession(
        session,
        deque(actions),
        is_done=check.is_done,
        verify=lambda: Verification(check.verdict(), environment, changes),
    )


def continue_record(
    request: Request,
    header: Header,
    capabilities: Capabilities,
    files: ExitStack,
    build: Build,
    observer: RecordObserver = NULL_OBSERVER,
) -> RepeatedSession:
    """Return a session that continues from a checkpoint of its record.

    Parameters
    ----------
    request : names the record and the checkpoint
    header : that of a new run of the script
    capabilities : of its engine
    files : closes the record
    build : makes the session
    observer : receives the new lines of the record

    Raises
    ------
    RefusedError : the run cannot go back
    RecordDiffersError : the script, the data or the environment has changed
    TuitrainError : the record cannot be read, or is not of a script
    """
    if capabilities.missing(Capability.REWIND):
        raise RefusedError(f"this run cannot be resumed: {capabilities.missing(Capability.REWIND)}")
    folder = Path(request.folder)
    recorded = read_header(folder)
    if not request.although_changed:
        check_unchanged(_changes(recorded, header))
    run = ResumedRun(
        folder,
        recorded,
        header.environment,
        build,
        files,
        request.checkpoint,
        request.although_changed,
        with_gradients=False,
        observer=observer,
    )
    run.recorder.provenance(lambda: _provenance(recorded, header))
    note = run.restore()
    write_notice(note.message)
    return RepeatedSession(
        run.session,
        deque(run.actions),
        is_caught_up=lambda: run.recorder.is_caught_up,
        all_held=run.expectations.all_held,
    )


def _changes(recorded: Header, header: Header) -> list[str]:
    """Return what the script does differently from the recorded one, in words.

    Raises
    ------
    TuitrainError : the record is not of a script
    """
    if recorded.scenario.get("engine") != SCRIPT_ENGINE:
        raise RefusedError("this run was trained from a scenario, and is repeated without a script")
    ranks = {RANKS: recorded.provenance[RANKS]} if RANKS in recorded.provenance else {}
    before, now = ({key: one.scenario.get(key) for key in _FACTS} for one in (recorded, header))
    shown = {key: _shown(value) for key, value in before.items() if value != now[key]}
    return [
        *describe_differences(ranks, {RANKS: header.provenance.get(RANKS, "1")}),
        *describe_differences(shown, {key: _shown(now[key]) for key in shown}),
    ]


def _provenance(recorded: Header, header: Header) -> dict[str, str]:
    """Return what the script is made from; its place does not count."""
    place = {SCRIPT: recorded.provenance[SCRIPT]} if SCRIPT in recorded.provenance else {}
    return header.provenance | place


def _shown(value: object) -> str:
    return f"{msgspec.json.encode(value).decode():.80}"
