"""Verification compares every loss, accuracy, command and digest of a record."""

import json
import re
import shutil
import signal
from contextlib import ExitStack
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests.engines.patching import wrap_evaluate
from tests.scenario import small
from tests.scenario.small import TEXT
from tests.scenario.test_verify import nothing
from tuitrain.cli import main
from tuitrain.cli.signals import signals_raise
from tuitrain.commands import parse
from tuitrain.errors import RunFailedError, ScenarioError, TerminatedError
from tuitrain.records.record_reader import (
    HEADER,
    JOURNAL,
    METRICS,
    SUMMARY,
    read_journal,
    read_metrics,
)
from tuitrain.records.record_writer import RecordWriter
from tuitrain.run.live.live_run import LiveRun
from tuitrain.run.snapshot import Phase
from tuitrain.scenario.build import make_run_info
from tuitrain.scenario.live_expectations import build_with_expectations
from tuitrain.scenario.load import loads
from tuitrain.scenario.replay import replay
from tuitrain.scenario.resume import resume, resume_session
from tuitrain.scenario.verify import make_header, verify_record
from tuitrain_core.data import Dataset

TIMEOUT = 60.0
STOPPED = TEXT[: TEXT.index("[[expect]]")] + '[[at]]\nstep = 17\ndo = "stop"\n'


def run_scenario(folder: Path, text: str = STOPPED) -> Path:
    """Run a scenario without a screen, and record it."""
    scenario = loads(text, "x.toml")
    with ExitStack() as files:
        recorder = RecordWriter(folder, make_header(scenario), files)
        list(replay(scenario, "x.toml", recorder=recorder))
    return folder


def run_live(folder: Path, *commands: str, text: str = TEXT) -> Path:
    """Run a scenario live, give commands, and leave."""
    text += '[[at]]\nstep = 0\ndo = "pause"\n'
    scenario = loads(text, "x.toml")
    with ExitStack() as files:
        recorder = RecordWriter(folder, make_header(scenario), files)
        run = LiveRun(
            lambda on_note: build_with_expectations(scenario, "x.toml", on_note, recorder),
            make_run_info(scenario),
        )
        run.start()
        for command in commands:
            run.answer(run.submit(parse(command), "key"), TIMEOUT)
        run.close()
    return folder


def steered(folder: Path, *script: int | str, text: str = TEXT) -> Path:
    """Steer a run without a thread: take steps, or give a command; then leave it."""
    scenario = loads(text, "x.toml")
    with ExitStack() as files:
        recorder = RecordWriter(folder, make_header(scenario), files)
        session = build_with_expectations(scenario, "x.toml", recorder=recorder)
        for entry in script:
            if isinstance(entry, str):
                session.apply_command(parse(entry), "key", 1)
                continue
            stop = session.step + entry
            while session.step < stop:
                session.apply_planned()
                session.phase = Phase.RUNNING
                session.run_burst(max_steps=stop - session.step)
                session.on_boundary()
        session.end("left")
    return folder


def replayed(folder: Path, capsys) -> tuple[int, str]:
    status = main(["replay", str(folder)])
    return status, capsys.readouterr().out


def with_other_labels(monkeypatch) -> None:
    train, test = small.data()
    changed = Dataset(train.inputs, (train.targets + 1) % 4)
    monkeypatch.setattr(small, "data", lambda: (changed, test))


def journal(folder: Path) -> list[dict]:
    return msgspec.to_builtins(read_journal(folder))


def metrics(folder: Path) -> list[dict]:
    return msgspec.to_builtins(read_metrics(folder))


def last_line(folder: Path) -> dict:
    return journal(folder)[-1]


def test_a_stopped_run_ends_with_digests_and_is_verified_to_its_stop(tmp_path, capsys):
    run_scenario(tmp_path / "run")
    assert (last_line(tmp_path / "run")["event"], last_line(tmp_path / "run")["step"]) == (
        "end",
        17,
    )
    assert replayed(tmp_path / "run", capsys) == (
        0,
        f"{tmp_path / 'run'}: identical through step 17\n",
    )


def test_changed_labels_differ_at_the_first_loss_and_are_named(tmp_path, capsys, monkeypatch):
    run_scenario(tmp_path / "run")
    with_other_labels(monkeypatch)
    status, out = replayed(tmp_path / "run", capsys)
    assert status == 1
    assert "DIFFERS at step 1: loss " in out
    assert "changed since: training labels: sha256:" in out


@pytest.mark.parametrize("emptied", [[JOURNAL], [JOURNAL, METRICS]])
def test_an_emptied_journal_leaves_nothing_to_compare(tmp_path, capsys, emptied):
    run_scenario(tmp_path / "run")
    for name in emptied:
        (tmp_path / "run" / name).write_text("")
    status, out = replayed(tmp_path / "run", capsys)
    assert status == 1
    # The freeze of step 7 is missing too, and the commands of the scenario come by themselves.
    assert " after step 0: " in out
    assert "identical" not in out


def test_a_record_without_losses_is_not_called_identical(tmp_path, capsys):
    run_scenario(tmp_path / "run")
    (tmp_path / "run" / METRICS).write_text("")
    status, out = replayed(tmp_path / "run", capsys)
    assert status == 1
    assert "nothing to compare after step 0: the record lacks losses" in out


def test_a_killed_run_is_verified_up_to_its_last_digest(tmp_path, capsys):
    run_scenario(tmp_path / "run")
    path = tmp_path / "run" / JOURNAL
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-2]))  # without the stop, and the end
    status, out = replayed(tmp_path / "run", capsys)
    assert status == 1
    assert (
        "run: losses are the same through step 17, but the state could not be compared after step "
        "0: the record ends without a digest, as that of a run that was killed\n"
    ) in out


def test_a_run_that_was_cut_off_in_a_step_is_verified_up_to_it(tmp_path, capsys):
    run_scenario(tmp_path / "run")
    path = tmp_path / "run" / JOURNAL
    *lines, end = path.read_text().splitlines()
    path.write_text("\n".join([*lines, json.dumps(json.loads(end) | {"digests": {}})]) + "\n")
    status, out = replayed(tmp_path / "run", capsys)
    assert status == 1
    assert (
        "run: losses are the same through step 17, but the state could not be compared after step "
        "0: the run was cut off in the middle of a step, whose state has no digest\n"
    ) in out


def test_a_run_that_was_killed_at_once_has_nothing_to_compare(tmp_path, capsys):
    run_scenario(tmp_path / "run")
    for name in (JOURNAL, METRICS):
        (tmp_path / "run" / name).write_text("")
    status, out = replayed(tmp_path / "run", capsys)
    assert status == 1
    assert "run: nothing to compare after step 0: the record has no losses\n" in out


def values_of(folder: Path) -> int:
    return sum(len(entry.get("loss", [0])) for entry in metrics(folder))


def test_every_loss_and_accuracy_is_compared(tmp_path):
    run_scenario(tmp_path / "run")
    path = tmp_path / "run" / METRICS
    content = path.read_text()
    numbers = [result.span() for result in re.finditer(r"\d+\.\d+(e-?\d+)?", content)]
    assert len(numbers) == values_of(tmp_path / "run") == 17 + 2
    for begin, end in numbers:
        other = np.nextafter(np.float32(content[begin:end]), np.float32(np.inf)).item()
        for text in (repr(other), "null"):
            path.write_text(content[:begin] + text + content[end:])
            verdict = verify_record(tmp_path / "run", nothing, nothing).verdict
            assert not verdict.ok
            assert verdict.difference is not None
            assert verdict.difference.what.startswith(("loss ", "accuracy "))


def test_losses_that_are_not_finite_are_equal(tmp_path, capsys):
    text = STOPPED.replace("lr = 0.1", "lr = 1e30")
    run_scenario(tmp_path / "run", text)
    assert "null" in (tmp_path / "run" / METRICS).read_text()
    assert replayed(tmp_path / "run", capsys)[0] == 0


def test_a_record_longer_than_the_run_is_a_difference(tmp_path):
    run_scenario(tmp_path / "run")
    with (tmp_path / "run" / METRICS).open("a") as file:
        file.write('{"event":"loss","step":18,"loss":[1.0]}\n')
    difference = verify_record(tmp_path / "run", nothing, nothing).verdict.difference
    assert difference is not None
    assert difference.what == "the run ends here, and its record does not"


@pytest.mark.parametrize(
    "commands", [["pause"], ["step 3"], ["lr head 0.3", "step 2"], ["step 5", "rewind 3"]]
)
def test_a_run_that_was_left_is_verified_to_that_step(tmp_path, capsys, commands):
    run_live(tmp_path / "run", *commands)
    end = last_line(tmp_path / "run")
    assert (end["event"], end["reason"]) == ("end", "left")
    status, out = replayed(tmp_path / "run", capsys)
    assert status == 0
    assert f"identical through step {end['step']}" in out


def test_a_run_left_after_its_end_was_undone_is_verified(tmp_path, capsys):
    run_scenario(tmp_path / "run", TEXT.replace("epochs = 3", "epochs = 3\nseed = 3"))
    with ExitStack() as files:
        session = None

        def go_on(on_note):
            nonlocal session
            session = resume_session(tmp_path / "run", files, on_note)
            return session

        run = LiveRun(go_on, make_run_info(loads(TEXT, "x.toml"))).start()
        run.answer(run.submit(parse("undo"), "key"), TIMEOUT)
        run.close()
    assert last_line(tmp_path / "run")["event"] == "end"
    assert replayed(tmp_path / "run", capsys)[0] == 0


def test_a_failed_run_is_verified_to_its_last_step(tmp_path):
    text = STOPPED.replace("small:model", "small:Tired")
    with pytest.raises(ScenarioError, match="enough"):
        run_scenario(tmp_path / "run", text)
    end = last_line(tmp_path / "run")
    assert (end["event"], end["reason"]) == ("end", "failed")
    losses = [line for line in metrics(tmp_path / "run") if line["event"] == "loss"]
    assert sum(len(line["loss"]) for line in losses) == end["step"]
    verdict = verify_record(tmp_path / "run", nothing, nothing).verdict
    assert verdict.ok
    assert verdict.identical_through == end["step"] > 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_run_ends_at_a_boundary_on_request_and_is_verified(tmp_path, number):
    scenario = loads(STOPPED, "x.toml")
    sent = []

    def progress(step: int) -> None:
        if step >= 7 and not sent:
            sent.append(step)
            signal.raise_signal(number)

    with ExitStack() as files, signals_raise(), pytest.raises(KeyboardInterrupt) as ending:
        recorder = RecordWriter(tmp_path / "run", make_header(scenario), files)
        list(replay(scenario, "x.toml", on_step=progress, recorder=recorder))
    assert isinstance(ending.value, TerminatedError) == (number != signal.SIGINT)
    end = last_line(tmp_path / "run")
    assert (end["event"], end["reason"]) == ("end", "interrupted")
    assert (
        verify_record(tmp_path / "run", nothing, nothing).verdict.identical_through == end["step"]
    )


def test_a_run_that_ended_anywhere_resumes_and_is_verified(tmp_path, capsys):
    steered(tmp_path / "run", 10, "stop")
    with ExitStack() as files:
        *_, ended = resume(tmp_path / "run", files, nothing, nothing)
    assert ended.step == 21
    events = [entry["event"] for entry in journal(tmp_path / "run")]
    assert events.count("end") == 1
    assert events[-1] == "digest"
    assert replayed(tmp_path / "run", capsys)[0] == 0


def test_leaving_a_run_twice_at_one_step_is_recorded_once(tmp_path):
    steered(tmp_path / "run", 10)
    before = (tmp_path / "run" / JOURNAL).read_bytes()
    with ExitStack() as files:
        run = LiveRun(
            lambda on_note: resume_session(tmp_path / "run", files, on_note),
            make_run_info(loads(TEXT, "x.toml")),
        ).start()
        run.answer(run.submit(parse("freeze absent"), "key"), TIMEOUT)
        run.close()
    lines = (tmp_path / "run" / JOURNAL).read_bytes().removeprefix(before).splitlines()
    commands = [json.loads(line).get("command") for line in lines]
    assert commands == ["freeze absent"]
    assert verify_record(tmp_path / "run", nothing, nothing).verdict.ok


NET = """
from tuitrain_core import functional
from tuitrain_core.module import Linear, Module

class Net(Module):
    def __init__(self):
        super().__init__()
        self.fc1 = Linear(36, 8)
        self.classifier = Linear(8, 4)

    def forward(self, images):
        return self.classifier(functional.relu(self.fc1(functional.flatten(images, 1))))
"""


def module_of_ones_own(folder: Path, name: str, text: str, monkeypatch) -> str:
    """Write a module, and have it found; a name serves one test, for modules stay imported."""
    (folder / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(folder)
    return STOPPED.replace("tests.scenario.small:model", f"{name}:Net")


def test_a_changed_source_of_the_model_is_named_and_not_resumed(tmp_path, capsys, monkeypatch):
    text = module_of_ones_own(tmp_path, "net_that_changes", NET, monkeypatch)
    run_scenario(tmp_path / "run", text.replace('do = "stop"', 'do = "freeze fc"'))
    header = json.loads((tmp_path / "run" / HEADER).read_text())
    source = header["provenance"]["source of net_that_changes"]
    assert source.startswith("sha256:")
    header["provenance"]["source of net_that_changes"] = "sha256:" + "0" * 64
    (tmp_path / "run" / HEADER).write_text(json.dumps(header))
    (tmp_path / "run" / SUMMARY).unlink()  # as if it had been killed
    assert main(["resume", str(tmp_path / "run")]) == 2
    assert "source of net_that_changes: sha256:" in capsys.readouterr().err


def test_changed_data_is_resumed_only_with_the_option(tmp_path, capsys, monkeypatch):
    steered(tmp_path / "run", 10, "checkpoint here", 4)
    before = (tmp_path / "run" / JOURNAL).read_bytes()
    with_other_labels(monkeypatch)
    assert main(["resume", str(tmp_path / "run")]) == 2
    error = capsys.readouterr().err
    assert "training labels: sha256:" in error
    assert "--although-changed" in error
    assert (tmp_path / "run" / JOURNAL).read_bytes() == before

    assert main(["resume", "--although-changed", str(tmp_path / "run")]) == 0
    capsys.readouterr()
    assert (tmp_path / "run" / f"{JOURNAL}.before-1").read_bytes() == before
    changed = [entry for entry in journal(tmp_path / "run") if entry["event"] == "changed"]
    assert [entry["step"] for entry in changed] == [10]
    assert any("training labels" in entry for entry in changed[0]["changes"])
    # The part before the change is trained with the labels that were, and differs now.
    assert replayed(tmp_path / "run", capsys)[0] == 1


def test_steps_after_a_change_are_never_called_identical(tmp_path, capsys, monkeypatch):
    steered(tmp_path / "run", 10, "checkpoint here", 4)
    with monkeypatch.context() as labels:
        with_other_labels(labels)
        assert main(["resume", "--although-changed", "--from", "here", str(tmp_path / "run")]) == 0
    capsys.readouterr()
    status, out = replayed(tmp_path / "run", capsys)
    assert status == 1
    assert "nothing to compare after step 0: the run was resumed at step 10 although" in out


def test_a_changed_run_is_resumed_with_its_changes(tmp_path, monkeypatch):
    steered(tmp_path / "run", 10, "checkpoint here", 4, "stop")
    with_other_labels(monkeypatch)
    with ExitStack() as files:
        events = resume(tmp_path / "run", files, nothing, nothing, "here", although_changed=True)
        for _ in range(3):
            next(events)
    assert main(["resume", str(tmp_path / "run")]) == 0


def test_a_run_that_does_not_repeat_its_record_does_not_continue_it(tmp_path, capsys):
    steered(tmp_path / "run", 14)
    path = tmp_path / "run" / METRICS
    content = path.read_text()
    number = re.search(r"\d+\.\d+", content)
    assert number is not None
    path.write_text(content.replace(number[0], "2.25", 1))
    before = path.read_bytes()
    assert main(["resume", str(tmp_path / "run")]) == 2
    assert "does not repeat its record, step 1: loss " in capsys.readouterr().err
    assert path.read_bytes() == before


def test_a_record_without_provenance_is_resumed_as_before(tmp_path):
    steered(tmp_path / "run", 14)
    header = json.loads((tmp_path / "run" / HEADER).read_text())
    del header["provenance"], header["directory"], header["environment"]["target_cpu"]
    (tmp_path / "run" / HEADER).write_text(json.dumps(header))
    assert main(["resume", str(tmp_path / "run")]) == 0


def test_a_relative_data_folder_is_found_from_any_directory(tmp_path, capsys, monkeypatch):
    from tuitrain_core.data import mnist

    here, there = tmp_path / "here", tmp_path / "there"
    shutil.copytree(Path(mnist.__file__).with_name("mnist_mini"), here / "digits")
    there.mkdir()
    text = TEXT.replace("tests.scenario.small:data", "idx:digits").replace("epochs = 3", "steps=3")
    text = text.replace("tests.scenario.small:model", "lenet")
    scenario = here / "x.toml"
    scenario.write_text(re.sub(r"\[\[(at|expect)\]\](.|\n)*", "", text))
    monkeypatch.chdir(here)
    assert main(["run", "--headless", str(scenario), "--out", str(there / "run")]) == 0
    monkeypatch.chdir(there)
    capsys.readouterr()
    assert replayed(Path("run"), capsys) == (0, "run: identical through step 3\n")
    assert main(["save", "run", "mine.toml"]) == 0
    assert f'data = "idx:{here / "digits"}"' in Path("mine.toml").read_text()


def test_another_target_processor_is_named(tmp_path, capsys, monkeypatch):
    run_scenario(tmp_path / "run")
    header = json.loads((tmp_path / "run" / HEADER).read_text())
    header["environment"]["target_cpu"] = "nehalem, 4 lanes, no fma"
    (tmp_path / "run" / HEADER).write_text(json.dumps(header))
    status, out = replayed(tmp_path / "run", capsys)
    assert status == 0
    assert "another environment: target_cpu: " in out
    assert "nehalem, 4 lanes, no fma recorded" in out


def test_every_phase_that_ends_a_run_writes_an_end():
    assert {entry for entry in Phase if entry.ended} >= {
        Phase.STOPPED,
        Phase.FINISHED,
        Phase.FAILED,
    }


class ClosedError(Exception):
    pass


@pytest.mark.parametrize("command", ["rewind 5", "undo", "try lr head x2 for 3 steps"])
def test_a_run_that_ends_during_a_rewind_is_verified_to_its_start(tmp_path, capsys, command):
    scenario = loads(TEXT, "x.toml")

    def close(step: int, target: int) -> None:
        raise ClosedError

    with ExitStack() as files:
        recorder = RecordWriter(tmp_path / "run", make_header(scenario), files)
        session = build_with_expectations(scenario, "x.toml", recorder=recorder)
        session.apply_command(parse("lr head 0.3"), "key", 1)
        while session.step < 12:
            session.apply_planned()
            session.run_burst(max_steps=12 - session.step)
        session.timeline.on_progress = close
        with pytest.raises(ClosedError):
            session.apply_command(parse(command), "key", 2)
        session.end("left")
    assert (last_line(tmp_path / "run")["event"], last_line(tmp_path / "run")["step"]) == (
        "end",
        12,
    )
    assert replayed(tmp_path / "run", capsys)[0] == 0


def test_modules_that_the_model_uses_are_part_of_its_source(tmp_path, capsys, monkeypatch):
    (tmp_path / "slopes_of_a_net.py").write_text("def slope():\n    return 1.0\n")
    text = NET.replace("import functional", "import functional\nimport slopes_of_a_net")
    text = module_of_ones_own(tmp_path, "net_with_a_helper", text, monkeypatch)
    run_scenario(tmp_path / "run", text)
    header = json.loads((tmp_path / "run" / HEADER).read_text())
    sources = {entry for entry in header["provenance"] if entry.startswith("source of ")}
    assert sources >= {"source of net_with_a_helper", "source of slopes_of_a_net"}
    assert not any("numpy" in entry or "tuitrain" in entry for entry in sources)


PLANNED = TEXT[: TEXT.index("[[expect]]")] + '[[at]]\nstep = 14\ndo = "lr head 0.3"\n'


@pytest.mark.parametrize("step", [7, 14, 21])
def test_a_run_left_at_a_planned_step_is_verified_and_resumed(tmp_path, capsys, step):
    scenario = loads(PLANNED, "x.toml")
    with ExitStack() as files:
        recorder = RecordWriter(tmp_path / "run", make_header(scenario), files)
        session = build_with_expectations(scenario, "x.toml", recorder=recorder)
        run = LiveRun(lambda on_note: session, make_run_info(scenario))
        losses = recorder.losses

        def leave(first_step, values) -> None:
            losses(first_step, values)
            if session.step == step:
                with pytest.raises(RuntimeError, match="join"):  # it is the run's own thread
                    run.close()

        recorder.losses = leave
        run.start().close()
    assert replayed(tmp_path / "run", capsys)[0] == 0
    assert main(["resume", str(tmp_path / "run")]) == 0


def failing_once(call):
    """Return a function that raises when it is called for the second time."""
    calls = []

    def fail(*args):
        calls.append(args)
        if len(calls) == 2:
            raise MemoryError("no room")
        return call(*args)

    return fail


@pytest.mark.parametrize("steps", [14, 21])
def test_an_evaluation_that_no_longer_fails_is_no_difference(tmp_path, capsys, monkeypatch, steps):
    text = PLANNED.replace("epochs = 3", f"steps = {steps}").replace("step = 14", "step = 13")
    with monkeypatch.context() as failing:
        wrap_evaluate(failing, failing_once)
        with pytest.raises(RunFailedError, match="no room"):
            run_scenario(tmp_path / "run", text)
    assert last_line(tmp_path / "run")["reason"] == "failed"
    assert "DIFFERS" not in replayed(tmp_path / "run", capsys)[1]
    assert main(["resume", str(tmp_path / "run")]) == 0
    capsys.readouterr()
    assert replayed(tmp_path / "run", capsys)[0] == 0


@pytest.mark.parametrize("swap", [[], ["optimizer head adam lr=0.01"]])
def test_a_held_step_without_optimizer_state_is_verified(tmp_path, capsys, swap):
    scenario = loads(TEXT, "x.toml")
    with ExitStack() as files:
        recorder = RecordWriter(tmp_path / "held", make_header(scenario), files)
        session = build_with_expectations(scenario, "x.toml", recorder=recorder)
        for command in (*swap, "break when grad_norm head > 0.0001"):
            session.apply_command(parse(command), "key", 1)
        session.run_burst()
        assert session.breakpoint_reason
        session.end("left")
    assert replayed(tmp_path / "held", capsys)[0] == 0


def test_a_run_stopped_by_its_plan_stays_stopped_after_a_resume(tmp_path, capsys):
    text = STOPPED.replace('do = "stop"', 'do = ["stop", "checkpoint after"]')
    run_scenario(tmp_path / "run", text)
    before = (tmp_path / "run" / JOURNAL).read_bytes()
    (tmp_path / "run" / SUMMARY).unlink()  # as if it had been killed at its end
    assert main(["resume", str(tmp_path / "run")]) == 0
    assert (tmp_path / "run" / JOURNAL).read_bytes() == before
    capsys.readouterr()
    assert replayed(tmp_path / "run", capsys)[0] == 0


def test_a_finished_run_with_a_final_checkpoint_resumes_finished(tmp_path):
    steered(tmp_path / "run", 21, "checkpoint end", text=TEXT)
    with ExitStack() as files:
        session = resume_session(tmp_path / "run", files, nothing)
        assert session.phase is Phase.FINISHED
        assert session.apply_command(parse("lr head 0.3"), "key", 1).outcome == "refused"
    assert main(["resume", str(tmp_path / "run")]) == 0


def test_planned_pauses_at_a_users_pause_are_no_difference(tmp_path, capsys):
    text = TEXT + "".join(f'[[at]]\nstep = {step}\ndo = "pause"\n' for step in (0, 5))
    run_live(tmp_path / "run", "step 5", "lr head 0.3", text=text)
    assert replayed(tmp_path / "run", capsys)[0] == 0


def test_a_run_rewound_to_its_start_opens_there(tmp_path):
    steered(tmp_path / "run", 10, "rewind 0")
    with ExitStack() as files:
        assert resume_session(tmp_path / "run", files, nothing).step == 0


def test_opening_and_leaving_adds_nothing_to_a_record(tmp_path):
    steered(tmp_path / "run", 10)
    before = (tmp_path / "run" / JOURNAL).read_bytes()
    for _ in range(2):
        with ExitStack() as files:
            resume_session(tmp_path / "run", files, nothing).end("left")
    assert (tmp_path / "run" / JOURNAL).read_bytes() == before


def test_checkpoints_after_a_cut_are_not_used(tmp_path, capsys):
    steered(tmp_path / "run", 10, "checkpoint a", 4, "lr head 0.5", "checkpoint b", 4)
    with ExitStack() as files:
        events = resume(tmp_path / "run", files, nothing, nothing, "a", although_changed=True)
        for _ in range(3):
            next(events)
        events.close()
    kept = {entry.name for entry in (tmp_path / "run" / "checkpoints").iterdir()}
    assert kept == {"a.npz", "b.npz.before-1"}
    assert main(["resume", str(tmp_path / "run")]) == 0


@pytest.mark.parametrize("failing", ["copy", "cut"])
def test_a_record_that_cannot_be_cut_is_unchanged(tmp_path, capsys, monkeypatch, failing):
    steered(tmp_path / "run", 10, "checkpoint a", 4, "lr head 0.5", "checkpoint b", 4)
    before = {entry: entry.read_bytes() for entry in (tmp_path / "run").rglob("*.*")}
    opened = []

    def full(*args):
        raise OSError(28, "No space left on device")

    def fails_second(path, mode="r", *args, **options):
        opened.extend([path] * (mode == "r+b"))
        return (
            full()
            if mode == "r+b" and len(opened) == 2
            else open_file(path, mode, *args, **options)
        )

    open_file = Path.open
    if failing == "copy":
        monkeypatch.setattr(shutil, "copyfile", full)
    else:
        monkeypatch.setattr(Path, "open", fails_second)
    assert main(["resume", "--although-changed", "--from", "a", str(tmp_path / "run")]) == 2
    assert "cannot be cut, and is unchanged: No space left" in capsys.readouterr().err
    assert {entry: entry.read_bytes() for entry in (tmp_path / "run").rglob("*.*")} == before


def test_a_changed_run_is_compared_from_its_change_on(tmp_path, monkeypatch):
    """Killed after a change with no checkpoint since: each line comes again, and is compared."""
    steered(tmp_path / "run", 3)
    with_other_labels(monkeypatch)
    with ExitStack() as files:
        events = resume(tmp_path / "run", files, nothing, nothing, although_changed=True)
        for event in events:
            if getattr(event, "step", 0) >= 14:
                break
        events.close()
    assert journal(tmp_path / "run")[0]["event"] == "changed"
    lines = (tmp_path / "run" / JOURNAL).read_bytes()
    path = tmp_path / "run" / METRICS
    content = path.read_text()
    number = re.findall(r"\d+\.\d+", content)[-3]
    path.write_text(content.replace(number, "9.5", 1))
    assert main(["resume", str(tmp_path / "run")]) == 2
    path.write_text(content)
    assert main(["resume", str(tmp_path / "run")]) == 0
    assert (tmp_path / "run" / JOURNAL).read_bytes().startswith(lines)
    assert last_line(tmp_path / "run")["event"] == "digest"
    assert verify_record(tmp_path / "run", nothing, nothing).verdict.ok


def test_a_run_whose_working_directory_is_gone_is_recorded(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    run_scenario(tmp_path / "run")
    assert json.loads((tmp_path / "run" / HEADER).read_text())["directory"] == ""
    monkeypatch.chdir(tmp_path)
    assert verify_record(tmp_path / "run", nothing, nothing).verdict.ok
