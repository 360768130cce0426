"""Recorded runs replay identically; killed anywhere, they resume to the same end."""

import json
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.scenario.small import TEXT
from tuitrain.cli import main
from tuitrain.commands import parse
from tuitrain.errors import TuitrainError
from tuitrain.records.line_file import LineFile
from tuitrain.records.record_reader import HEADER, JOURNAL, METRICS, read_header, read_journal
from tuitrain.records.record_writer import RecordWriter
from tuitrain.records.repetition import command_entries
from tuitrain.run.checkpoint_policy import CheckpointPolicy
from tuitrain.run.live.live_run import LiveRun
from tuitrain.run.snapshot import Phase
from tuitrain.scenario.build import build, make_run_info
from tuitrain.scenario.events import Ended
from tuitrain.scenario.load import loads
from tuitrain.scenario.resume import resume
from tuitrain.scenario.verify import make_header, verify_record

LONG = TEXT.replace("epochs = 3", "epochs = 60").replace("epoch = 3\n", "epoch = 60\n")
LONG = LONG.replace('unchanged = { params = ["fc*"], since_epoch = 1 }\ngrad_none = ["fc*"]\n', "")
LONG = LONG.replace('lr = { group = "head", is = 0.2 }\n', "")
PATIENCE = 60.0


@pytest.fixture(autouse=True)
def digests_every_hundred_steps(monkeypatch):
    monkeypatch.setattr(CheckpointPolicy, "for_batch_size", lambda _: CheckpointPolicy())


def nothing(*_) -> None:
    """Take no notice."""


def record(folder: Path, script, text: str = LONG) -> tuple[str, int]:
    """Fly a scenario live with commands at steps, and return the digest and step of its end."""
    scenario = loads(text, "x.toml")
    with ExitStack() as files:
        recorder = RecordWriter(folder, make_header(scenario), files)
        session = build(scenario, "x.toml", recorder=recorder)
        for steps, command in script:
            stop = min(session.step + steps, session.info.total_steps)
            while session.step < stop:
                session.apply_planned()
                session.phase = Phase.RUNNING
                session.run_burst(max_steps=stop - session.step)
            session.apply_command(parse(command), "key", 1)
        while session.step < session.info.total_steps:
            session.apply_planned()
            session.phase = Phase.RUNNING
            session.run_burst()
        session.end("finished")
        return session.engine.digest(), session.step


SCRIPT = [(20, "lr head 0.3"), (30, "pause"), (0, "optimizer fc adam lr=0.01"), (60, "thaw fc")]


def test_a_recorded_run_replays_identically(tmp_path, capsys):
    record(tmp_path / "run", SCRIPT)
    assert main(["replay", str(tmp_path / "run")]) == 0
    assert "identical through step 420" in capsys.readouterr().out


@pytest.mark.parametrize("act", ["rewind 20", "rewind by 40", "undo", "branch b1"])
def test_a_command_after_a_planned_way_back_is_repeated_behind_it(tmp_path, act):
    plan = f'[[at]]\nstep = 50\ndo = ["rewind 20"]\n[[at]]\nstep = 60\ndo = "{act}"\n'
    script = [(60, "lr head 0.3"), (5, "optimizer fc adam lr=0.01"), (70, "freeze fc")]
    ended = record(tmp_path / "run", script, LONG + plan)
    verdict = verify_record(tmp_path / "run", nothing, nothing).verdict
    assert verdict.ok, verdict
    assert verdict.identical_through == ended[1]
    with ExitStack() as files:
        events = list(resume(tmp_path / "run", files, nothing, nothing))
    assert (events[-1].digest, events[-1].step) == ended


@pytest.mark.parametrize("act", ["rewind 20", "rewind by 40", "undo", "branch b1"])
def test_it_is_repeated_there_also_where_a_run_continues_although_changed(tmp_path, act):
    plan = f'[[at]]\nstep = 50\ndo = ["rewind 20"]\n[[at]]\nstep = 60\ndo = "{act}"\n'
    script = [(60, "lr head 0.3"), (5, "optimizer fc adam lr=0.01"), (70, "freeze fc")]
    ended = record(tmp_path / "run", script, LONG + plan)
    with ExitStack() as files:
        events = list(resume(tmp_path / "run", files, nothing, nothing, although_changed=True))
    assert (events[-1].digest, events[-1].step) == ended


def test_commands_are_repeated_although_a_rule_goes_back_no_more(tmp_path):
    text = LONG + '[[at]]\nstep = 5\ndo = "when grad_norm fc > 0 do rewind 2"\n'
    ended = record(tmp_path / "run", [(30, "lr head 0.3"), (20, "freeze fc")], text)
    header = tmp_path / "run" / HEADER
    header.write_text(header.read_text().replace("grad_norm fc > 0 do", "grad_norm fc > 900 do"))
    with ExitStack() as files:
        events = list(resume(tmp_path / "run", files, nothing, nothing, although_changed=True))
    assert events[-1].step == ended[1]
    commands = [line.command for line in command_entries(read_journal(tmp_path / "run"))]
    assert {"lr head 0.3", "freeze fc"} <= {*commands}


def test_a_command_is_recorded_with_step_and_actor_but_no_time(tmp_path):
    record(tmp_path / "run", [(20, "lr head 0.3")])
    lines = map(json.loads, (tmp_path / "run" / JOURNAL).read_text().splitlines())
    assert [item for item in lines if item["event"] == "command"][-1] == {
        "event": "command",
        "step": 20,
        "command": "lr head 0.3",
        "actor": "key",
        "outcome": "applied",
        "message": "head: lr 0.3 from here on",
    }


def test_a_run_with_history_commands_replays_identically(tmp_path, capsys):
    script = [*SCRIPT, (40, "undo"), (50, "rewind 60"), (10, "lr fc 0"), (70, "branch main")]
    record(tmp_path / "run", script)
    assert main(["replay", "--json", str(tmp_path / "run")]) == 0
    message = json.loads(capsys.readouterr().out)
    assert message["ok"]
    assert message["identical_through"] == 420


def test_the_first_difference_is_named_with_step_and_parameter(tmp_path, capsys):
    record(tmp_path / "run", SCRIPT)
    journal = tmp_path / "run" / JOURNAL
    lines = journal.read_text().splitlines()
    changed = [
        line.replace('"fc1.bias":"', '"fc1.bias":"x') if '"step":300' in line else line
        for line in lines
    ]
    journal.write_text("\n".join(changed) + "\n")
    assert main(["replay", str(tmp_path / "run")]) == 1
    assert "DIFFERS at step 300: fc1.bias" in capsys.readouterr().out


def test_a_command_with_another_outcome_is_a_difference(tmp_path):
    record(tmp_path / "run", SCRIPT)
    journal = tmp_path / "run" / JOURNAL
    journal.write_text(journal.read_text().replace('"freeze fc"', '"freeze head"'))
    comparison = verify_record(tmp_path / "run", nothing, nothing)
    assert comparison.verdict.difference is not None
    assert comparison.verdict.difference.step == 7
    assert "freeze head" in comparison.verdict.difference.what


def test_a_changed_environment_is_named(tmp_path, capsys):
    record(tmp_path / "run", [])
    header = tmp_path / "run" / HEADER
    content = json.loads(header.read_text())
    content["environment"]["numpy"] = "1.0"
    header.write_text(json.dumps(content))
    assert main(["replay", str(tmp_path / "run")]) == 0
    assert "numpy: " in capsys.readouterr().out


@pytest.mark.slow
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_record_cut_anywhere_resumes_to_the_same_end(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("run") / "run"
    digest, step = record(folder, SCRIPT)
    for name in (JOURNAL, METRICS):
        content = (folder / name).read_bytes()
        # What came in before a kill is there; what came after is not: so cut after all commands.
        least = content.rfind(b"thaw fc") + 40 if name == JOURNAL else 0
        cut = data.draw(st.integers(content.find(b"\n", least) + 1, len(content)))
        (folder / name).write_bytes(content[:cut])
    with ExitStack() as files:
        events = list(resume(folder, files, nothing, nothing))
    assert isinstance(events[-1], Ended)
    assert (events[-1].digest, events[-1].step) == (digest, step)
    comparison = verify_record(folder, nothing, nothing)
    assert comparison.verdict.ok
    assert comparison.verdict.identical_through == step


@pytest.mark.slow
def test_a_killed_process_resumes_to_the_same_end(tmp_path, capsys, monkeypatch):
    monkeypatch.undo()  # the other process has digests at the usual steps
    scenario = tmp_path / "long.toml"
    scenario.write_text(LONG.replace("epochs = 60", "epochs = 2000").replace("= 60\n", "= 2000\n"))
    arguments = ["run", "--headless", "--json", str(scenario)]
    assert main(arguments) == 0
    expected = json.loads(capsys.readouterr().out.splitlines()[-1])
    killed = [sys.executable, "-m", "tuitrain", *arguments, "--out", str(tmp_path / "run")]
    with subprocess.Popen(killed, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for number, _ in enumerate(process.stdout):
            if number == 300:
                process.kill()
                break
    assert main(["resume", "--json", str(tmp_path / "run")]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == expected


def test_a_stopped_run_continues_when_resumed(tmp_path):
    scenario = loads(LONG, "x.toml")
    with ExitStack() as files:
        recorder = RecordWriter(tmp_path / "run", make_header(scenario), files)
        run = LiveRun(
            lambda on_note: build(scenario, "x.toml", on_note, recorder), make_run_info(scenario)
        ).start()
        run.answer(run.submit(parse("pause"), "key"), PATIENCE)
        run.answer(run.submit(parse("lr head 0.3"), "key"), PATIENCE)
        run.answer(run.submit(parse("stop"), "key"), PATIENCE)
        run.answer(run.submit(parse("freeze head"), "key"), PATIENCE)
        run.close()
    with ExitStack() as files:
        events = list(resume(tmp_path / "run", files, nothing, nothing))
    assert events[-1].step == 420
    entries = command_entries(read_journal(tmp_path / "run"))
    assert "refused" in [item.outcome for item in entries]
    comparison = verify_record(tmp_path / "run", nothing, nothing)
    assert comparison.verdict.ok


def test_a_folder_with_a_run_is_not_overwritten(tmp_path, capsys):
    record(tmp_path / "run", [])
    before = (tmp_path / "run" / JOURNAL).read_bytes()
    path = tmp_path / "x.toml"
    path.write_text(TEXT)
    assert main(["run", "--headless", "--out", str(tmp_path / "run"), str(path)]) == 2
    assert "holds a run already" in capsys.readouterr().err
    assert (tmp_path / "run" / JOURNAL).read_bytes() == before


@pytest.mark.parametrize("action", ["replay", "resume"])
def test_a_folder_without_a_run_is_an_error(tmp_path, action, capsys):
    assert main([action, str(tmp_path)]) == 2
    assert "holds no run: it has no header.json" in capsys.readouterr().err


def test_a_damaged_line_is_an_error_but_an_incomplete_last_line_is_not(tmp_path):
    record(tmp_path / "run", SCRIPT)
    journal = tmp_path / "run" / JOURNAL
    content = journal.read_bytes()
    journal.write_bytes(content + b'{"event":"comm')
    assert read_journal(tmp_path / "run")
    journal.write_bytes(b"{]\n" + content)
    with pytest.raises(TuitrainError) as error:
        read_journal(tmp_path / "run")
    assert "line 1" in str(error.value)


def test_an_invalid_header_is_an_error(tmp_path):
    (tmp_path / HEADER).write_text('{"schema": 1}')
    with pytest.raises(TuitrainError) as error:
        read_header(tmp_path)
    assert "is missing" in str(error.value)


def test_a_full_disk_ends_the_record_but_not_the_run(tmp_path, monkeypatch):
    def full(*_) -> None:
        with LineFile(Path("/dev/full")) as disk:
            append(disk, b"a line\n")

    append = LineFile.append
    scenario = loads(TEXT, "x.toml")
    with ExitStack() as files:
        recorder = RecordWriter(tmp_path / "run", make_header(scenario), files)
        session = build(scenario, "x.toml", recorder=recorder)
        session.run_burst()
        before = (tmp_path / "run" / METRICS).read_bytes()
        monkeypatch.setattr(LineFile, "append", full)
        session.apply_planned()
        session.run_burst()
        assert session.step == 14
        assert "the record ends here: No space left" in session.snapshot().note
    assert (tmp_path / "run" / METRICS).read_bytes() == before
