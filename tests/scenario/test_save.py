"""A session saved as a scenario replays to the same bits."""

import errno
import json

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.scenario.small import TEXT
from tests.scenario.test_verify import LONG, SCRIPT, record
from tuitrain.cli import main
from tuitrain.errors import TuitrainError
from tuitrain.scenario.load import load, loads
from tuitrain.scenario.replay import replay
from tuitrain.scenario.save import save, to_toml
from tuitrain.scenario.schema import At


def replayed(path) -> tuple[str, int]:
    last = list(replay(load(path), str(path)))[-1]
    return last.digest, last.step


def test_a_session_saved_as_a_scenario_replays_to_the_same_bits(tmp_path, capsys):
    ended = record(tmp_path / "run", SCRIPT)
    assert main(["save", str(tmp_path / "run"), str(tmp_path / "saved.toml")]) == 0
    assert replayed(tmp_path / "saved.toml") == ended


acts = st.sampled_from(
    [
        "freeze head", "thaw *", "lr fc 0.02", "lr * x0.5", "decay * over 2 epochs", "undo", "redo",
        "optimizer fc adam", "group top = classifier.*", "rewind 9", "rewind 80", "branch main",
        "branch b1", "checkpoint a", "rewind a", "try lr fc x0.1, 0.3 for 20 steps", "pause",
        "clip norm 0.1", "schedule fc cosine to 0 over 90 steps warmup=3",
    ]
)  # fmt: skip


@pytest.mark.slow
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.integers(0, 90), acts), max_size=6))
def test_any_session_with_history_commands_replays_to_the_same_bits(tmp_path_factory, script):
    folder = tmp_path_factory.mktemp("save")
    ended = record(folder / "run", script)
    save(folder / "run", folder / "saved.toml")
    assert replayed(folder / "saved.toml") == ended


def test_a_stopped_session_ends_at_its_stop(tmp_path):
    record(tmp_path / "run", [(40, "lr fc 0.3")])
    journal = tmp_path / "run" / "journal.jsonl"
    stop = '{"event":"command","step":140,"command":"stop","actor":"key","outcome":"applied"}'
    journal.write_text(journal.read_text() + stop + "\n")
    scenario = save(tmp_path / "run", tmp_path / "saved.toml")
    assert (scenario.steps, scenario.epochs) == (140, None)


def test_decisions_at_the_stop_are_left_out(tmp_path):
    record(tmp_path / "run", [(40, "lr head 0.3")])
    journal = tmp_path / "run" / "journal.jsonl"
    stop = '{"event":"command","step":40,"command":"stop","actor":"key","outcome":"applied"}'
    lines = journal.read_text().splitlines()
    until = next(i for i, line in enumerate(lines) if "lr head 0.3" in line)
    journal.write_text("\n".join([*lines[: until + 1], stop]) + "\n")
    save(tmp_path / "run", tmp_path / "saved.toml")
    scenario = load(tmp_path / "saved.toml")
    assert scenario.steps == 40
    assert [entry.step for entry in scenario.at] == [7]
    assert replayed(tmp_path / "saved.toml")[1] == 40


def test_a_session_resumed_after_a_stop_does_not_end_there(tmp_path):
    ended = record(tmp_path / "run", [(140, "stop")])
    save(tmp_path / "run", tmp_path / "saved.toml")
    assert replayed(tmp_path / "saved.toml") == ended


def test_a_session_stopped_before_its_first_step_cannot_be_saved(tmp_path):
    record(tmp_path / "run", [])
    stop = '{"event":"command","step":0,"command":"stop","actor":"key","outcome":"applied"}'
    (tmp_path / "run" / "journal.jsonl").write_text(stop + "\n")
    with pytest.raises(TuitrainError, match="was stopped before its first step"):
        save(tmp_path / "run", tmp_path / "saved.toml")


def test_an_undo_takes_back_a_sweep_without_effect(tmp_path):
    tried = "try lr head x1, x2 for 9 steps"
    script = [(30, "lr head 0.01"), (5, tried), (0, "branch b1"), (5, "undo")]
    ended = record(tmp_path / "run", script)
    save(tmp_path / "run", tmp_path / "saved.toml")
    assert replayed(tmp_path / "saved.toml") == ended
    assert "lr head 0.01" in (tmp_path / "saved.toml").read_text()


def test_a_written_scenario_reads_back_equal():
    scenario = loads(LONG, "x.toml")
    assert loads(to_toml(scenario), "y.toml") == scenario


def test_why_commands_were_given_is_written_as_comments(tmp_path):
    reasons = {"lr head 0.01": "plateau", "clip norm 1": "it overfits"}
    ended = record(tmp_path / "run", [(30, "lr head 0.01"), (0, "clip norm 1"), (9, "thaw fc")])
    journal = tmp_path / "run" / "journal.jsonl"
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    for line in lines:
        if line.get("command") in reasons:
            line["why"] = reasons[line["command"]]
    journal.write_text("".join(json.dumps(line) + "\n" for line in lines))
    for name in ("saved.toml", "saved.py"):
        save(tmp_path / "run", tmp_path / name)
    text = (tmp_path / "saved.toml").read_text()
    assert "# lr head 0.01: plateau\n# clip norm 1: it overfits\n[[at]]\n" in text
    assert text.count("\n#") == 2
    assert replayed(tmp_path / "saved.toml") == ended
    assert "# step 30: clip norm 1 (it overfits)\n" in (tmp_path / "saved.py").read_text()


def test_why_short_commands_were_given_is_written_in_their_array():
    scenario = loads(LONG, "x.toml")
    scenario = msgspec.structs.replace(scenario, at=(At("undo", step=3), At("redo", step=5)))
    text = to_toml(scenario, {(5, "redo"): "it was better"})
    assert '{ do = "undo", step = 3 },\n    # redo: it was better\n    { do = "redo"' in text
    assert loads(text, "y.toml") == scenario


def test_an_existing_file_is_not_overwritten(tmp_path):
    record(tmp_path / "run", [])
    target = tmp_path / "saved.toml"
    target.write_text("mine")
    with pytest.raises(TuitrainError) as error:
        save(tmp_path / "run", target)
    assert "exists already" in str(error.value)
    assert target.read_text() == "mine"


@pytest.mark.parametrize(
    "line",
    [
        {"step": 20, "command": "redo"},
        {"step": "twenty", "command": "lr head 0.3"},
        {"step": None, "command": "lr head 0.3"},
        {"step": -1, "command": "lr head 0.3"},
        {"step": 10**19, "command": "lr head 0.3"},
        {"step": 20, "command": "branch absent"},
        {"step": 20, "command": "lr head fast"},
        {"event": "digest", "step": "x"},
    ],
)
def test_an_impossible_journal_is_an_error(tmp_path, line):
    record(tmp_path / "run", [], TEXT)
    whole = {"event": "command", "actor": "key", "outcome": "applied", **line}
    stop = {**whole, "event": "command", "step": 4, "command": "stop"}
    lines = "".join(json.dumps(item) + "\n" for item in (stop, whole))
    (tmp_path / "run" / "journal.jsonl").write_text(lines)
    with pytest.raises(TuitrainError, match="run"):
        save(tmp_path / "run", tmp_path / "saved.toml")
    assert not (tmp_path / "saved.toml").exists()


def test_a_file_is_written_atomically(tmp_path, monkeypatch):
    record(tmp_path / "run", [])
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(TuitrainError, match="cannot be written: No space left"):
        save(tmp_path / "run", tmp_path / "saved.toml")
    assert [item.name for item in tmp_path.iterdir()] == ["run"]


def test_a_symbolic_link_of_another_user_is_not_followed(tmp_path):
    record(tmp_path / "run", [])
    (tmp_path / "precious").write_text("mine")
    (tmp_path / "saved.toml.partial").symlink_to(tmp_path / "precious")
    with pytest.raises(TuitrainError, match="cannot be written: Too many levels of symbolic"):
        save(tmp_path / "run", tmp_path / "saved.toml")
    assert (tmp_path / "precious").read_text() == "mine"
    save(tmp_path / "run", tmp_path / "saved.toml")


def full(_) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")
