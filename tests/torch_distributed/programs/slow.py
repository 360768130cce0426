"""A loop that takes long steps; one rank may do something else at a step."""

import os
import signal
import sys
import time

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

import tuitrain
from tests.torch_script.problem import groups_of, make_problem

size, rank = int(os.environ["WORLD_SIZE"]), int(os.environ["RANK"])
dist.init_process_group(
    "gloo", init_method=f"file://{os.environ['RENDEZVOUS']}", rank=rank, world_size=size
)
folder, at, what = sys.argv[1], int(sys.argv[2]), sys.argv[3]
problem = make_problem()
problem.optimizer = torch.optim.SGD(groups_of(problem.net), lr=0.1)
if what != "hang":  # else the other ranks wait for this one in an exchange, and not in a step
    problem.net = DistributedDataParallel(problem.net)
if what == "alone" and rank == 1:
    dist.barrier()
    sys.exit(0)
run = tuitrain.watch(problem.net, problem.optimizer, steps=2000, out=folder)
batch = next(iter(problem.loader))
for step in range(2000):
    time.sleep(0.01)
    if step == at and rank == 1:
        print("here", flush=True)
        if what == "raise":
            raise ValueError("no such batch")
        if what == "hang":
            os.kill(os.getpid(), signal.SIGSTOP)
        if what == "exit":
            sys.exit(3)
        if what == "finish":
            run.finish()
            break
    problem.train(batch)
