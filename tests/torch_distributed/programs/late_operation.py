"""A run that has ended, and then an operation whose tensors gloo drops at the process's end."""

import sys

import torch
import torch.distributed as dist

import tuitrain
from tests.torch_distributed.programs.ranks import join, make_ddp_problem

join()
problem = make_ddp_problem()
with tuitrain.watch(problem.net, problem.optimizer, out=sys.argv[1]) as run:
    for batch in run.batches(problem.loader, epochs=1):
        run.step(problem.differentiate(batch))
total = torch.ones(3)
dist.all_reduce(total)
before, numbers = float(total[0]), total.numpy()
sys.setswitchinterval(100)  # gloo gets the interpreter only where it is given away
dist.all_reduce(total, async_op=True)
while numbers[0] == before:
    pass
for _ in range(5_000_000):  # the operation completes; numbers and loops do not give it away
    pass
