"""The live run: thread, mailbox and snapshots. Tests wait for events, never for time."""

import threading

import pytest

from tests.run.fake_engine import FakeEngine
from tuitrain.commands import Freeze, SetLr, parse
from tuitrain.errors import RefusedError, ScenarioError
from tuitrain.run.checkpoint_policy import CheckpointPolicy
from tuitrain.run.live.live_run import LiveRun
from tuitrain.run.logs.log_capture import LogCapture
from tuitrain.run.session import Session
from tuitrain.run.snapshot import ArrayStatistics, ParameterView, Phase, RunInfo, UpdatePreview

INFO = RunInfo("test", "fake", "none", 0, 4, 10, 30)
TIMEOUT = 60.0


def start(engine: FakeEngine, total: int = 30) -> LiveRun:
    info = RunInfo("test", "fake", "none", 0, 4, 10, total)
    return LiveRun(lambda on_progress: Session(engine, info), INFO).start()


def answer(run: LiveRun, text: str):
    """Submit a command and wait for its journal entry."""
    return run.answer(run.submit(parse(text)), TIMEOUT)


class Gate:
    """Holds the training before one step, so that a test can act there."""

    def __init__(self, step: int) -> None:
        self.step = step
        self.reached = threading.Event()
        self.opened = threading.Event()

    def __call__(self, step: int) -> None:
        if step == self.step:
            self.reached.set()
            assert self.opened.wait(TIMEOUT)


def test_a_run_that_has_ended_still_answers_commands():
    run = start(FakeEngine())
    last = run.join(TIMEOUT)
    assert (last.phase, last.step) == (Phase.FINISHED, 30)
    assert last.loss.values.tolist() == [float(n) for n in range(1, 31)]
    assert answer(run, "freeze a").outcome == "refused"
    run.close()


def test_a_command_submitted_during_a_step_is_applied_at_the_next_boundary():
    gate = Gate(7)
    engine = FakeEngine(gate)
    run = start(engine)
    assert gate.reached.wait(TIMEOUT)
    ticket = run.submit(Freeze("a"))  # step 7 is under way: 7 are done, the 8th is not
    gate.opened.set()
    assert run.answer(ticket, TIMEOUT).step == 8
    assert engine.applied == [(8, Freeze("a"))]
    run.close()


def test_commands_are_applied_in_the_order_of_submission():
    gate = Gate(3)
    engine = FakeEngine(gate)
    run = start(engine)
    assert gate.reached.wait(TIMEOUT)
    tickets = [run.submit(SetLr("a", float(n))) for n in range(50)]
    gate.opened.set()
    run.answer(tickets[-1], TIMEOUT)
    assert [command.lr for _, command in engine.applied] == [float(n) for n in range(50)]
    assert tickets == sorted(set(tickets))
    run.close()


def test_commands_work_while_paused():
    gate = Gate(5)
    engine = FakeEngine(gate)
    run = start(engine)
    assert gate.reached.wait(TIMEOUT)
    pause = run.submit(parse("pause"))
    gate.opened.set()
    assert run.answer(pause, TIMEOUT).step == 6
    assert answer(run, "freeze a").step == 6
    assert run.snapshot().phase is Phase.PAUSED
    assert answer(run, "step 2").outcome == "applied"
    assert answer(run, "resume").outcome in ("applied", "unchanged")
    assert run.join(TIMEOUT).phase is Phase.FINISHED
    run.close()


def test_a_snapshot_never_changes():
    run = start(FakeEngine())
    early = run.snapshot()
    losses, journal = early.loss.values.copy(), early.journal
    run.join(TIMEOUT)
    answer(run, "freeze a")
    assert early.loss.values.tolist() == losses.tolist()
    assert early.journal is journal
    assert not run.snapshot().loss.values.flags.writeable
    run.close()


def test_versions_only_grow():
    run = start(FakeEngine())
    versions = [run.snapshot().version for _ in range(200)]
    versions.append(run.join(TIMEOUT).version)
    assert versions == sorted(versions)
    run.close()


def test_an_error_in_building_is_shown_and_later_commands_are_refused():
    def build(on_progress):
        on_progress("reading data")
        raise ScenarioError("x.toml: model: 'lenett' is not known")

    run = LiveRun(build, INFO).start()
    failed = run.join(TIMEOUT)
    assert failed.phase is Phase.FAILED
    assert failed.note == "x.toml: model: 'lenett' is not known"
    entry = answer(run, "pause")
    assert (entry.outcome, entry.message) == ("refused", "the run has failed")
    run.close()


@pytest.mark.parametrize("error", [ZeroDivisionError, SystemExit])
def test_an_error_in_training_is_shown_with_its_step_and_loses_nothing(error):
    def explode(step: int) -> None:
        if step == 12:
            raise error("a user's loss")

    run = start(FakeEngine(explode))
    failed = run.join(TIMEOUT)
    assert failed.phase is Phase.FAILED
    message = f"step 13: {error.__name__}: a user's loss (test_live.py, line "
    assert failed.note.startswith(message)
    assert len(failed.loss) >= 10
    run.close()


def test_a_loss_that_trains_nothing_is_in_the_log_once():
    class Idle(FakeEngine):
        def gradient(self, parameter: str):
            return None

    log = LogCapture()
    run = LiveRun(lambda on_progress: Session(Idle(), INFO), INFO, log=log).start()
    last = run.join(TIMEOUT)
    run.close()
    warnings = [(line.level, line.text) for line in last.log.lines]
    sentence = "the loss gives no gradient to any parameter, so nothing is trained"
    assert warnings == [("warning", sentence)]


def wait_for_preview(run: LiveRun, condition) -> UpdatePreview | None:
    """Wait for a snapshot whose preview meets a condition, and return the preview."""
    snapshot = run.wait_for(lambda snapshot: condition(snapshot.preview), TIMEOUT)
    assert condition(snapshot.preview)
    return snapshot.preview


def test_a_preview_is_computed_during_the_run_and_changes_nothing():
    engine = FakeEngine()
    run = start(engine, total=10**9)
    run.preview(SetLr("all", 0.5))
    preview = wait_for_preview(run, lambda preview: preview is not None)
    assert preview == UpdatePreview("lr all 0.5", (("all", 0.1, 0.2),))
    run.preview(SetLr("all", 0.7))
    wait_for_preview(run, lambda preview: preview is not None and preview.command == "lr all 0.7")
    run.preview(None)
    wait_for_preview(run, lambda preview: preview is None)
    assert engine.applied == []
    assert run.snapshot().journal == ()
    run.close()


def test_a_preview_of_a_command_that_would_be_refused_gives_the_reason():
    engine = FakeEngine()

    def refuse(command):
        raise RefusedError("no group is called 'al'")

    engine.preview = refuse
    run = start(engine, total=10**9)
    run.preview(SetLr("al", 0.5))
    preview = wait_for_preview(run, lambda preview: preview is not None)
    assert preview == UpdatePreview("lr al 0.5", problem="no group is called 'al'")
    run.close()


def test_after_the_end_there_is_no_preview():
    run = start(FakeEngine())
    run.join(TIMEOUT)
    run.preview(SetLr("all", 0.5))
    preview = wait_for_preview(run, lambda preview: preview is not None)
    assert preview.problem == "the run has ended at step 30"
    run.close()


def test_closing_ends_the_thread_from_any_state():
    for text in ("pause", "stop", "resume"):
        run = start(FakeEngine(), total=10**9)
        answer(run, text)
        run.close()
        assert not run.alive


def test_a_run_ends_with_a_clock_that_only_counts():
    times = iter(range(10**9))
    engine = FakeEngine()
    info = RunInfo("test", "fake", "none", 0, 4, 10, 30)
    run = LiveRun(
        lambda on_progress: Session(engine, info), INFO, clock=lambda: next(times) / 1000
    ).start()
    assert run.join(TIMEOUT).phase is Phase.FINISHED
    run.close()


def test_snapshots_and_record_are_overhead_but_steps_and_evaluation_are_not():
    now, shares = [0.0], []

    class Slow(FakeEngine):
        def groups(self):
            now[0] += 0.01
            return super().groups()

        def digests(self):
            now[0] += 0.01
            return super().digests()

        def evaluate(self, on_batch=lambda: None):
            now[0] += 0.1
            return super().evaluate(on_batch)

    def step(number: int) -> None:
        now[0] += 0.04
        shares.append(run.snapshot().overhead)

    info = RunInfo("test", "fake", "none", 0, 4, 10, 200)
    policy = CheckpointPolicy(digest_every=10)
    run = LiveRun(
        lambda on_progress: Session(Slow(step), info, policy=policy), INFO, lambda: now[0]
    )
    run.start().join(TIMEOUT)
    run.close()
    assert shares[:10] == [None] * 10
    # For ten steps and an evaluation: a digest, and two snapshots, which may take 5 % at most.
    assert shares[-1] == pytest.approx(0.03 / 0.53, abs=0.005)


def test_suspended_time_is_excluded_from_the_throughput():
    now, speeds, overheads = [0.0], [], []

    def step(number: int) -> None:
        now[0] += 0.1
        if number == 20:
            now[0] += 600
            run.on_resume()
        speeds.append(run.snapshot().samples_per_second)
        overheads.append(run.snapshot().overhead)

    engine = FakeEngine(step)
    run = LiveRun(lambda on_progress: Session(engine, INFO), INFO, clock=lambda: now[0])
    run.start().join(TIMEOUT)
    run.close()
    assert {round(speed) for speed in speeds[5:]} <= {0, 40}
    assert round(speeds[-1]) == 40
    assert {share for share in overheads if share is not None} == {0.0}


def test_output_of_the_runs_thread_is_shown_with_its_step():
    log = LogCapture()
    engine = FakeEngine(lambda step: print("step", step) if step in (3, 9) else None)
    with log.capture():
        run = LiveRun(lambda on_progress: Session(engine, INFO), INFO, log=log).start()
        last = run.join(TIMEOUT)
        run.close()
    assert [(line.text, line.step) for line in last.log.lines] == [("step 3", 3), ("step 9", 9)]


def count_descriptions(reads: bool, tick: float) -> tuple[int, int]:
    """Run 1 000 steps; return how often the groups and the selected parameter were described."""
    times = iter(range(10**9))
    array = ArrayStatistics(0.0, 1.0, -1.0, 1.0, 1.0, 0, (1,) * 40, (0.0,))
    parameter = ParameterView("w", (2,), "all", 0, None, array, None)
    runs: list[LiveRun] = []
    described = {"groups": 0, "parameter": 0}

    class Counting(FakeEngine):
        def groups(self):
            described["groups"] += 1
            return super().groups()

        def inspect_parameter(self, name: str):
            described["parameter"] += 1
            return parameter

    engine = Counting(lambda _: runs[0].snapshot() if reads else None)
    info = RunInfo("test", "fake", "none", 0, 4, 10, 1000)
    run = LiveRun(lambda on_progress: Session(engine, info), INFO, clock=lambda: next(times) * tick)
    runs.append(run)
    run.select_parameter("w")
    shown = run.start().join(TIMEOUT)
    run.close()
    assert (shown.step, shown.parameter) == (1000, parameter)
    return described["groups"], described["parameter"]


def test_snapshots_are_built_only_when_the_last_one_was_read():
    assert count_descriptions(reads=False, tick=1.0)[0] <= 2
    assert count_descriptions(reads=True, tick=1.0)[0] > 20


def test_the_selected_parameter_is_described_less_often_than_the_groups():
    groups, parameter = count_descriptions(reads=True, tick=0.001)
    assert 2 < parameter < groups / 2
