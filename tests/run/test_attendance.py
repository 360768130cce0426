"""Headless runs that viewers attend: they wait for viewers, and are unchanged without them."""

from __future__ import annotations

import json
import os
import signal
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.scenario.small import TEXT, head
from tuitrain.commands import SetLr, parse
from tuitrain.engines.inspection import InspectBatch, InspectNetwork
from tuitrain.errors import RefusedError, RunFailedError
from tuitrain.records.record_reader import JOURNAL
from tuitrain.records.record_writer import RecordWriter
from tuitrain.run.journal_entry import is_pause_by_itself
from tuitrain.run.live.access import LiveAccess
from tuitrain.run.live.viewer import Viewer
from tuitrain.run.snapshot import Phase, RunInfo, Snapshot
from tuitrain.scenario.events import Ended
from tuitrain.scenario.load import loads
from tuitrain.scenario.replay import replay
from tuitrain.scenario.resume import resume
from tuitrain.scenario.verify import make_header, verify_record

TIMEOUT = 60.0
HEAD = head(40)
"""280 steps."""


def nothing(*_) -> None:
    """Take no notice."""


def new_access() -> LiveAccess:
    return LiveAccess(RunInfo("small", "", "", 0, 8, 7, 280))


class Flight:
    """A headless run in a thread, with viewers in the test's."""

    def __init__(self, folder: Path, text: str = HEAD, attends: bool = True) -> None:
        self.folder = folder
        self.access = new_access()
        self.viewer = self.access.open_viewer(attends)
        self.events: list = []
        self.error: BaseException | None = None
        self._text = text
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> Flight:
        self._thread.start()
        return self

    def _run(self) -> None:
        scenario = loads(self._text, "x.toml")
        with ExitStack() as files:
            recorder = RecordWriter(self.folder, make_header(scenario), files)
            try:
                self.events += replay(scenario, "x.toml", recorder=recorder, access=self.access)
            except RunFailedError as error:
                self.error = error

    def wait_for(self, condition, viewer: Viewer | None = None) -> Snapshot:
        shown = (viewer or self.viewer).wait_for(condition, TIMEOUT)
        assert condition(shown), (shown.phase, shown.step, shown.journal)
        return shown

    def paused_at(self, step: int) -> Snapshot:
        return self.wait_for(lambda shown: shown.phase is Phase.PAUSED and shown.step == step)

    def do(self, text: str):
        ticket = self.viewer.submit(parse(text), "ctl@laptop")
        shown = self.wait_for(lambda shown: any(e.ticket == ticket for e in shown.journal))
        return next(entry for entry in shown.journal if entry.ticket == ticket)

    def join(self) -> list:
        self._thread.join(TIMEOUT)
        assert not self._thread.is_alive()
        return self.events


def fly_alone(folder: Path, text: str = HEAD, access: LiveAccess | None = None) -> list:
    scenario = loads(text, "x.toml")
    with ExitStack() as files:
        recorder = RecordWriter(folder, make_header(scenario), files)
        return list(replay(scenario, "x.toml", recorder=recorder, access=access))


def files_of(folder: Path) -> dict[str, bytes]:
    return {item.name: item.read_bytes() for item in folder.glob("*.jsonl")}


PAUSES = TEXT + '[[at]]\nstep = 5\ndo = ["pause", "break when loss > x1.01"]\n'


@pytest.mark.parametrize("text", [HEAD, PAUSES])
def test_access_without_viewers_changes_nothing(tmp_path, text):
    access = new_access()
    assert fly_alone(tmp_path / "a", text) == fly_alone(tmp_path / "b", text, access)
    one, two = files_of(tmp_path / "a"), files_of(tmp_path / "b")
    assert one.pop("groups.jsonl").splitlines()[-1] == two.pop("groups.jsonl").splitlines()[-1]
    assert one == two
    assert access.newest().phase is Phase.FINISHED


def test_a_viewers_pause_waits_until_it_resumes(tmp_path):
    flight = Flight(tmp_path / "run")
    flight.viewer.submit(parse("pause"), "ctl@laptop", at=50, why="have a look")
    flight.start().paused_at(50)
    assert flight.do("freeze fc").step == 50
    assert flight.do("lr no 1").outcome == "refused"
    assert flight.do("step 3").outcome == "applied"
    flight.paused_at(53)
    assert flight.do("rewind 20").outcome == "applied"
    flight.paused_at(20)
    flight.do("resume")
    ended = flight.join()[-1]
    assert isinstance(ended, Ended)
    assert (ended.step, ended.ok) == (280, True), "a refused viewer is not a failed run"
    assert flight.viewer.snapshot().phase is Phase.FINISHED
    lines = [json.loads(line) for line in (tmp_path / "run" / JOURNAL).read_text().splitlines()]
    assert (lines[0]["actor"], lines[0]["why"]) == ("ctl@laptop", "have a look")
    assert "why" not in lines[1]
    assert verify_record(tmp_path / "run", nothing, nothing).verdict.ok
    with pytest.raises(RefusedError, match="the run has ended"):
        flight.viewer.submit(parse("pause"))


def test_a_planned_pause_ends_when_the_last_viewer_leaves(tmp_path):
    flight = Flight(tmp_path / "run", HEAD + '[[at]]\nstep = 50\ndo = "pause"\n')
    other = flight.access.open_viewer(attends=False)
    flight.start().paused_at(50)
    flight.viewer.close()
    assert flight.join()[-1].step == 280
    assert other.snapshot().phase is Phase.FINISHED


PAUSING = {
    "pause": 50,
    "step 3": 53,
    "rewind 20": 20,
    "try lr fc 0.1 for 2 steps": 50,
    "break when grad_norm fc > 0": 50,
    "when grad_norm fc > 0 do pause": 50,
}
"""Commands at step 50, and where they pause the run."""


@pytest.mark.parametrize("text", PAUSING)
def test_a_run_that_a_program_has_paused_waits_until_it_is_resumed(tmp_path, text):
    flight = Flight(tmp_path / "run", attends=False)
    program = flight.access.open_viewer(attends=False)
    program.submit(parse(text), "ctl", at=50)
    flight.start().paused_at(PAUSING[text])
    program.close()
    assert flight.do("lr fc 0.02").step == PAUSING[text]
    flight.paused_at(PAUSING[text])
    if "grad_norm" in text:
        flight.do(f"{text.split()[0]} off")
    flight.do("resume")
    assert flight.join()[-1].step == 280
    assert verify_record(tmp_path / "run", nothing, nothing).verdict.ok


def test_a_planned_pause_is_no_wait_after_a_resume(tmp_path):
    text = HEAD + '[[at]]\nstep = 60\ndo = "pause"\n'
    flight = Flight(tmp_path / "run", text, attends=False)
    flight.viewer.submit(parse("pause"), "ctl", at=50)
    flight.start().paused_at(50)
    flight.do("resume")
    assert flight.join()[-1].step == 280


@pytest.mark.parametrize("attends", [True, False])
def test_planned_pauses_and_breakpoints_wait_for_viewers_who_attend(tmp_path, attends):
    text = HEAD + '[[at]]\nstep = 5\ndo = "pause"\n[[at]]\nstep = 9\ndo = "break when loss > x0"\n'
    text = text.replace("loss > x0", "grad_norm fc > 0")
    text += '[[at]]\nstep = 12\ndo = "break when grad_norm head > 0"\n'
    flight = Flight(tmp_path / "run", text, attends).start()
    if attends:
        flight.paused_at(5)
        flight.do("resume")
        assert "grad_norm" in flight.paused_at(9).note
        flight.do("resume")
        assert "grad_norm of head" in flight.paused_at(12).note
        flight.do("break off")
        flight.do("resume")
    assert flight.join()[-1].step == 280
    assert verify_record(tmp_path / "run", nothing, nothing).verdict.ok


NOT_PAUSED = f"""{TEXT}
[[at]]
step = 5
do = ["pause", "when grad_norm fc > 0 do lr fc x0.5; pause"]
[[at]]
step = 6
do = ["rewind 4", "lr fc 0.01"]
[[at]]
step = 9
do = "break when grad_norm head > 0"
"""


def test_the_journal_says_where_a_run_without_a_viewer_did_not_pause(tmp_path):
    entries = [one for one in fly_alone(tmp_path / "run", NOT_PAUSED) if hasattr(one, "actor")]
    planned = {entry.command: entry.message for entry in entries if entry.actor == "scenario"}
    assert planned["pause"] == "no pause at step 5: no viewer is there to resume the run"
    assert planned["rewind 4"] == "back at step 4; what followed is branch main"
    by_itself = [entry for entry in entries if is_pause_by_itself(entry)]
    expected = {
        5: "when grad_norm fc > 0, use 1 of 1: grad_norm of fc is ",
        4: "grad_norm of fc is ",
        9: "grad_norm of head is ",
    }
    assert [entry.step for entry in by_itself] == [*expected]
    for entry, reason in zip(by_itself, expected.values(), strict=True):
        place = f"no pause before step {entry.step + 1} is applied, without a viewer: "
        assert entry.message.startswith(f"{place}{reason}")
    assert verify_record(tmp_path / "run", nothing, nothing).verdict.ok


def test_viewers_that_flood_a_headless_run_leave_its_digest_unchanged(tmp_path):
    alone = fly_alone(tmp_path / "alone")[-1]
    flight = Flight(tmp_path / "run")
    viewers = [flight.access.open_viewer() for _ in range(5)]
    flight.start()
    turn = 0
    while not flight.viewer.snapshot().phase.ended:
        turn += 1
        for number, viewer in enumerate(viewers):
            viewer.inspect((InspectNetwork(), InspectBatch(), None)[(turn + number) % 3])
            viewer.preview(SetLr("fc", 1.0 + turn + number))
            viewer.snapshot()
        viewers.pop(0).close()
        viewers.append(flight.access.open_viewer())
    assert flight.join()[-1].digest == alone.digest


def test_a_step_that_fails_is_shown_to_viewers():
    access = new_access()
    viewer = access.open_viewer()

    def explode(step: int) -> None:
        if step > 3:
            raise ZeroDivisionError("no more")

    with pytest.raises(RunFailedError):
        list(replay(loads(HEAD, "x.toml"), "x.toml", on_step=explode, access=access))
    shown = viewer.snapshot()
    assert shown.phase is Phase.FAILED
    assert "ZeroDivisionError: no more" in shown.note


def test_a_signal_ends_a_run_that_waits(tmp_path):
    access = new_access()
    viewer = access.open_viewer()
    viewer.submit(parse("pause"), at=50)

    def interrupt() -> None:
        viewer.wait_for(lambda shown: shown.phase is Phase.PAUSED, TIMEOUT)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        fly_alone(tmp_path / "run", HEAD, access)
    thread.join(TIMEOUT)
    lines = [json.loads(line) for line in (tmp_path / "run" / JOURNAL).read_text().splitlines()]
    assert (lines[-1]["event"], lines[-1]["reason"], lines[-1]["step"]) == (
        "end",
        "interrupted",
        50,
    )
    with ExitStack() as files:
        assert [*resume(tmp_path / "run", files, nothing, nothing)][-1].step == 280
    assert verify_record(tmp_path / "run", nothing, nothing).verdict.ok


def test_commands_wait_until_a_resumed_run_has_repeated_its_record(tmp_path):
    first = Flight(tmp_path / "run")
    first.viewer.submit(parse("freeze fc"), at=30, why="it overfits")
    first.viewer.submit(parse("stop"), at=100)
    first.start().join()
    access = new_access()
    viewer = access.open_viewer()
    ticket = viewer.submit(parse("lr head 0.05"), "agent@lab", why="plateau")
    with ExitStack() as files:
        events = list(resume(tmp_path / "run", files, nothing, nothing, access=access))
    assert events[-1].step == 280
    shown = viewer.snapshot()
    entry = next(entry for entry in shown.journal if entry.ticket == ticket)
    assert entry.step >= 100
    assert (entry.outcome, entry.actor, entry.why) == ("applied", "agent@lab", "plateau")
    frozen = next(entry for entry in shown.journal if entry.command == "freeze fc")
    assert (frozen.step, frozen.why) == (30, "it overfits")
    assert verify_record(tmp_path / "run", nothing, nothing).verdict.ok
