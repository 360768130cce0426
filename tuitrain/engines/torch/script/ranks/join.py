# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""Joining the ranks of a training: the channel of this process, and checks of what they train."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterable, Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final

import torch
import torch.distributed as dist

from tuitrain.errors import RefusedError

from .channel import Channel
from .follower import FollowerEngine
from .gloo_threads import wait_at_exit
from .leader import LeaderEngine
from .liveness import rank_timeout

_MEETINGS: Final = itertools.count()
"""Numbers the calls of `join_ranks`, which all ranks make in the same order."""

_SLACK_SECONDS: Final = 5.0
"""Seconds beyond the timeout of rank 0 in which its answer arrives."""


def join_ranks() -> Channel | None:
    """Return the channel to the other ranks of this training; None in a training of one process.

    Called by all ranks together.

    Raises
    ------
    RefusedError : the process is one of several, and its process group is not made yet; or another
        rank does not call this in time
    """
    if dist.is_available() and dist.is_initialized():
        if dist.get_world_size() < 2:
            return None
        _meet()
        wait_at_exit()
        return Channel()
    if int(os.environ.get("WORLD_SIZE") or 1) > 1 and "RANK" in os.environ:
        raise RefusedError(
            f"this process is one of {os.environ['WORLD_SIZE']} and does not know the others: call "
            "torch.distributed.init_process_group and wrap the network before watch"
        )
    return None


def _meet() -> None:
    """Wait until all ranks are here, so that a script that watches on one rank does not hang.

    Raises
    ------
    RefusedError : names a rank that is not here in time
    """
    rank, timeout = dist.get_rank(), rank_timeout()
    store, key = dist.distributed_c10d._get_default_store(), f"tuitrain/{next(_MEETINGS)}"
    store.set(f"{key}/{rank}", "here")
    if rank == 0:
        missing = _find_missing(store, key, range(1, dist.get_world_size()), timeout)
        store.set(f"{key}/missing", str(missing))
    else:
        missing = _find_missing(store, key, [0], timeout) or _receive_missing(store, key, timeout)
    if missing:
        raise RefusedError(
            f"rank {missing} has not called watch within {timeout:g} s; call it on every rank, "
            "which is what lets commands reach them all"
        )


def _find_missing(store: dist.Store, key: str, ranks: Iterable[int], timeout: float) -> str:
    """Return a rank that is not here in time, or ""."""
    deadline = time.monotonic() + timeout
    for rank in ranks:
        seconds = max(0.1, deadline - time.monotonic())
        try:
            store.wait([f"{key}/{rank}"], timedelta(seconds=seconds))
        except RuntimeError:
            return str(rank)
    return ""


def _receive_missing(store: dist.Store, key: str, timeout: float) -> str:
    """Return the rank that rank 0 misses, or ""; "0" if rank 0 does not say so in time."""
    try:
        store.wait([f"{key}/missing"], timedelta(seconds=timeout + _SLACK_SECONDS))
    except RuntimeError:
        return "0"
    return store.get(f"{key}/missing").decode()


def make_engine(channel: Channel, *parts: Any) -> LeaderEngine | FollowerEngine:
    """Make the engine of this rank; the parts are those of `TorchScriptEngine`.

    Raises
    ------
    RefusedError : the ranks have different networks, optimizers or numbers of batches
    """
    _check_wrapper(parts[0])
    engine = FollowerEngine(channel, *parts) if channel.rank else LeaderEngine(channel, *parts)
    batches = parts[4] if len(parts) > 4 else None
    per_epoch = "" if batches is None else str(batches.per_epoch)
    _check_alike(channel, "network or another optimizer", _description(engine))
    _check_alike(channel, "number of batches in an epoch", [per_epoch])
    return engine


def _check_wrapper(model: torch.nn.Module) -> None:
    for module in model.modules():
        if type(module).__name__ == "FullyShardedDataParallel":
            raise RefusedError(
                "FullyShardedDataParallel puts the parameters into flat ones, which have no names "
                "and no groups; use torch.distributed.fsdp.fully_shard"
            )


def _description(engine: LeaderEngine | FollowerEngine) -> Sequence[str]:
    return [
        f"{group.name} {group.optimizer} {row.name} {row.shape}"
        for group in engine.groups()
        for row in group.parameters
    ]


def _check_alike(channel: Channel, what: str, lines: Sequence[str]) -> None:
    digest = sha256("\n".join(lines).encode()).digest()
    answers = channel.gather(digest)
    other = next((str(rank) for rank, item in enumerate(answers) if item != answers[0]), "")
    if rank := channel.share(other):
        raise RefusedError(
            f"rank {rank} has another {what} than rank 0; every rank of a run trains the same"
        )
