"""Loops of several kinds; takes the folder and the kind of the loop."""

import math
import sys

import torch
import torch.distributed as dist
from torch.utils.data import DataLoader

import tuitrain
from tests.torch_distributed.programs.ranks import RANK, digest, join, make_ddp_problem
from tests.torch_script.problem import make_data

folder, kind = sys.argv[1:]
join()
problem = make_ddp_problem()
plans = {
    "nan": {0: "break when nan"},
    "loss": {0: "break when loss > x1.5"},
    "rule on nan": {0: "when nan do rewind 20; freeze body; at most 2 times"},
    "rule on loss": {0: "when loss > x1.5 do lr * x0.5; at most 3 times"},
    "rule on accuracy": {0: "when accuracy > 0.5 do lr last x0.5"},
}
options = {"plan": plans.get(kind, {}), "out": folder}
if kind == "uneven":
    problem.loader = DataLoader(make_data(40 + 8 * RANK), 8)

if kind in ("logs", "rule on accuracy"):
    with tuitrain.watch(problem.net, problem.optimizer, **options) as run:
        for step, batch in enumerate(list(problem.loader) * 40):
            problem.train(batch)
            if step % 7 == 6 and RANK == 0:
                run.log(accuracy=(step + 1) / (1 if kind == "logs" else 110))
elif kind == "epochs":
    with tuitrain.watch(problem.net, problem.optimizer, plan={12: "rewind 3"}, out=folder) as run:
        for epoch in run.epochs(problem.loader, epochs=3):
            for batch in run.batches():
                run.step(problem.differentiate(batch))
            if RANK == 0:
                run.log(accuracy=epoch + 1)
elif kind == "finish":
    with tuitrain.watch(problem.net, problem.optimizer, **options) as run:
        for batch in run.batches(problem.loader, epochs=4):
            run.step(problem.differentiate(batch))
            if run.steps_taken == 9:
                run.finish()
                break
    problem.train_epochs(1)
else:
    with tuitrain.watch(problem.net, problem.optimizer, **options) as run:
        for batch in run.batches(problem.loader, epochs=6):
            loss = problem.differentiate(batch)
            if run.steps_taken == 24 and RANK == 1:
                scale = math.nan if kind.endswith("nan") else 100.0
                run.step(torch.tensor(scale))
            else:
                run.step(loss)
print(digest(problem.net))
dist.destroy_process_group()
