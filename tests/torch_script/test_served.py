"""A loop in PyTorch without a screen: watched, steered, with workers of a loader, detached."""

from pathlib import Path

import pytest
import torch
from torch.utils.data import DataLoader

import tuitrain
from tests.script.leaving import leave
from tests.script.problem import read_lines
from tests.script.served import Body, last_of, serving
from tests.torch_script.problem import make_data, make_problem
from tuitrain.run.snapshot import Phase
from tuitrain.script.detached import host_script
from tuitrain.script.runner import run_headless

SCRIPT = """
import torch
import tuitrain
from tests.torch_script.problem import make_problem

problem = make_problem()
scheduler = torch.optim.lr_scheduler.StepLR(problem.optimizer, 4, 0.5)
run = tuitrain.watch(
    problem.net, problem.optimizer, plan={13: "pause"}, schedulers=scheduler
)
for batch in run.batches(problem.loader, epochs=6):
    run.step(problem.differentiate(batch))
    scheduler.step()
"""


def losses_of(folder: Path) -> list[float]:
    lines = read_lines(folder, "metrics.jsonl")
    return [loss for line in lines if "loss" in line for loss in line["loss"]]


def script(folder, epochs, problem):
    def train(after_epoch: Body):
        with tuitrain.watch(problem.net, problem.optimizer, steps=5 * epochs, out=folder):
            for epoch in range(epochs):
                problem.train_epochs(1)
                after_epoch(epoch)

    return train


def test_a_viewer_changes_no_bit(tmp_path):
    alone = make_problem()
    alone.train_epochs(10)
    watched = make_problem()
    with serving(script(tmp_path / "run", 10, watched), tmp_path / "run") as made:
        source = made.view()
        made.go()
        assert last_of(source).phase is Phase.FINISHED
        made.join()
    assert (watched.weights(), watched.losses) == (alone.weights(), alone.losses)


def test_a_pause_by_a_program_holds_the_loop_in_its_step(tmp_path):
    problem = make_problem()
    with serving(script(tmp_path / "run", 10**6, problem), tmp_path / "run") as made:
        made.go()
        step = made.do("pause").step
        assert made.wait("paused").step == step
        assert len(problem.losses) == step
        assert made.do("freeze body").step == step
        made.do("resume")
        made.do("stop")
    assert isinstance(made.ended_by, tuitrain.StoppedError)


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_workers_of_a_loader_take_no_part(tmp_path, context):
    problem = make_problem()
    alone = make_problem()
    options = {"num_workers": 2, "multiprocessing_context": context}
    problem.loader = DataLoader(make_data(), 8, shuffle=True, **options)
    torch.manual_seed(1)
    alone.loader = DataLoader(make_data(), 8, shuffle=True, **options)
    alone.train_epochs(2)
    torch.manual_seed(1)
    with serving(script(tmp_path / "run", 2, problem), tmp_path / "run") as made:
        source = made.view()
        made.go()
        assert last_of(source).step == 10
        made.join()
    assert losses_of(tmp_path / "run") == problem.losses == alone.losses


def test_a_detached_script_continues_to_the_same_bits(tmp_path, monkeypatch):
    path = tmp_path / "train.py"
    path.write_text(SCRIPT)
    assert run_headless(path, [], tmp_path / "alone") == 0
    folder = tmp_path / "run"
    started, _ = leave(path, folder, monkeypatch, "d")
    assert started[0][:3] == ["run", "--hosted", "--continued"]
    assert len(losses_of(folder)) == 13
    assert host_script(path, [], folder, continued=True) == 0
    assert losses_of(folder) == losses_of(tmp_path / "alone")
