"""What the programs of a test share: the process group, a problem, and a digest of all state."""

import gc
import os
from hashlib import sha256

import torch
import torch.distributed as dist
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor
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


def make_sharded_problem(kind=torch.optim.AdamW, seed: int = 0, **settings) -> Problem:
    """Return a problem under `fully_shard`, whose ranks have other dropout masks."""
    torch.manual_seed(seed)
    net = Net()
    mesh = dist.device_mesh.init_device_mesh("cpu", (SIZE,))
    fully_shard(net.first, mesh=mesh)
    fully_shard(net, mesh=mesh)
    data = make_data(40 * SIZE)
    loader = DataLoader(data, 8, sampler=DistributedSampler(data, seed=seed))
    torch.manual_seed(100 * seed + RANK)
    return Problem(net, loader, kind(groups_of(net), **settings))


def digest_of_parts(net: torch.nn.Module) -> str:
    """Return a digest of the digests of all ranks; see `digest`."""
    parts: list = [None] * SIZE
    dist.all_gather_object(parts, digest(net))
    return sha256("".join(parts).encode()).hexdigest()


def digest(net: torch.nn.Module) -> str:
    """Return a digest of the parameters, and of their state in every optimizer that lives."""
    gc.collect()
    optimizers = [
        item for item in gc.get_objects() if issubclass(type(item), torch.optim.Optimizer)
    ]
    total = sha256()
    for name, parameter in net.named_parameters():
        total.update(name.encode() + bytes_of(parameter))
        for state in sorted(
            str([(key, bits(value)) for key, value in sorted(optimizer.state[parameter].items())])
            for optimizer in optimizers
            if parameter in optimizer.state
        ):
            total.update(state.encode())
    return total.hexdigest()


def bits(value) -> str:
    return bytes_of(value).hex() if isinstance(value, torch.Tensor) else repr(value)


def bytes_of(tensor: torch.Tensor) -> bytes:
    """Return the bytes of a tensor, or of the part of this rank."""
    plain = tensor.detach()
    return (plain.to_local() if isinstance(plain, DTensor) else plain).numpy().tobytes()
