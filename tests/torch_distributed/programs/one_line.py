"""A loop with one line under DistributedDataParallel; takes the folder, and a plan as JSON."""

import json
import sys

import torch
import torch.distributed as dist

import tuitrain
from tests.torch_distributed.programs.ranks import digest, join, make_ddp_problem
from tests.torch_script.problem import STEPS

folder, plan = sys.argv[1], json.loads(sys.argv[2])
join()
problem = make_ddp_problem(torch.optim.SGD, lr=0.1, momentum=0.9)
commands = {int(step): texts for step, texts in plan.items()}
if folder != "-":
    tuitrain.watch(problem.net, problem.optimizer, steps=STEPS, plan=commands, out=folder)
problem.train_epochs()
print(digest(problem.net))
dist.barrier()
