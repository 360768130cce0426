"""A loop under `fully_shard`; takes the folder, a plan as JSON, and ``batches`` or ``line``.

With ``FAIL_AT`` in the environment all ranks fail at that step, with ``INTERRUPT`` as by Ctrl+C.
"""

import json
import os
import sys
from hashlib import sha256

import torch
import torch.distributed as dist
from torch.distributed.fsdp import fully_shard
from torch.utils.data import DataLoader, DistributedSampler

import tuitrain
from tests.torch_distributed.programs.ranks import RANK, SIZE, join
from tests.torch_script.problem import EPOCHS, PER_EPOCH, Problem, groups_of, make_data

folder, plan, kind = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3]
fails_at = int(os.environ.get("FAIL_AT", "-1"))
join()
torch.manual_seed(0)
net = torch.nn.Sequential()
body = (torch.nn.Linear(6, 7), torch.nn.BatchNorm1d(7), torch.nn.ReLU(), torch.nn.Dropout(0.2))
net.add_module("body", torch.nn.Sequential(*body))
net.add_module("last", torch.nn.Linear(7, 3))
mesh = dist.device_mesh.init_device_mesh("cpu", (SIZE,))
fully_shard(net.body, mesh=mesh)
fully_shard(net, mesh=mesh)
data = make_data(40 * SIZE)
optimizer = torch.optim.AdamW(groups_of(net), lr=0.01)
problem = Problem(net, DataLoader(data, 8, sampler=DistributedSampler(data)), optimizer)
commands = {int(step): texts for step, texts in plan.items()}
torch.manual_seed(100 + RANK)
if kind == "batches":
    with tuitrain.watch(net, optimizer, plan=commands, out=folder) as run:
        for batch in run.batches(problem.loader, epochs=EPOCHS):
            run.step(problem.differentiate(batch))
            if run.steps_taken == fails_at:
                raise KeyboardInterrupt if "INTERRUPT" in os.environ else ValueError("fails")
            if run.steps_taken % PER_EPOCH == PER_EPOCH - 1:
                with torch.no_grad():  # leaves the outermost module with whole parameters
                    net(batch[0])
else:
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
