"""Generated sequences of commands, one after the other; takes the folder, their number, a kind."""

import random
import sys
from pathlib import Path

import torch
import torch.distributed as dist

import tuitrain
from tests.torch_distributed.programs.ranks import (
    digest,
    digest_of_parts,
    join,
    make_ddp_problem,
    make_sharded_problem,
)
from tests.torch_script.problem import PER_EPOCH

EPOCHS = 3
COMMANDS = [
    "freeze body",
    "freeze first.*",
    "freeze *",
    "thaw *",
    "thaw body reset",
    "lr last 0.02",
    "lr * x0.5",
    "lr absent 1",
    "lr body auto",
    "decay last over 5 steps",
    "schedule body cosine to 0 over 6 steps",
    "schedule * exponential x0.9 per step warmup=2",
    "optimizer last sgd momentum=0.9",
    "optimizer body adam lr=0.003",
    "optimizer * adamw state=reset",
    "optimizer last rmsprop ramp=3",
    "group top = last.* norm.*",
    "group biases = *.bias",
    "clip norm 0.5",
    "clip value 0.05",
    "clip off",
    "break when grad_norm last > 0.3",
    "break when nan",
    "break when loss > x1.2",
    "break off",
    "step 2",
    "pause",
    "checkpoint kept",
    "rewind kept",
    "rewind 1",
    "rewind 4",
    "undo",
    "redo",
    "branch main",
    "try lr last x0.1, x10 for 2 steps",
    "try lr * 0.001 for 3 steps",
]
KINDS = [
    (torch.optim.AdamW, {"lr": 0.01}),
    (torch.optim.SGD, {"lr": 0.05, "momentum": 0.9}),
    (torch.optim.Adam, {"lr": 0.01, "amsgrad": True}),
]

folder, count, is_sharded = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "sharded"
make_problem, get_digest = make_ddp_problem, digest
if is_sharded:
    make_problem, get_digest = make_sharded_problem, digest_of_parts
join()
for seed in range(count):
    chosen = random.Random(seed)
    kind, settings = chosen.choice(KINDS)
    problem = make_problem(kind, seed, **settings)
    plan: dict[int, list[str]] = {}
    for _ in range(chosen.randint(1, 9)):
        step = chosen.randrange(EPOCHS * PER_EPOCH)
        plan.setdefault(step, []).append(chosen.choice(COMMANDS))
    out = folder / f"run{seed}"
    with tuitrain.watch(problem.net, problem.optimizer, plan=plan, out=out) as run:
        for batch in run.batches(problem.loader, epochs=EPOCHS):
            run.step(problem.differentiate(batch))
    print(seed, get_digest(problem.net), flush=True)
    del problem, run, batch
dist.destroy_process_group()
