"""Measure what an exchange between the ranks of a run costs: python scripts/measure_exchange.py.

Starts 2, 4, 8 and 16 processes on this machine (or the numbers in its arguments), which do nothing
but exchange. Prints the median and the 95th percentile in microseconds of: one exchange (rank 0
sends how many steps follow, and all have it), the all-reduce of a step while a breakpoint is set,
and the reports of all ranks, which are collected once a second.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from tuitrain.engines.torch.script.ranks.channel import Channel
from tuitrain.engines.torch.script.ranks.messages import Grant, encode

ROUNDS = 400
SIZES = (2, 4, 8, 16)


def main() -> None:
    """Measure each number of processes, and print a table."""
    sizes = [int(word) for word in sys.argv[1:]] or list(SIZES)
    print(
        f"{'ranks':>5}  {'exchange':>16}  {'all-reduce':>16}  {'reports':>16}   (median, 95 %; µs)"
    )
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            mp.start_processes(measure, (size, folder), size, start_method="spawn")
            print(Path(folder, "row").read_text(), flush=True)


def measure(rank: int, size: int, folder: str) -> None:
    """Measure in one rank; rank 0 writes the row of the table."""
    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo", init_method=f"file://{folder}/store", rank=rank, world_size=size
    )
    channel = Channel()
    message = encode(Grant(1000, 10, is_new=True))

    def exchange() -> None:
        if rank:
            channel.receive()
        else:
            channel.send(message)
        channel.add([0.0])  # so that the time is that of the last rank to have it

    def reduce() -> None:
        channel.add([1.0, 1.0, 0.0])

    def report() -> None:
        channel.gather(b"x" * 40)

    both, alone, reports = (times_of(function) for function in (exchange, reduce, report))
    exchanges = [max(0.0, first - statistics.median(alone)) for first in both]
    if rank == 0:
        cells = "  ".join(f"{summary(times):>16}" for times in (exchanges, alone, reports))
        Path(folder, "row").write_text(f"{size:>5}  {cells}")
    channel.liveness.leave()
    dist.barrier()
    channel.liveness.close()


def times_of(function: Callable[[], None]) -> list[float]:
    """Return the microseconds of each call, after some that do not count."""
    for _ in range(20):
        function()
    times: list[float] = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        function()
        times.append(1e6 * (time.perf_counter() - began))
    return times


def summary(times: list[float]) -> str:
    """Return the median and the 95th percentile."""
    return f"{statistics.median(times):.0f}, {statistics.quantiles(times, n=20)[-1]:.0f}"


if __name__ == "__main__":
    main()
