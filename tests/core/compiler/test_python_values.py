"""Python values that a loss or a forward pass reads: constants are recorded, others are not."""

import functools
from types import SimpleNamespace

import numpy as np
import pytest

from tuitrain_core import data, models, optimizer, random
from tuitrain_core.autodiff import GradManager
from tuitrain_core.compiler import Recording
from tuitrain_core.functional.loss import cross_entropy

STEPS = 6
CALLS = 0
SETTINGS = {"weight": [1.0], "calls": 0}
CLASS_WEIGHTS = np.ones(4, np.float32)
CACHE = None


def digits() -> data.DataLoader:
    images = np.random.default_rng(0).integers(0, 256, (20, 1, 3, 3)).astype(np.uint8)
    return data.DataLoader(data.Dataset(images, np.arange(20) % 4), batch_size=8)


def train(loss, between=lambda step: None) -> tuple[list[float], str]:
    """Train some steps; return the losses, and why the step is not recorded."""
    with random.scope(random.make_generator(0)):
        net = models.MLP((9, 5, 4))
    loader, recording = digits(), Recording(net, digits(), loss=loss)
    gm = GradManager().attach(net.parameters())
    sgd = optimizer.SGD(net.parameters(), lr=0.1)
    losses = []
    for step in range(STEPS):
        losses.append(recording.take(*loader.batch(step), gm))
        recording.update([sgd])
        between(step)
    return losses, recording.problem


def late(step: int) -> float:
    """Return a weight that is 1 for some steps, and less after them."""
    return 1.0 if step < 5 else 0.1


def weighted(weight: float, outputs, targets):
    return cross_entropy(outputs, targets) * weight


def enclosed():
    step = 0

    def loss(outputs, targets):
        nonlocal step
        step += 1
        return weighted(late(step), outputs, targets)

    return loss


def of_a_global():
    global CALLS  # noqa: PLW0603 - such a loss is under test
    CALLS = 0

    def loss(outputs, targets):
        global CALLS  # noqa: PLW0603
        CALLS += 1
        return weighted(late(CALLS), outputs, targets)

    return loss


def of_a_container():
    state = {"weights": [1.0]}

    def loss(outputs, targets):
        weight = state["weights"][-1]
        state["weights"].append(late(len(state["weights"]) + 1))
        return weighted(weight, outputs, targets)

    return loss


def of_an_object():
    state = SimpleNamespace(step=0)

    def count() -> float:
        state.step += 1
        return late(state.step)

    return lambda outputs, targets: weighted(count(), outputs, targets)


class Annealed:
    """A loss that counts its calls."""

    def __init__(self) -> None:
        self.step = 0

    def __call__(self, outputs, targets):
        return self.compute(outputs, targets)

    def compute(self, outputs, targets):
        self.step += 1
        return weighted(late(self.step), outputs, targets)


def of_a_partial():
    def loss(counts, outputs, targets):
        counts[0] += 1
        return weighted(late(counts[0]), outputs, targets)

    return functools.partial(loss, np.zeros(1))


@pytest.mark.parametrize(
    "make",
    [
        enclosed,
        of_a_global,
        of_a_container,
        of_an_object,
        Annealed,
        lambda: Annealed().compute,
        of_a_partial,
    ],
)
def test_a_value_that_the_loss_changes_counts_every_step(make):
    losses, problem = train(make())
    plain, recorded = train(cross_entropy)
    assert "the forward pass or the loss changes" in problem
    assert recorded == ""
    assert losses[:4] == pytest.approx(plain[:4], rel=1e-5)
    assert losses[4] == pytest.approx(plain[4] / 10, rel=1e-5)


def test_a_value_that_differs_at_once_is_named_as_the_reason():
    step = 0

    def loss(outputs, targets):
        nonlocal step
        step += 1
        return weighted(1 / step, outputs, targets)

    assert train(loss)[1].endswith("; it changes step")
    assert step == STEPS


def weighted_by_constants(outputs, targets):
    global CACHE  # noqa: PLW0603
    if CACHE is None:
        CACHE = 0.5
    return weighted(CACHE * SETTINGS["weight"][0] * float(CLASS_WEIGHTS[0]), outputs, targets)


def test_constants_and_values_that_are_set_once_are_recorded():
    assert train(weighted_by_constants)[1] == ""


def test_a_value_that_changes_between_steps_is_read_again():
    state = {"weight": 1.0}

    def end_of_step(step: int) -> None:
        state["weight"] = 1.0 if step < 3 else 0.1

    losses, problem = train(lambda *batch: weighted(state["weight"], *batch), end_of_step)
    plain, _ = train(cross_entropy)
    assert problem.startswith("state, which the forward pass or the loss reads, has changed")
    assert losses[:4] == plain[:4]
    assert losses[4] == pytest.approx(plain[4] / 10, rel=1e-5)


class Tempered(models.MLP):
    """Divides its outputs by a temperature that it keeps in a list outside."""

    def forward(self, inp):
        return super().forward(inp) / TEMPERATURES[-1]


TEMPERATURES = [1.0]


def test_a_value_that_the_forward_pass_reads_is_watched_too():
    loader = digits()
    recording = Recording(Tempered((9, 5, 4)), loader)
    assert recording.program() is not None
    TEMPERATURES.append(2.0)
    try:
        assert recording.program() is None
        assert "TEMPERATURES" in recording.problem
    finally:
        TEMPERATURES.pop()
