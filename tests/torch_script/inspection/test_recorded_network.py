"""The network in the record of a loop in PyTorch, and in its recording."""

import pytest

from tests.script.test_live import TIMEOUT, fly
from tests.torch_script.fixtures import watch
from tests.torch_script.inspection.test_network_tree import is_traced, looked_at_in_a_pause
from tests.torch_script.problem import make_problem
from tuitrain.engines.inspection import FailedInspection, InspectBatch, InspectNetwork, NetworkView
from tuitrain.records.network_file import NETWORK, read_network
from tuitrain.run.snapshot import Phase
from tuitrain.scenario.runs.record_player import NO_INSPECTION, NO_NETWORK, RecordPlayer

__all__ = ["fly", "watch"]


def inspected(folder, request=None):
    player = RecordPlayer(folder)
    player.inspect(request or InspectNetwork())
    return player.snapshot().inspection


def test_a_recording_shows_the_modules_although_nobody_has_looked(watch):
    problem = make_problem()
    run = watch(problem)
    problem.train_epochs(1)
    run.finish()
    view = inspected(run.folder)
    assert isinstance(view, NetworkView)
    modules = [row.path for row in view.rows if row.kind == "module"]
    assert modules == ["", "first", "norm", "drop", "last"]
    assert view.note == (
        "as it was at step 0; no step was traced yet: modules in the order of their definition"
    )
    batch = inspected(run.folder, InspectBatch())
    assert isinstance(batch, FailedInspection)
    assert batch.reason == NO_INSPECTION


def test_a_recording_shows_the_tree_that_a_viewer_was_shown(fly, tmp_path):
    deck = looked_at_in_a_pause(fly, make_problem())
    live = deck.live.wait_for(is_traced, TIMEOUT).inspection
    written = (deck.host.out / NETWORK).read_bytes()
    deck.do("freeze body")
    deck.do("step 3")
    deck.do("resume")
    deck.wait_for(Phase.FINISHED)
    assert (deck.host.out / NETWORK).read_bytes() == written
    view = inspected(deck.host.out)
    assert (view.rows, view.inputs) == (live.rows, live.inputs)
    assert view.note == f"as it was at step {view.step}"
    assert view.step <= live.step == 5


def test_an_older_record_says_that_it_has_no_network(watch):
    problem = make_problem()
    run = watch(problem)
    problem.train_epochs(1)
    run.finish()
    (run.folder / NETWORK).unlink()
    assert read_network(run.folder) is None
    assert inspected(run.folder).reason == NO_NETWORK


@pytest.mark.parametrize("content", [b"", b"{}", b'{"step": -1, "inputs": 3, "rows": []}', b"\xff"])
def test_a_damaged_file_is_named(watch, content):
    problem = make_problem()
    run = watch(problem)
    problem.train_epochs(1)
    run.finish()
    (run.folder / NETWORK).write_bytes(content)
    assert NETWORK in inspected(run.folder).reason


def test_a_network_that_cannot_be_described_trains_all_the_same(watch):
    problem = make_problem()
    problem.net.drop.children = None  # the tree asks for them
    run = watch(problem)
    problem.train_epochs(1)
    run.finish()
    assert run.steps_taken == 5
    assert inspected(run.folder).reason == NO_NETWORK
