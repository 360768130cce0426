"""The update rules step by step against PyTorch's, for the same weights and gradients."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", minversion="2.0")

from tuitrain_core import optimizer as optim  # noqa: E402
from tuitrain_core.tensor import Parameter, Tensor  # noqa: E402

pytestmark = pytest.mark.torch
STEPS = 100
CASES = [
    ("sgd", {"lr": 0.1}),
    ("sgd", {"lr": 0.1, "weight_decay": 0.01}),
    ("sgd", {"lr": 0.02, "momentum": 0.9, "weight_decay": 0.01}),
    ("sgd", {"lr": 0.02, "momentum": 0.9, "nesterov": True}),
    ("adam", {}),
    ("adam", {"lr": 0.02, "betas": (0.8, 0.99), "eps": 1e-4, "weight_decay": 0.1}),
    ("adamw", {}),
    ("adamw", {"lr": 0.02, "betas": (0.8, 0.99), "eps": 1e-4, "weight_decay": 0.1}),
]
PEERS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}


@pytest.mark.parametrize(("rule", "hyper"), CASES)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 2e-5), ("float64", 1e-13)])
def test_every_step_is_torchs(rule, hyper, dtype, tolerance):
    generator = np.random.default_rng(0)
    start = generator.standard_normal((13, 7)).astype(dtype)
    own, peer = Parameter(start), torch.nn.Parameter(torch.tensor(start))
    ours, theirs = optim.RULES[rule]([own], **hyper), PEERS[rule]([peer], **hyper)
    for step in range(STEPS):
        grad = generator.standard_normal(start.shape).astype(dtype)
        grad *= 10.0 ** (step % 5 - 2)
        if step == 50:
            ours.param_groups[0]["lr"] = theirs.param_groups[0]["lr"] = 0.003
        own.grad, peer.grad = Tensor(grad), torch.tensor(grad)
        if step % 7 == 3:  # frozen for this step
            own.grad = peer.grad = None
        ours.step()
        theirs.step()
        np.testing.assert_allclose(own.numpy(), peer.detach().numpy(), rtol=0, atol=tolerance)
    slots, peers = ours.state[own].slots, theirs.state[peer]
    for name, array in slots.items():
        np.testing.assert_allclose(array, peers[name].numpy(), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("rule", "hyper"), CASES)
def test_the_defaults_are_torchs(rule, hyper):
    peer = PEERS[rule]([torch.nn.Parameter(torch.zeros(1))], lr=0.1).param_groups[0]
    for name, value in optim.RULES[rule].defaults().items():
        if name != "lr":
            assert peer[name] == value
