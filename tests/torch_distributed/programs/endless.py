"""A loop with `run.batches` that a user stops; takes the folder."""

import sys
import time

import torch.distributed as dist

import tuitrain
from tests.torch_distributed.programs.ranks import digest, join, make_ddp_problem

join()
problem = make_ddp_problem()
run = tuitrain.watch(problem.net, problem.optimizer, out=sys.argv[1])
try:
    for batch in run.batches(problem.loader, epochs=100_000):
        run.step(problem.differentiate(batch))
        time.sleep(0.002)
finally:
    print(digest(problem.net), flush=True)
    run.finish()
    dist.destroy_process_group()
