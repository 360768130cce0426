"""Measure how far the kernels of a step are from the processor's limit.

Call it as ``python scripts/measure_kernels.py``. On one thread it measures the limit, a loop of
independent multiply-adds, and then every kernel of some networks' steps, from the batch to the
gradients: its shortest call, without the time of an empty call, with its memory in the cache as far
as it fits. It prints a Markdown table for each network, and the least time of its multiplications.

An operation is a multiplication or an addition of a product. Those with the zeros of a border
count, though some kernels skip them. With ``--quick`` it measures little, and less exactly.
"""

from __future__ import annotations

import argparse
import ctypes
import itertools
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tuitrain.bench.workloads.core_modules import build_network
from tuitrain.bench.workloads.networks import RESNET, image_shape
from tuitrain.bench.workloads.synthetic_data import samples
from tuitrain_core import aligned
from tuitrain_core.compiler import BatchSource, Graph, Recording
from tuitrain_core.compiler.execution.burst import Burst, plan_burst
from tuitrain_core.compiler.execution.call_table import Team, build_table
from tuitrain_core.compiler.planner import Planner
from tuitrain_core.compiler.planning.call import Call
from tuitrain_core.compiler.planning.memory import Workspace, address
from tuitrain_core.data import DataLoader, Dataset
from tuitrain_core.native.conv import convolution
from tuitrain_core.native.ir.builder import Builder
from tuitrain_core.native.ir.function_builder import Int, Value
from tuitrain_core.native.ir.host import host, machine_name
from tuitrain_core.native.runtime import library
from tuitrain_core.native.runtime.library import Kernel
from tuitrain_core.ops.convolution import Conv2d

SUMS = 12
"""Independent sums of the limit's loop: enough to hide an instruction's latency."""

LOOPS = 20_000
"""Rounds of the limit's loop: some 50 microseconds."""

MAX_SECONDS = 0.2
"""Seconds after which a kernel is not called again before the next pass."""

LONG_CALL = 1e-3
"""Seconds of a call before which the thread sleeps: on a busy machine, one that has slept is
interrupted later."""

ENTRY = ctypes.CFUNCTYPE(None, ctypes.c_void_p)

WEIGHTS = {"forward": 1, "input_gradient": 1, "weight_gradient": 2}
"""The argument of a linear layer's kernels that has the shape of the weight."""


@dataclass(frozen=True)
class Network:
    """A network to measure.

    Attributes
    ----------
    name : see `tuitrain.bench.workloads.networks`
    batch : samples of a step
    frozen : layers that are not trained, from the bottom
    """

    title: str
    name: str
    batch: int
    frozen: int = 0


NETWORKS = (
    Network("LeNet, B=64", "lenet", 64),
    Network("LeNet, B=64, both convolutions frozen", "lenet", 64, frozen=2),
    Network("LeNet of 24 and 64 channels, B=64", "lenet-24-64", 64),
    Network("MLP, B=64", "mlp-784-256-128-10", 64),
    Network("ResNet-8, B=4", RESNET, 4),
)
QUICK = (Network("LeNet, B=8", "lenet", 8), Network("MLP, B=8", "mlp-784-32-10", 8))


@dataclass(frozen=True)
class Product:
    """What a kernel multiplies.

    Attributes
    ----------
    name : the layer
    work : the pass: forward, or which gradient
    operations : for one sample, or in one call
    """

    name: str
    work: str
    operations: int


@dataclass(frozen=True, eq=False)
class Step:
    """A planned step of a network.

    Attributes
    ----------
    source : gives the batch; keeps alive the order that kernels read
    burst : runs the step
    calls : its calls
    seconds : the shortest time of each call so far
    """

    network: Network
    graph: Graph
    source: BatchSource
    burst: Burst
    calls: Sequence[Call]
    seconds: list[float]


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="measure small networks, once")
    parser.add_argument("--passes", type=int, default=5, help="repeat this often (default: 5)")
    options = parser.parse_args()
    steps = [plan_step(network) for network in (QUICK if options.quick else NETWORKS)]
    limit = 0.0
    for _ in range(1 if options.quick else options.passes):
        limit = max(limit, measure_limit())
        for step in steps:
            measure_step(step)
    print(f"{machine_name().rpartition(': ')[2]}, vectors of {host().lanes} lanes.")
    print(f"The limit of one thread is {limit / 1e9:.0f} billion operations a second.")
    for step in steps:
        print_step(step, limit)


def plan_step(network: Network) -> Step:
    """Plan the step of a network, up to the gradients."""
    model = build_network(network.name)
    images, labels = samples(network.batch, image_shape(network.name))
    loader = DataLoader(Dataset(images, labels), network.batch)
    recording = Recording(model, loader)
    recorded = recording.program()
    if recorded is None:
        raise SystemExit(f"{network.title}: the step is not recorded: {recording.problem}")
    program, source = recorded
    frozen = tuple(f"layer{place}." for place in range(network.frozen))
    trained = [value for name, value in model.named_parameters() if not name.startswith(frozen)]
    planner = Planner(program.graph, Workspace(network.batch), fuse_pool=True)
    planner.losses.start = address(planner.loss)
    source.set_order(np.arange(network.batch), network.batch)
    plan = planner.plan(network.batch, trained, source)
    calls = [action for action in plan.actions.all if isinstance(action, Call)]
    never = [math.inf] * len(calls)
    return Step(network, program.graph, source, plan_burst(plan), calls, never)


def measure_limit() -> float:
    """Return the operations a second of a loop of independent multiply-adds."""
    numbers = aligned.zeros((SUMS * host().lanes,), np.float32)
    numbers[:] = 0.5
    block = library.argument_block(LOOPS, numbers)
    seconds = time_kernel(library.get_kernel(multiply_adds, 2).address, address(block))
    return 2 * SUMS * host().lanes * LOOPS / seconds


def multiply_adds(k: Builder) -> None:
    """Emit the limit's loop. Arguments: the number of rounds, and `SUMS` vectors."""
    rounds, numbers = k.arguments
    sums = [k.load(numbers, place * k.lanes) for place in range(SUMS)]
    factor = k.load(numbers)

    def add(_: Int, sums: list[Value]) -> list[Value]:
        return [k.fma(value, factor, factor) for value in sums]

    for place, value in enumerate(k.loop(rounds, add, sums)):
        k.store(value, numbers, place * k.lanes)


def nothing(_: Builder) -> None:
    """Emit a kernel that does nothing."""


def measure_step(step: Step) -> None:
    """Time every call of a step, and keep the shortest times."""
    empty = time_kernel(library.get_kernel(nothing, 0).address, 0)
    for place, call in enumerate(step.calls):
        step.burst.run(1)  # the values that the kernel reads, as they are in a step
        table = build_table([call], [], 0, Team.of(1, np.zeros(1, np.int64)))
        chunks = table.rows[: table.rows_before_hold_point]
        total = sum(time_kernel(*map(int, chunk)) - empty for chunk in chunks)
        step.seconds[place] = min(step.seconds[place], max(total, 1e-9))


def time_kernel(kernel: int, arguments: int, rounds: int = 60) -> float:
    """Return the seconds of the shortest call of the code at an address."""
    function, shortest, start = ENTRY(kernel), math.inf, time.perf_counter()
    for _ in range(rounds):
        if LONG_CALL < shortest < math.inf:
            time.sleep(LONG_CALL)  # a process that has paused is not interrupted within the call
        before = time.perf_counter()
        function(arguments)
        after = time.perf_counter()
        shortest = min(shortest, after - before)
        if after - start > MAX_SECONDS:
            break
    return shortest


def convolution_products(graph: Graph) -> Iterator[tuple[Kernel, Product]]:
    """Yield the kernels that the graph's convolutions may use, and their products of a sample."""
    for node in graph.nodes:
        if not isinstance(node.op, Conv2d):
            continue
        (channels, height, width), (outputs, _, *taps) = (v.shape for v in node.inputs[:2])
        options = node.op.stride, node.op.padding
        g = convolution.Geometry(channels, height, width, outputs, taps[0], taps[1], *options)
        name = f"{g.KH} × {g.KW} convolution, {g.C} → {g.O} channels, {g.OH} × {g.OW} pixels"
        weights = 2 * g.O * g.C * g.taps
        whole, pooled = weights * g.OH * g.OW, weights * (g.OH // 2) * (g.OW // 2)
        for flags in itertools.product((False, True), repeat=4):
            yield convolution.forward(g, *flags), Product(name, "forward", whole)
        of_input, of_weight = "gradient of the input", "gradient of the weight"
        yield convolution.input_gradient(g), Product(name, of_input, whole)
        yield convolution.weight_gradient(g), Product(name, of_weight, whole)
        after = ", after a maximum"
        yield convolution.pooled_input_gradient(g), Product(name, of_input + after, pooled)
        yield convolution.pooled_weight_gradient(g), Product(name, of_weight + after, pooled)


def find_product(call: Call, convolutions: Mapping[Kernel, Product], rows: int) -> Product | None:
    """Return what a call multiplies; None if it has no products."""
    module, _, kernel = call.kernel.name.split()[0].partition(".")
    if module == "linear" and kernel in WEIGHTS:
        weight = call.arguments[WEIGHTS[kernel]]
        assert isinstance(weight, np.ndarray)
        outputs, inputs = weight.shape
        work = kernel if kernel == "forward" else f"gradient of the {kernel.partition('_')[0]}"
        return Product(f"linear, {inputs} → {outputs}", work, 2 * rows * inputs * outputs)
    product = convolutions.get(call.kernel)
    if product is None:
        return None
    count = call.arguments[-1] if "of the weight" in product.work else rows  # a part of the batch
    assert isinstance(count, int)
    return replace(product, operations=product.operations * count)


def print_step(step: Step, limit: float) -> None:
    """Print the table of a step, and the least time of its multiplications."""
    rows = step.network.batch
    convolutions = dict(convolution_products(step.graph))
    calls: dict[Product | None, list[float]] = {}
    for call, seconds in zip(step.calls, step.seconds, strict=True):
        calls.setdefault(find_product(call, convolutions, rows), []).append(seconds)
    print(f"\n{step.network.title}:\n")
    print("| kernel | calls | million operations | µs | billion a second | of the limit |")
    print("| --- | --: | --: | --: | --: | --: |")
    others = calls.pop(None, [])
    products = {product: times for product, times in calls.items() if product is not None}
    for product, times in products.items():
        print_row(f"{product.name}: {product.work}", product.operations, times, limit)
    print_row("kernels without products", 0, others, limit)
    total = sum(product.operations * len(times) for product, times in products.items())
    forward = sum(p.operations * len(t) for p, t in products.items() if p.work == "forward")
    print(
        f"\nAll: {1e3 * sum(step.seconds):.3f} ms. At the limit the {total / 1e6:.1f} million "
        f"operations take {1e3 * total / limit:.3f} ms, the forward pass's {forward / 1e6:.1f} "
        f"million {1e3 * forward / limit:.3f} ms."
    )


def print_row(name: str, operations: int, times: Sequence[float], limit: float) -> None:
    """Print the row of similar calls; without operations, only their time."""
    row = f"| {name} | {len(times)} |"
    total, seconds = operations * len(times), sum(times)
    rate = total / seconds if seconds else 0.0
    time_cell, share = f"{1e6 * seconds:.4g}", f"{rate / 1e9:.3g} | {rate / limit:.0%}"
    print(
        row
        + (f" {total / 1e6:.3g} | {time_cell} | {share} |" if total else f" | {time_cell} | | |")
    )


if __name__ == "__main__":
    main()
