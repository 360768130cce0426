"""The engine of scripts on the suite's problem: a loop in its own thread, with batches."""

import threading
from collections.abc import Sequence

from tests.conformance.embedded import Plain, Small
from tests.conformance.problem import BATCH_SIZE, GROUPS, TRAIN, Plan
from tuitrain.commands import Freeze
from tuitrain.engines.engine import Engine
from tuitrain.engines.registry import steer_script
from tuitrain.engines.targets import match_names
from tuitrain.metric_info import ACCURACY
from tuitrain_core import functional as F
from tuitrain_core import random, tensor
from tuitrain_core.autodiff import GradManager
from tuitrain_core.data import DataLoader, Dataset
from tuitrain_core.optimizer import MultipleOptimizer, get_optimizer_class


def make_engine(groups: Sequence[Plan] = GROUPS, seed: int = 0, affine: bool = True) -> Engine:
    generator = random.make_generator(seed)
    with random.scope(generator):
        net = Small() if affine else Plain()
        loader = DataLoader(Dataset(*TRAIN), BATCH_SIZE, seed)
        engine = steer_script(net, _optimizer(net, groups), len(loader), [ACCURACY], loader)
    for plan in groups:
        if plan.frozen:
            engine.apply(Freeze(plan.name))

    def loop() -> None:
        error = None
        gm = GradManager().attach(net.parameters())
        try:
            with random.scope(generator):
                while (batch := engine.loop.fetch()) is not None:
                    images, labels = map(tensor, batch)
                    for parameter in net.parameters():
                        parameter.grad = None
                    with gm:
                        gm.backward(F.loss.cross_entropy(net(images), labels))
                    engine.loop.update()
        except Exception as raised:
            error = raised
        engine.loop.end(error)

    threading.Thread(target=loop, daemon=True).start()
    return engine


def _optimizer(net, groups: Sequence[Plan]) -> MultipleOptimizer:
    left = dict(net.named_parameters())
    made = []
    for plan in groups:
        names = [name for name in left if any(match_names(glob, [name]) for glob in plan.globs)]
        members = [left.pop(name) for name in names]
        rule = get_optimizer_class(plan.optimizer)
        made.append(rule([{"params": members, "name": plan.name}], **plan.settings))
    return MultipleOptimizer(*made)
