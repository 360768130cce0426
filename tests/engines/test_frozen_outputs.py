"""What frozen layers compute is kept, and not a bit of training or evaluation changes by it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conformance.probes import do, train
from tuitrain.engines.embedded import EmbeddedEngine, frozen_outputs
from tuitrain.engines.factory import EngineSpec, GroupSpec
from tuitrain.engines.inspection import InspectBatch
from tuitrain.engines.limits import CACHE_VARIABLE, THREADS_VARIABLE
from tuitrain.engines.pending_step import HoldCondition
from tuitrain.errors import RefusedError
from tuitrain_core import functional as F
from tuitrain_core import tensor
from tuitrain_core.data import Dataset
from tuitrain_core.data.transform import RandomHorizontalFlip
from tuitrain_core.models import MLP, LeNet, ResNet
from tuitrain_core.module import Conv2d, Dropout, Linear, Module

SAMPLES, BATCH = 45, 8


class Dropping(Module):
    """A convolution, a dropout, and two linear layers."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.drop = Conv2d(1, 3, 3), Dropout(0.3)
        self.fc, self.head = Linear(3 * 16, 8), Linear(8, 10)

    def forward(self, images):
        x = F.flatten(F.relu(self.conv(images)), 1)
        return self.head(F.relu(self.fc(self.drop(x))))


NETWORKS = {
    "lenet": (LeNet, (1, 28, 28), "conv*"),
    "mlp": (lambda: MLP((12, 24, 16, 10)), (1, 3, 4), "fc1.*"),
    "resnet": (lambda: ResNet(8, 2), (2, 8, 8), "*[!r].*"),
    "dropout": (Dropping, (1, 6, 6), "conv.*"),
}
"""Networks, the shape of their samples, and a glob for their lower parameters."""


def make_engine(name: str = "lenet", transform=None, batch: int = BATCH, samples: int = SAMPLES):
    model, shape, bottom = NETWORKS[name]
    draw = np.random.default_rng(2)

    def dataset(count: int) -> Dataset:
        return Dataset(
            draw.integers(0, 256, (count, *shape), "u1"), draw.integers(0, 10, count), 10
        )

    groups = [
        GroupSpec("bottom", (bottom,), "sgd", {"lr": 0.02, "momentum": 0.9}),
        GroupSpec("top", ("*",), "adam", {"lr": 0.003}),
    ]
    data = replace(dataset(samples), transform=transform)
    return EmbeddedEngine(EngineSpec(model, data, dataset(23), groups, batch_size=batch))


@pytest.fixture
def without_cache(monkeypatch):
    """Make an engine that keeps nothing."""

    def make(*args, **options) -> EmbeddedEngine:
        with monkeypatch.context() as patch:
            patch.setenv(CACHE_VARIABLE, "0")
            return make_engine(*args, **options)

    return make


def fill(engine: EmbeddedEngine) -> None:
    """Train until the outputs for every sample are kept."""
    train(engine, 2 * engine.steps_per_epoch)
    assert engine.frozen_cache.known == engine.frozen_cache.samples == engine.samples_per_epoch


LAYERS = {"lenet": "fc1", "mlp": "fc2", "resnet": "classifier", "dropout": "fc"}


@pytest.mark.parametrize("name", NETWORKS)
def test_steps_and_evaluation_have_the_bits_of_whole_passes(name, without_cache):
    cached, whole = make_engine(name), without_cache(name)
    for engine in (cached, whole):
        do(engine, "freeze bottom")
    for steps in (3, 9, 12, 1, 5):
        assert train(cached, steps) == train(whole, steps)
        assert cached.digest() == whole.digest()
        assert cached.evaluate() == whole.evaluate()
    view = cached.frozen_cache
    assert (view.below, view.known, view.reason) == (LAYERS[name], SAMPLES, "")
    assert whole.frozen_cache.reason == f"{CACHE_VARIABLE} is 0"


ACTS = st.sampled_from(
    [
        "freeze bottom", "freeze *", "freeze top", "thaw bottom", "thaw *", "freeze *weight",
        "freeze conv1.*", "freeze fc1.*", "thaw *.bias reset", "lr * x0.5", "lr bottom 0",
        "decay * over 9 steps", "optimizer * adam", "optimizer top sgd momentum=0.9",
        "group more = fc1.*", "group bottom = *1.*", "clip norm 0.5", "clip off",
        "train 1", "train 7", "train 13", "evaluate", "save", "load", "hold", "inspect",
    ]
)  # fmt: skip


def perform(engine: EmbeddedEngine, acts: list[str]) -> list[object]:
    """Do these acts, and return what they gave."""
    results: list[object] = []
    saved = engine.state()
    never = HoldCondition(non_finite=True, loss_factor=1e9)
    for act in acts:
        kind, _, number = act.partition(" ")
        if kind == "train":
            results.append(train(engine, int(number)))
        elif kind == "evaluate":
            results.append(engine.evaluate())
        elif kind == "save":
            saved = engine.state()
        elif kind == "load":
            engine.load_state(saved)
        elif kind == "hold":
            results.append(list(engine.run(6, lambda: False, lambda pending: False, never)))
        elif kind == "inspect":
            targets = engine.inspect_batch(InspectBatch()).targets
            results += [targets.confidence.tobytes(), targets.confusions.hits.tolist()]
            results.append(engine.count_dead_units())
        else:
            try:
                results.append(do(engine, act).message)
            except RefusedError as refusal:
                results.append(str(refusal))
        results.append(engine.digest())
    return results


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("threads", ["1", "2"])
@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(acts=st.lists(ACTS, max_size=12), batch=st.sampled_from([1, 8]))
def test_any_commands_give_the_same_bits(name, threads, acts, batch):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(THREADS_VARIABLE, threads)
        samples = 9 if batch == 1 else SAMPLES
        cached = make_engine(name, batch=batch, samples=samples)
        patch.setenv(CACHE_VARIABLE, "0")
        whole = make_engine(name, batch=batch, samples=samples)
    acts = ["freeze bottom", "train 13", *acts, "train 13", "evaluate"]
    assert perform(cached, acts) == perform(whole, acts)


def test_rows_stay_known_through_commands_that_leave_the_bottom():
    engine = make_engine()
    do(engine, "freeze bottom")
    fill(engine)
    before = engine.state()
    for act in ("lr top 0.01", "optimizer top sgd", "freeze fc2.*", "thaw fc2.*", "clip norm 1"):
        do(engine, act)
        train(engine, 1)
        assert engine.frozen_cache.known == SAMPLES
    engine.load_state(before)
    train(engine, 1)
    assert engine.frozen_cache.known == SAMPLES


def test_rows_are_forgotten_when_a_state_has_other_weights_below():
    engine = make_engine()
    train(engine, 1)
    before = engine.state()
    train(engine, 3)
    do(engine, "freeze bottom")
    fill(engine)
    engine.load_state(replace(before, frozen=dict.fromkeys(engine.state().frozen, 1)))
    train(engine, 1)
    assert engine.frozen_cache.known == BATCH


def test_a_thaw_frees_the_memory_at_once():
    engine = make_engine()
    do(engine, "freeze bottom")
    fill(engine)
    engine.evaluate()
    assert engine.frozen_cache.nbytes > 4 * 400 * (SAMPLES + 23)
    do(engine, "thaw conv2.*")
    assert engine.frozen_cache is None
    train(engine, 1)
    assert (engine.frozen_cache.below, engine.frozen_cache.known) == ("conv2", BATCH)
    do(engine, "thaw *")
    train(engine, 1)
    assert engine.frozen_cache is None


def test_a_thaw_that_is_taken_back_at_once_begins_anew():
    engine = make_engine()
    do(engine, "freeze bottom")
    fill(engine)
    for act in ("thaw bottom", "freeze bottom"):
        do(engine, act)
    train(engine, 1)
    assert (engine.frozen_cache.below, engine.frozen_cache.known) == ("fc1", BATCH)


SCALE = tensor(np.ones(1, np.float32))


class Scaled(Module):
    """A convolution of images that are scaled by a constant tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.fc = Conv2d(1, 3, 3), Linear(3 * 16, 10)

    def forward(self, images):
        return self.fc(F.flatten(F.relu(self.conv(images * SCALE)), 1))


def test_a_constant_that_is_changed_between_steps_is_read_again(without_cache, monkeypatch):
    monkeypatch.setitem(NETWORKS, "scaled", (Scaled, (1, 6, 6), "conv.*"))
    losses = []
    for engine, known in ((make_engine("scaled"), SAMPLES), (without_cache("scaled"), 0)):
        do(engine, "freeze bottom")
        train(engine, 13)
        assert engine.frozen_cache.known == known
        SCALE.memory()[...] = 0.5
        losses.append(train(engine, 9))
        SCALE.memory()[...] = 1.0
    assert losses[0] == losses[1]


def test_without_memory_for_the_outputs_steps_compute_them(monkeypatch):
    def fail(*arguments: object) -> None:
        raise MemoryError

    monkeypatch.setattr(frozen_outputs, "BottomCache", fail)
    engine = make_engine()
    do(engine, "freeze bottom")
    train(engine, 3)
    assert engine.frozen_cache.reason == "there is no memory for what is below"


def test_the_last_short_batch_is_kept_too():
    engine = make_engine()
    do(engine, "freeze bottom")
    train(engine, engine.steps_per_epoch - 1)
    assert engine.frozen_cache.known == SAMPLES - SAMPLES % BATCH
    train(engine, 1)
    assert engine.frozen_cache.known == SAMPLES


@pytest.mark.parametrize(
    ("name", "act", "reason"),
    [
        ("lenet", "freeze fc2.*", "conv1, which comes first, changes"),
        ("resnet", "freeze norm1.*", "conv1, which comes first, changes"),
        ("dropout", "freeze fc.*", "conv, which comes first, changes"),
    ],
)
def test_the_reason_names_what_changes_below(name, act, reason):
    engine = make_engine(name)
    do(engine, act)
    train(engine, 1)
    assert engine.frozen_cache.reason == reason


def test_transformed_samples_are_not_kept():
    engine = make_engine("mlp", transform=RandomHorizontalFlip())
    do(engine, "freeze bottom")
    train(engine, 2)
    assert engine.frozen_cache.reason == "the samples are transformed at random"


def test_outputs_that_take_too_much_memory_are_not_kept(monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, "1")
    engine = make_engine(samples=700)
    do(engine, "freeze bottom")
    train(engine, 1)
    reason = engine.frozen_cache.reason
    assert (
        reason
        == f"what is below fc1 takes 2 MB, and 1 MB are left; {CACHE_VARIABLE} sets the limit"
    )
    do(engine, "freeze fc1.*")
    train(engine, 1)
    assert engine.frozen_cache.below == "fc2"


def test_the_test_set_takes_what_is_left(monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, "1")
    engine = make_engine(samples=640)
    do(engine, "freeze bottom")
    engine.evaluate()
    train(engine, 1)
    assert engine.frozen_cache.below == "fc1"
    assert engine.evaluator.frozen_outputs.view.reason.startswith("what is below fc1 takes 1 MB")


@pytest.mark.parametrize("text", ["-1", "many", "1.5"])
def test_the_limit_is_a_whole_number_of_megabytes(monkeypatch, text):
    monkeypatch.setenv(CACHE_VARIABLE, text)
    with pytest.raises(RefusedError, match=f"{CACHE_VARIABLE} takes a whole number of megabytes"):
        make_engine("mlp")
