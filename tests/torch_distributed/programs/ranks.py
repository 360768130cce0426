"""What the programs of a test share: the process group, a problem, and a digest of all state."""

import gc
import os
from hashlib import sha256

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler

from tests.torch_script.problem import Net, Problem, groups_of, make_data

RANK, SIZE = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])


def join() -> None:
    if "RENDEZVOUS" in os.environ:
        store = f"file://{os.environ['RENDEZVOUS']}"
        dist.init_process_group("gloo", init_method=store, rank=RANK, world_size=SIZE)
    else:
        dist.init_process_group("gloo")


def make_ddp_problem(kind=torch.optim.AdamW, seed: int = 0, **settings) -> Problem:
    """Return a problem whose ranks have the same weights, and other dropout masks."""
    torch.manual_seed(seed)
    net = Net()
    data = make_data(40 * SIZE)
    loader = DataLoader(data, 8, sampler=DistributedSampler(data, seed=seed))
    optimizer = kind(groups_of(net), **(settings or {"lr": 0.01}))
    torch.manual_seed(100 * seed + RANK)
    return Problem(DistributedDataParallel(net), loader, optimizer)


def digest(net: torch.nn.Module) -> str:
    """Return a digest of the parameters, and of their state in every optimizer that lives."""
    gc.collect()
    optimizers = [
        item for item in gc.get_objects() if issubclass(type(item), torch.optim.Optimizer)
    ]
    total = sha256()
    for name, parameter in net.named_parameters():
        total.update(name.encode() + parameter.detach().numpy().tobytes())
        for state in sorted(
            str([(key, bits(value)) for key, value in sorted(optimizer.state[parameter].items())])
            for optimizer in optimizers
            if parameter in optimizer.state
        ):
            total.update(state.encode())
    return total.hexdigest()


def bits(value) -> str:
    return value.numpy().tobytes().hex() if isinstance(value, torch.Tensor) else repr(value)
