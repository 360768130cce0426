"""A loop under `fully_shard`; takes the folder, and a plan as JSON."""

import json
import sys
from hashlib import sha256

import torch
import torch.distributed as dist
from torch.distributed.fsdp import fully_shard
from torch.utils.data import DataLoader, DistributedSampler

import tuitrain
from tests.torch_distributed.programs.ranks import SIZE, join
from tests.torch_script.problem import Problem, groups_of, make_data

folder, plan = sys.argv[1], json.loads(sys.argv[2])
join()
torch.manual_seed(0)
net = torch.nn.Sequential()
net.add_module("body", torch.nn.Sequential(torch.nn.Linear(6, 7), torch.nn.ReLU()))
net.add_module("last", torch.nn.Linear(7, 3))
mesh = dist.device_mesh.init_device_mesh("cpu", (SIZE,))
fully_shard(net.body, mesh=mesh)
fully_shard(net, mesh=mesh)
data = make_data(40 * SIZE)
optimizer = torch.optim.AdamW(groups_of(net), lr=0.01)
problem = Problem(net, DataLoader(data, 8, sampler=DistributedSampler(data)), optimizer)
commands = {int(step): texts for step, texts in plan.items()}
if folder != "-":
    run = tuitrain.watch(net, optimizer, plan=commands, out=folder, steps=20)
problem.train_epochs()
if folder != "-":
    run.finish()
whole = {name: item.full_tensor().detach() for name, item in net.named_parameters()}
content = b"".join(item.numpy().tobytes() for item in whole.values())
norm = sum(float(item.square().sum()) for item in whole.values())
print(sha256(content).hexdigest(), f"{norm:.6f}")
dist.destroy_process_group()
