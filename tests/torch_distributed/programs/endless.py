"""A loop with `run.batches` that a user stops; takes the folder, and limits as JSON."""

import json
import sys
import time

import torch.distributed as dist

import tuitrain
from tests.torch_distributed.programs.ranks import digest, join, make_ddp_problem

join()
problem = make_ddp_problem()
limits = json.loads(sys.argv[2])
run = tuitrain.watch(problem.net, problem.optimizer, out=sys.argv[1], limits=limits)
try:
    for batch in run.batches(problem.loader, epochs=100_000):
        run.step(problem.differentiate(batch))
        time.sleep(0.002)
finally:
    print(digest(problem.net), flush=True)
    run.finish()
    dist.destroy_process_group()
