"""A script's loop under a live run, as the app has it: commands, the way back, and both ends."""

import threading

import pytest

import tuitrain
from tests.script.problem import make_problem, read_lines
from tuitrain.commands import parse
from tuitrain.errors import RunFailedError
from tuitrain.run.live.access import LiveAccess
from tuitrain.run.live.live_run import LiveRun
from tuitrain.run.snapshot import Phase, RunInfo
from tuitrain.script.headless_host import HeadlessHost
from tuitrain.script.host_choice import set_host
from tuitrain.script.live_script import LiveHost

TIMEOUT = 60


class Deck:
    """A live run over a script in a thread; `close` leaves it as the app does."""

    def __init__(self, folder, script) -> None:
        self.folder = folder
        self.host = LiveHost(folder)
        set_host(lambda: self.host)
        self.thread = threading.Thread(target=self.run, args=(script,))
        self.ended_by: BaseException | None = None
        info = RunInfo("script", "", "", 0, 1, 0, 0)
        self.live = LiveRun(lambda _: self.host.wait_for_session(), info)
        self.thread.start()
        self.live.start()

    def run(self, script) -> None:
        try:
            script()
        except BaseException as error:
            self.ended_by = error
        if self.host.end_loop is not None:
            self.host.end_loop(self.ended_by)

    def do(self, text: str):
        return self.live.answer(self.live.submit(parse(text)), TIMEOUT)

    def wait_for(self, phase: Phase):
        return self.live.wait_for(lambda shown: shown.phase is phase, TIMEOUT)

    def close(self) -> None:
        self.host.close()
        self.live.close()
        self.host.release()
        self.thread.join(TIMEOUT)
        assert not self.thread.is_alive()
        set_host()


@pytest.fixture
def fly(tmp_path):
    decks = []

    def start(script) -> Deck:
        decks.append(Deck(tmp_path / "run", script))
        return decks[-1]

    yield start
    for deck in decks:
        deck.close()


def own_loop(epochs: int, body=lambda problem: None, plan=None):
    def script() -> None:
        problem = make_problem()
        tuitrain.watch(
            problem.net, problem.optimizer, loader=problem.loader, epochs=epochs, plan=plan
        )
        for _ in range(epochs):
            problem.train_epochs(1)
            body(problem)

    return script


def with_plan_file(path):
    def script() -> None:
        problem = make_problem()
        loader = problem.loader
        tuitrain.watch(problem.net, problem.optimizer, loader=loader, epochs=1, scenario=path)
        problem.train_epochs(1)

    return script


def with_batches(epochs: int, plan=None):
    def script() -> None:
        problem = make_problem()
        run = tuitrain.watch(
            problem.net, problem.optimizer, loader=problem.loader, epochs=epochs, plan=plan
        )
        for batch in run.batches():
            problem.train(*batch)

    return script


def test_commands_are_applied_at_the_boundary(fly):
    deck = fly(own_loop(10, plan={10: "pause"}))
    deck.wait_for(Phase.PAUSED)
    entry = deck.do("freeze body")
    assert (entry.step, entry.outcome) == (10, "applied")
    assert deck.do("step 5").outcome == "applied"
    shown = deck.live.wait_for(lambda shown: shown.step == 15, TIMEOUT)
    assert shown.groups[0].frozen_since == 10
    assert shown.groups[0].frozen_intact
    assert "run.batches" in deck.do("rewind 3").message
    deck.do("resume")
    assert deck.wait_for(Phase.FINISHED).step == 50


def test_the_journal_of_the_deck_has_the_expectations_of_a_plan(fly, tmp_path):
    path = tmp_path / "plan.toml"
    expected = "[[expect]]\nstep = {}\nunchanged = {{ group = 'body', since_step = {} }}\n"
    path.write_text(
        "[[at]]\nstep = 1\ndo = 'freeze body'\n" + expected.format(4, 2) + expected.format(5, 0)
    )
    deck = fly(with_plan_file(path))
    journal = deck.wait_for(Phase.FINISHED).journal
    outcomes = [(entry.step, entry.outcome) for entry in journal]
    assert outcomes == [(1, "applied"), (4, "met"), (5, "not met")]
    deck.close()
    assert deck.ended_by is None


def test_a_run_with_batches_goes_back(fly):
    deck = fly(with_batches(10, plan={20: "pause"}))
    first = deck.wait_for(Phase.PAUSED).loss.values.tolist()
    assert deck.do("rewind 7").outcome == "applied"
    assert deck.do("step 13").outcome == "applied"
    shown = deck.live.wait_for(
        lambda shown: shown.step == 20 and shown.phase is Phase.PAUSED, TIMEOUT
    )
    assert shown.loss.values.tolist() == first
    assert deck.do("lr last 0.5").outcome == "applied"
    deck.do("step 5")
    deck.live.wait_for(lambda shown: shown.step == 25, TIMEOUT)
    assert deck.do("undo").outcome == "applied"
    assert deck.do("branch main").outcome == "applied"


def test_a_finished_run_with_batches_goes_back(fly):
    deck = fly(with_batches(2))
    first = deck.wait_for(Phase.FINISHED).loss.values.tolist()
    assert deck.do("rewind 4").outcome == "applied"
    deck.do("resume")
    shown = deck.wait_for(Phase.FINISHED)
    assert (shown.step, shown.loss.values.tolist()) == (10, first)


def test_learning_rates_that_a_script_sets_are_charted_at_their_steps(fly):
    def halve(problem) -> None:
        for values in problem.optimizer.param_groups:
            values["lr"] *= 0.5

    shown = fly(own_loop(4, halve, {17: "lr last 0.7"})).wait_for(Phase.FINISHED)
    curves = {item.name: item.lr for item in shown.histories}
    body, last = (
        dict(zip(curves[name].steps.tolist(), curves[name].values.tolist(), strict=True))
        for name in ("body", "last")
    )
    factors = {4: 1, 5: 0.5, 9: 0.5, 10: 0.25, 14: 0.25, 15: 0.125, 19: 0.125}
    assert {step: body[step] / body[0] for step in factors} == factors
    assert (last[16], last[17], last[19]) == (last[0] / 8, 0.7, 0.7)


@pytest.mark.parametrize("loop", [own_loop, with_batches])
def test_gradients_are_shown_at_a_boundary(fly, loop):
    deck = fly(loop(10, plan={10: "pause"}))
    deck.wait_for(Phase.PAUSED)
    deck.live.select_parameter("last.weight")
    shown = deck.live.wait_for(lambda shown: shown.parameter is not None, TIMEOUT)
    assert shown.parameter.grad is not None


def test_a_step_that_takes_long_can_be_abandoned(fly):
    reached, released = threading.Event(), threading.Event()

    def script() -> None:
        problem = make_problem()
        run = tuitrain.watch(problem.net, problem.optimizer, loader=problem.loader, epochs=4)
        for batch in run.batches():
            if run.step == 7:
                reached.set()
                assert released.wait(TIMEOUT)
            problem.train(*batch)

    deck = fly(script)
    assert reached.wait(TIMEOUT)
    deck.host.close()
    assert not deck.live.close(timeout=0.01)
    deck.host.abandon()
    assert deck.live.close(TIMEOUT)
    released.set()
    deck.close()
    assert isinstance(deck.ended_by, tuitrain.StoppedError)
    end = read_lines(deck.folder, "journal.jsonl")[-1]
    assert (end["event"], end["step"], end["reason"]) == ("end", 7, "left")


def test_a_breakpoint_holds_the_update(fly):
    deck = fly(own_loop(10, plan={5: "break when grad_norm body > 0"}))
    shown = deck.wait_for(Phase.PAUSED)
    assert shown.step == 5
    deck.do("break off")
    deck.do("resume")
    assert deck.wait_for(Phase.FINISHED).step == 50


def test_leaving_stops_the_loop(fly):
    deck = fly(own_loop(10, plan={10: "pause"}))
    deck.wait_for(Phase.PAUSED)
    deck.close()
    assert isinstance(deck.ended_by, tuitrain.StoppedError)


def test_a_finished_script_continues_when_the_deck_is_left(fly):
    deck = fly(with_batches(2))
    deck.wait_for(Phase.FINISHED)
    assert deck.thread.is_alive()
    deck.close()
    assert deck.ended_by is None


def test_what_a_script_reports_after_the_deck_was_left_is_recorded(fly):
    def script() -> None:
        problem = make_problem()
        run = tuitrain.watch(problem.net, problem.optimizer, loader=problem.loader, epochs=2)
        for batch in run.batches():
            problem.train(*batch)
        run.log(accuracy=0.5)

    deck = fly(script)
    deck.wait_for(Phase.FINISHED)
    deck.close()
    lines = read_lines(deck.folder, "metrics.jsonl")
    assert [(e["step"], e["accuracy"]) for e in lines if e["event"] == "accuracy"] == [(10, 0.5)]


def test_an_error_in_the_loop_ends_the_run(fly):
    def fail(problem) -> None:
        raise ValueError("no more")

    deck = fly(own_loop(10, fail))
    deck.wait_for(Phase.FAILED)
    assert isinstance(deck.live.error, RunFailedError)
    assert str(deck.live.error).startswith("after step 5: ValueError: no more (test_live.py, line ")


def test_a_script_that_ends_early_has_finished(fly):
    def end(problem) -> None:
        raise SystemExit

    deck = fly(own_loop(10, end))
    assert deck.wait_for(Phase.FINISHED).step == 5


def test_an_app_that_closes_before_the_first_step_does_not_wait(fly):
    started = threading.Event()
    deck = fly(started.wait)
    deck.host.close()
    deck.live.close()
    started.set()


def test_a_viewer_attends_a_script_without_a_screen(tmp_path):
    access = LiveAccess(RunInfo("script", "", "", 0, 1, 0, 0))
    viewer = access.open_viewer()
    host = HeadlessHost(tmp_path / "run", access)
    set_host(lambda: host)
    thread = threading.Thread(target=with_batches(10, plan={20: "pause"}))
    thread.start()
    viewer.wait_for(lambda shown: shown.phase is Phase.PAUSED and shown.step == 20, TIMEOUT)
    viewer.submit(parse("rewind 7"), "ctl")
    viewer.wait_for(lambda shown: shown.step == 7, TIMEOUT)
    viewer.submit(parse("resume"), "ctl")
    viewer.close()
    thread.join(TIMEOUT)
    assert host.end_loop is not None
    host.end_loop(None)
    set_host()
    assert access.newest().step == 50
    assert access.newest().phase is Phase.FINISHED


def test_an_interrupt_ends_a_script_that_waits_for_a_viewer(tmp_path):
    access = LiveAccess(RunInfo("script", "", "", 0, 1, 0, 0))
    viewer = access.open_viewer()
    host = HeadlessHost(tmp_path / "run", access)
    set_host(lambda: host)
    problem = make_problem()
    run = tuitrain.watch(problem.net, problem.optimizer, loader=problem.loader, epochs=4)
    viewer.submit(parse("pause"), at=5)
    problem.train_epochs(1)
    run.finish(KeyboardInterrupt())
    set_host()
    assert viewer.snapshot().phase is Phase.STOPPED
