"""Buffers are frozen with the module that they belong to, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conformance.probes import buffers, do, group, train
from tests.engines.test_network_structure import drawn
from tuitrain.app.renderables.tables.network_facts import detail_rows
from tuitrain.engines.embedded import EmbeddedEngine
from tuitrain.engines.factory import EngineSpec, GroupSpec
from tuitrain_core import Tensor, tensor
from tuitrain_core import functional as F
from tuitrain_core.data import Dataset
from tuitrain_core.module import (
    BatchNorm1d,
    BatchNorm2d,
    Conv2d,
    Flatten,
    Linear,
    Module,
    ReLU,
    Sequential,
)


class Eager(Module):
    """A module whose steps are taken operation by operation, since it looks at values."""

    def __init__(self, inner: Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, inp):
        return self.inner(tensor(inp.numpy()))


def flat() -> Module:
    return Sequential(
        Conv2d(1, 3, 3), BatchNorm2d(3, affine=False), ReLU(), Conv2d(3, 2, 2), Flatten(),
        Linear(2 * 3 * 3, 5), BatchNorm1d(5, affine=False), Linear(5, 4),
    )  # fmt: skip


class Nested(Module):
    """A body and a head; the second block of the body begins with a norm layer."""

    def __init__(self) -> None:
        super().__init__()
        first = Sequential(Conv2d(1, 3, 3), BatchNorm2d(3, affine=False), ReLU())
        second = Sequential(BatchNorm2d(3, affine=False), Conv2d(3, 2, 2))
        self.entry = BatchNorm2d(1, affine=False)
        self.body, self.head = Sequential(first, second), Linear(18, 4)

    def forward(self, x):
        return self.head(F.flatten(self.body(self.entry(x)), 1))


class Joined(Module):
    """A norm layer that two layers feed."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right, self.head = Linear(36, 4), Linear(36, 4), Linear(4, 4)
        self.norm = BatchNorm1d(4, affine=False)

    def forward(self, x):
        x = F.flatten(x, 1)
        return self.head(self.norm(self.left(x) + F.relu(self.right(x))))


class Adding(Module):
    """A layer of a user's, whose weight and bias are used by two operations."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.head = Linear(36, 4), Linear(4, 4)
        self.norm = BatchNorm1d(4, affine=False)

    def forward(self, x):
        y = F.nn.linear(F.flatten(x, 1), self.layer.weight) + self.layer.bias
        return self.head(self.norm(y))


class Count(Module):
    """Counts its batches, and keeps a mean: buffers, one of them replaced."""

    def __init__(self) -> None:
        super().__init__()
        self.seen, self.center = tensor(np.zeros(1, np.float32)), tensor(np.zeros(4, np.float32))

    def forward(self, x):
        if self.training:
            self.seen.memory()[...] += 1.0
            self.center = x.detach().mean(0)
        return x


def counting() -> Module:
    return Sequential(Flatten(), Linear(36, 4), Count(), Linear(4, 4))


class Own(Module):
    """A norm layer of a user's: recorded, with statistics that only the operation moves."""

    def __init__(self) -> None:
        super().__init__()
        self.mean, self.var = Tensor(np.zeros(4, np.float32)), Tensor(np.ones(4, np.float32))

    def forward(self, x):
        return F.nn.batch_norm(x, self.mean, self.var, training=self.training)


def own() -> Module:
    return Sequential(Flatten(), Linear(36, 4), Own(), Linear(4, 4))


def engine_for(make, eager: bool = False) -> EmbeddedEngine:
    images = np.random.default_rng(0).integers(1, 255, (24, 1, 6, 6)).astype(np.uint8)
    data, plans = Dataset(images, np.arange(24) % 4), [GroupSpec("all", ("*",), "sgd", {"lr": 0.1})]
    model = (lambda: Eager(make())) if eager else make
    return EmbeddedEngine(EngineSpec(model, data, data, plans, batch_size=8))


def moved(engine: EmbeddedEngine, steps: int = 2) -> set[str]:
    """Train, and return the modules whose buffers have moved, "inner" left out."""
    before = buffers(engine)
    train(engine, steps)
    names = {name for name, array in buffers(engine).items() if array != before[name]}
    return {name.removeprefix("inner.").rpartition(".")[0] for name in names}


@pytest.mark.parametrize("eager", [False, True], ids=["recorded", "eager"])
@pytest.mark.parametrize(
    ("make", "frozen", "moving"),
    [
        (flat, [], {"1", "6"}),
        (flat, ["*0.weight"], {"1", "6"}),
        (flat, ["*0.weight", "*0.bias"], {"6"}),
        (flat, ["*3.*"], {"1", "6"}),
        (flat, ["*0.*", "*3.*", "*5.*"], set()),
        (flat, ["*5.*"], {"1"}),
        (flat, ["*7.*"], {"1", "6"}),
        (Nested, [], {"entry", "body.0.1", "body.1.0"}),
        (Nested, ["*body.*"], set()),
        (Nested, ["*body.0.*"], {"body.1.0"}),
        (Nested, ["*body.1.*"], {"entry", "body.0.1"}),
        (Nested, ["*head.*"], {"entry", "body.0.1", "body.1.0"}),
        (Joined, ["*left.*"], {"norm"}),
        (Joined, ["*left.*", "*right.*"], set()),
        (Joined, ["*head.*"], {"norm"}),
        (Adding, ["*layer.bias"], {"norm"}),
        (Adding, ["*layer.*"], set()),
        (counting, [], {"2"}),
        (counting, ["*1.*"], set()),
        (counting, ["*3.*"], {"2"}),
        (own, [], {"2"}),
        (own, ["*1.*"], set()),
        (own, ["*3.*"], {"2"}),
        (own, ["*"], set()),
    ],
)
@pytest.mark.slow
def test_frozen_modules_keep_their_buffers(make, frozen, moving, eager):
    engine = engine_for(make, eager)
    train(engine, 1)
    for target in frozen:
        assert do(engine, f"freeze {target}").changed
    assert moved(engine) == moving
    other = engine_for(make, eager)
    other.load_state(engine.state())
    assert moved(other) == moving
    assert do(engine, "group all = *").changed is False
    do(engine, "group some = *weight")
    assert moved(engine) == moving
    for target in frozen:
        do(engine, f"thaw {target}")
    assert moved(engine) == moved(engine_for(make, eager))


def test_bursts_and_single_steps_keep_frozen_buffers():
    for make, target in ((flat, "0.*"), (Nested, "body.*"), (own, "1.*")):
        together, alone = engine_for(make), engine_for(make)
        for engine in (together, alone):
            do(engine, f"freeze {target}")
        train(together, 6)
        for _ in range(6):
            train(alone, 1)
        assert together.digest() == alone.digest()


def test_the_badge_covers_held_buffers():
    engine = engine_for(counting)
    train(engine, 1)
    do(engine, "freeze 1.*")
    train(engine, 2)
    assert group(engine, "all").frozen_intact is True
    state = engine.state()
    engine.load_state(state)
    assert group(engine, "all").frozen_intact is True


class Leaking(Module):
    """Writes to a constant that its layer before it keeps, from where no step sees it."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.head = Linear(36, 4), Linear(4, 4)
        self.norm = BatchNorm1d(4, affine=False)

    def forward(self, x):
        if self.training:
            self.norm.running_mean.memory()[...] += 1.0
        return self.head(self.norm(self.first(F.flatten(x, 1))))


def test_the_badge_fails_when_a_held_buffer_changes():
    engine = engine_for(Leaking)
    do(engine, "freeze first.*")
    assert group(engine, "all").frozen_intact is True
    train(engine, 1)
    assert group(engine, "all").frozen_intact is False


def test_the_network_shows_which_layers_hold_their_statistics():
    engine = engine_for(flat)
    do(engine, "freeze 0.*")
    assert [line.split()[2:4] for line in drawn(engine) if "❄" in line] == [["▸", "❄"], ["❄", "1"]]
    view = engine.inspect_network()
    (row,) = [item for item in view.rows if item.path == "1"]
    size, *_ = detail_rows(row, view, engine.groups())[1]
    assert size[0].startswith("nothing to train, its buffers are held")
    still = {row.path: row.buffers_held for row in view.rows if row.kind == "module"}
    assert still == {
        "": None, "0": None, "1": True, "2": None, "3": None, "4": None, "5": None, "6": False,
        "7": None,
    }  # fmt: skip


class Forgetful(Module):
    """Counts its passes in an attribute, which decides what it does."""

    def __init__(self) -> None:
        super().__init__()
        self.inner, self.passes = flat(), 0

    def forward(self, x):
        self.passes += 1
        return self.inner(x) * float(self.passes)


def test_an_inspection_of_the_network_does_not_update_statistics():
    engine, alike = engine_for(Forgetful), engine_for(Forgetful)
    for item in (engine, alike):
        train(item, 1)
    engine.inspect_network()
    do(engine, "freeze inner.0.*")
    do(alike, "freeze inner.0.*")
    assert train(engine, 2) == train(alike, 2)
    assert engine.digest() == alike.digest()
