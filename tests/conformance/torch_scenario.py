"""The engine of scenarios in PyTorch on the suite's problem."""

from collections.abc import Sequence
from functools import partial

from tests.conformance.problem import BATCH_SIZE, GROUPS, TEST, TRAIN, Plan
from tests.conformance.torch_script import Small
from tuitrain.engines.engine import Engine
from tuitrain.engines.factory import EngineSpec, GroupSpec
from tuitrain.engines.registry import engine_factory
from tuitrain_core.data import Dataset


def make_engine(groups: Sequence[Plan] = GROUPS, seed: int = 0, affine: bool = True) -> Engine:
    plans = [GroupSpec(*plan) for plan in groups]
    train, test = Dataset(*TRAIN), Dataset(*TEST)
    model = partial(Small, affine)
    spec = EngineSpec(model, train, test, plans, seed=seed + 48, batch_size=BATCH_SIZE)
    return engine_factory("torch").build(spec)
