"""The batch of a step of a loop that trains with the core."""

import pytest

import tuitrain
from tests.script.problem import make_problem
from tests.script.test_live import TIMEOUT, fly
from tuitrain.engines.batch_view import InspectBatch, StepBatchView
from tuitrain.engines.inspection import FailedInspection
from tuitrain.run.snapshot import Phase

__all__ = ["fly"]


@pytest.mark.parametrize("has_batches", [False, True])
def test_a_viewer_sees_the_batch_where_run_batches_gives_it(fly, has_batches):
    problem = make_problem()

    def script() -> None:
        run = tuitrain.watch(
            problem.net, problem.optimizer, loader=problem.loader, epochs=2, plan={3: "pause"}
        )
        if has_batches:
            for batch in run.batches():
                problem.train(*batch)
        else:
            problem.train_epochs(2)

    deck = fly(script)
    deck.wait_for(Phase.PAUSED)
    deck.live.inspect(InspectBatch())
    view = deck.live.wait_for(lambda shown: shown.inspection is not None, TIMEOUT).inspection
    if has_batches:
        assert isinstance(view, StepBatchView)
        assert (view.batch_step, view.samples) == (3, problem.loader.batch_size)
        assert [entry.path for entry in view.entries] == ["[0]", "[1]"]
    else:
        assert isinstance(view, FailedInspection)
        assert "without run.batches the batch of a step is not known" in view.reason
    deck.do("stop")
