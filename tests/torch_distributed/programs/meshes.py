"""Norms of parameters on meshes of one and two dimensions, beside those of the whole tensors."""

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, parallelize_module

from tests.torch_distributed.programs.ranks import join
from tuitrain.engines.torch.statistics import norms

join()


def check(net: nn.Module) -> None:
    parameters = list(net.parameters())
    whole = [float(item.detach().full_tensor().norm()) for item in parameters]
    sizes = norms(parameters)
    torch.testing.assert_close(torch.tensor(sizes), torch.tensor(whole))
    print(len(sizes), flush=True)


def make_net() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 4))


mesh = dist.device_mesh.init_device_mesh("cpu", (2, 2), mesh_dim_names=("outer", "inner"))
replicated = make_net()
fully_shard(replicated, mesh=mesh)  # replicated over the outer dimension
check(replicated)
both = make_net()
plan = {"0": ColwiseParallel(), "2": RowwiseParallel()}
parallelize_module(both, mesh["inner"], plan)
fully_shard(both, mesh=mesh["outer"])  # weights are sharded over both dimensions, one bias is not
check(both)
mixed = make_net()
fully_shard(mixed[0], mesh=mesh)
fully_shard(mixed[2], mesh=dist.device_mesh.init_device_mesh("cpu", (4,)))
check(mixed)
dist.destroy_process_group()
