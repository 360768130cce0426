"""A loop with `run.batches` that a user stops; takes the folder, and settings of `watch` as JSON.

From the existence of the file ``go`` in the working directory on, rank 0 reports an accuracy of 1.
"""

import json
import sys
import time
from pathlib import Path

import torch.distributed as dist

import tuitrain
from tests.torch_distributed.programs.ranks import RANK, digest, join, make_ddp_problem

join()
problem = make_ddp_problem()
settings = json.loads(sys.argv[2])
settings["plan"] = {int(step): texts for step, texts in settings.get("plan", {}).items()}
go = Path("go")
run = tuitrain.watch(problem.net, problem.optimizer, out=sys.argv[1], **settings)
try:
    for batch in run.batches(problem.loader, epochs=100_000):
        run.step(problem.differentiate(batch))
        if RANK == 0:
            run.log(accuracy=float(go.exists()))
        if not settings["plan"]:  # short steps: most have no exchange behind them
            time.sleep(0.002)
finally:
    print(digest(problem.net), flush=True)
    run.finish()
    dist.destroy_process_group()
