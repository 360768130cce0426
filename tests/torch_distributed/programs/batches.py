"""A loop with `run.batches` under DistributedDataParallel; takes the folder, and a plan as JSON."""

import json
import sys

import torch.distributed as dist

import tuitrain
from tests.torch_distributed.programs.ranks import digest, join, make_ddp_problem
from tests.torch_script.problem import EPOCHS

folder, plan = sys.argv[1], json.loads(sys.argv[2])
join()
problem = make_ddp_problem()
commands = {int(step): texts for step, texts in plan.items()}
with tuitrain.watch(problem.net, problem.optimizer, plan=commands, out=folder) as run:
    for batch in run.batches(problem.loader, epochs=EPOCHS):
        run.step(problem.differentiate(batch))
        run.log(accuracy=run.steps_taken)
print(digest(problem.net))
dist.destroy_process_group()
