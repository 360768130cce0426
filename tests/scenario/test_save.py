"""A session saved as a scenario replays to the same bits."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.scenario.test_rerun import LONG, SCRIPT, record
from tuitrain.cli import main
from tuitrain.errors import TuitrainError
from tuitrain.scenario.load import load, loads
from tuitrain.scenario.replay import replay
from tuitrain.scenario.save import as_toml, save_as_scenario


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


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.integers(0, 90), acts), max_size=6))
def test_so_does_any_session_with_ways_back(tmp_path_factory, script):
    folder = tmp_path_factory.mktemp("save")
    ended = record(folder / "run", script)
    save_as_scenario(folder / "run", folder / "saved.toml")
    assert replayed(folder / "saved.toml") == ended


def test_a_session_that_was_stopped_ends_there(tmp_path):
    record(tmp_path / "run", [(40, "lr fc 0.3")])
    journal = tmp_path / "run" / "journal.jsonl"
    stop = '{"event":"command","step":140,"command":"stop","actor":"key","outcome":"applied"}'
    journal.write_text(journal.read_text() + stop + "\n")
    scenario = save_as_scenario(tmp_path / "run", tmp_path / "saved.toml")
    assert (scenario.steps, scenario.epochs) == (140, None)


def test_a_scenario_written_reads_back_equal():
    scenario = loads(LONG, "x.toml")
    assert loads(as_toml(scenario), "y.toml") == scenario


def test_a_file_that_is_there_is_not_written_over(tmp_path):
    record(tmp_path / "run", [])
    target = tmp_path / "saved.toml"
    target.write_text("mine")
    with pytest.raises(TuitrainError) as error:
        save_as_scenario(tmp_path / "run", target)
    assert "is there already" in str(error.value)
    assert target.read_text() == "mine"
