"""A loop with one line under DistributedDataParallel; takes the folder, and a plan as JSON."""

import json
import os
import sys
from hashlib import sha256

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler

import tuitrain
from tests.torch_script.problem import STEPS, groups_of, make_data, make_problem

if "RENDEZVOUS" in os.environ:
    size, rank = int(os.environ["WORLD_SIZE"]), int(os.environ["RANK"])
    dist.init_process_group(
        "gloo", init_method=f"file://{os.environ['RENDEZVOUS']}", rank=rank, world_size=size
    )
else:
    dist.init_process_group("gloo")
folder, plan = sys.argv[1], json.loads(sys.argv[2])
problem = make_problem()
net = DistributedDataParallel(problem.net)
optimizer = torch.optim.SGD(groups_of(problem.net), lr=0.1, momentum=0.9)
problem.net, problem.optimizer = net, optimizer
data = make_data(40 * dist.get_world_size())
problem.loader = DataLoader(data, 8, sampler=DistributedSampler(data))
commands = {int(step): texts for step, texts in plan.items()}
run = tuitrain.watch(net, optimizer, steps=STEPS, plan=commands, out=folder)
problem.train_epochs()
run.finish()
state = [item.detach().numpy().tobytes() for item in net.parameters()]
state += [optimizer.state[item]["momentum_buffer"].numpy().tobytes() for item in net.parameters()]
print(sha256(b"".join(state)).hexdigest())
dist.destroy_process_group()
