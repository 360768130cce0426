"""A script without a screen, watched and steered by other processes."""

import multiprocessing

import pytest

import tuitrain
from tests.script.problem import make_problem, read_lines
from tests.script.served import TIMEOUT, Body, last_of, serving
from tuitrain.errors import NoSuchRunError
from tuitrain.remote.local.find_run import find_run
from tuitrain.remote.local.live_runs import list_live_runs
from tuitrain.run.logs.log_capture import LOG_NAME
from tuitrain.run.snapshot import Phase

LONG = 10**6
"""Epochs of a run that only a command ends."""


def script(folder, epochs=LONG, with_batches=False, problem=None, error=None):
    """Return what trains a loop that ends with ``error``, or without one."""

    def train(after_epoch: Body):
        made = problem or make_problem()
        run = tuitrain.watch(
            made.net, made.optimizer, loader=made.loader, epochs=epochs, out=folder
        )
        try:
            if with_batches:
                for number, batch in enumerate(run.batches()):
                    made.train(*batch)
                    if number == 4:
                        after_epoch(0)
            else:
                for epoch in range(epochs):
                    made.train_epochs(1)
                    after_epoch(epoch)
        except BaseException as problem_of_loop:
            run.finish(problem_of_loop)
            raise
        run.finish()

    return train


def test_a_viewer_changes_no_bit(tmp_path):
    alone = make_problem()
    losses = alone.train_epochs(10)
    watched = make_problem()
    with serving(script(tmp_path / "run", 10, problem=watched), tmp_path / "run") as made:
        source = made.view()
        made.go()
        assert last_of(source).loss.values.tolist() == losses
        made.join()
    assert watched.weights() == alone.weights()


def test_a_script_says_how_it_is_watched_and_is_listed(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("tuitrain.remote.local.live_runs.STATUS_SECONDS", TIMEOUT)
    with serving(script(tmp_path / "run"), tmp_path / "run") as made:
        facts = find_run(str(tmp_path / "run"))
        assert f"watch it with: tuitrain attach {facts.id}" in capsys.readouterr().err
        made.go()
        (row,) = list_live_runs()
        assert row.status is not None
        assert (row.facts.folder, row.status.phase) == (str(tmp_path / "run"), "running")
        made.do("stop")
        made.join()
        assert isinstance(made.ended_by, tuitrain.StoppedError)
    assert "recorded in" in capsys.readouterr().err


def test_a_pause_by_a_program_holds_the_loop_after_it_has_left(tmp_path, monkeypatch):
    monkeypatch.setattr("tuitrain.remote.local.live_runs.STATUS_SECONDS", TIMEOUT)
    with serving(script(tmp_path / "run"), tmp_path / "run") as made:
        made.go()
        step = made.do("pause").step
        assert made.wait("paused").step == step
        (row,) = list_live_runs()
        assert row.status is not None
        assert (row.status.phase, row.status.step) == ("paused", step)
        assert made.do("freeze body").step == step
        assert "run.batches" in made.do("rewind 3").message
        assert made.do("step 5").outcome == "applied"
        assert made.wait("paused").step == step + 5
        assert made.do("resume").outcome == "applied"
        made.do("stop")
    lines = read_lines(tmp_path / "run", "journal.jsonl")
    written = [(e["step"], e["command"], e["actor"]) for e in lines if e["event"] == "command"]
    assert written[:4] == [
        (step, "pause", "ctl@program"),
        (step, "freeze body", "ctl@program"),
        (step, "rewind 3", "ctl@program"),
        (step, "step 5", "ctl@program"),
    ]


def test_a_loop_with_batches_goes_back_by_ctl(tmp_path):
    with serving(script(tmp_path / "run", with_batches=True), tmp_path / "run") as made:
        made.go()
        made.wait("step 20")
        step = made.do("pause").step
        first = made.wait("paused").loss.values.tolist()
        assert made.do("rewind 7").outcome == "applied"
        made.do(f"step {step - 7}")
        again = made.wait(f"step {step}")
        assert again.loss.values.tolist() == first
        made.do("stop")


def test_viewers_see_why_a_script_has_ended(tmp_path):
    def end(_: int) -> None:
        raise SystemExit

    with serving(script(tmp_path / "run"), tmp_path / "run", end) as made:
        source = made.view()
        made.go()
        shown = last_of(source)
        assert (shown.phase, shown.step) == (Phase.FINISHED, 5)
        assert str(source.error) == "the run has ended: the script has ended at step 5"
    with pytest.raises(NoSuchRunError):
        find_run(str(tmp_path / "run"))


def test_viewers_see_that_a_script_was_interrupted(tmp_path):
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with serving(script(tmp_path / "run"), tmp_path / "run", interrupt) as made:
        source = made.view()
        made.go()
        shown = last_of(source)
        assert (shown.phase, shown.step, len(shown.loss)) == (Phase.STOPPED, 5, 5)
        assert shown.note == "the script was interrupted at step 5"
    assert read_lines(tmp_path / "run", "journal.jsonl")[-1]["reason"] == "interrupted"


def test_a_script_that_dies_leaves_its_traceback_in_the_log(tmp_path):
    def die(epoch: int) -> None:
        raise ValueError("no more")

    with serving(script(tmp_path / "run"), tmp_path / "run", die) as made:
        source = made.view()
        made.go()
        shown = last_of(source)
        assert shown.phase is Phase.FAILED
        assert shown.note.startswith("after step 5: ValueError: no more (test_served.py, line ")
        assert str(source.error) == f"the run has failed: {shown.note}"
        traced = [line.text for line in shown.log.lines]
        assert traced[0] == "Traceback (most recent call last):"
        assert traced[-1] == "ValueError: no more"
    log = (tmp_path / "run" / LOG_NAME).read_text()
    assert "5\terror\tValueError: no more" in log


def test_viewers_see_the_last_step_and_metrics_of_a_script_that_dies(tmp_path):
    folder = tmp_path / "run"

    def train(after_epoch: Body) -> None:
        made = make_problem()
        run = tuitrain.watch(made.net, made.optimizer, loader=made.loader, epochs=LONG, out=folder)
        try:
            for epoch in range(LONG):
                made.train_epochs(1)
                after_epoch(epoch)
                run.log(accuracy=epoch / 10)
                if epoch == 1:
                    raise ValueError("no more")
        except ValueError as error:
            run.finish(error)
            raise

    with serving(train, folder) as made:
        source = made.view()
        made.go()
        shown = last_of(source)
    assert (shown.step, len(shown.loss), shown.note[:14]) == (10, 10, "after step 10:")
    assert shown.metrics["accuracy"].values.tolist() == [0.0, 0.1]
    lines = read_lines(folder, "metrics.jsonl")
    assert [e["step"] for e in lines if e["event"] == "accuracy"] == [5, 10]
    assert read_lines(folder, "journal.jsonl")[-1]["step"] == 10


def test_a_private_script_is_not_served(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TUITRAIN_PRIVATE", "1")
    with serving(script(tmp_path / "run", 2), tmp_path / "run") as made:
        with pytest.raises(NoSuchRunError):
            find_run(str(tmp_path / "run"))
        made.go()
    assert "attach" not in capsys.readouterr().err
    assert len(read_lines(tmp_path / "run", "metrics.jsonl")) > 0


class Child:
    """A forked child that calls a function and then lives until `end`."""

    def __init__(self, work) -> None:
        fork = multiprocessing.get_context("fork")
        self._parent_end, child_end = fork.Pipe()
        self._process = fork.Process(target=self._run, args=(work, child_end), daemon=True)
        self._process.start()
        assert self._parent_end.poll(TIMEOUT)
        self.answer = self._parent_end.recv()

    def end(self) -> None:
        self._parent_end.send("end")
        self._process.join(TIMEOUT)
        assert self._process.exitcode == 0

    @staticmethod
    def _run(work, connection) -> None:
        connection.send(work())
        connection.recv()


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_neither_serves_nor_records(tmp_path):
    folder, children = tmp_path / "run", []
    problem = make_problem()

    def in_child() -> int:
        return len(problem.train_epochs(1))  # alone: no session takes turns with this loop

    def fork(epoch: int) -> None:
        if epoch == 1:
            children.append(Child(in_child))

    with serving(script(folder, 10, problem=problem), folder, fork) as made:
        source = made.view()
        made.go()
        shown = last_of(source)
        assert (shown.phase, shown.step) == (Phase.FINISHED, 50)
        made.join()
        with pytest.raises(NoSuchRunError):
            find_run(str(folder))
    assert children[0].answer == 5
    losses = [line for line in read_lines(folder, "metrics.jsonl") if "loss" in line]
    assert sum(len(line["loss"]) for line in losses) == 50
    children[0].end()
