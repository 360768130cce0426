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
    ("rmsprop", {}),
    ("rmsprop", {"lr": 0.005, "alpha": 0.8, "eps": 1e-3, "momentum": 0.9, "weight_decay": 0.1}),
    ("rmsprop", {"lr": 0.002, "eps": 1e-2, "momentum": 0.5, "centered": True}),
    ("adadelta", {}),
    ("adadelta", {"lr": 0.5, "rho": 0.5, "eps": 1e-3, "weight_decay": 0.1}),
    # PyTorch adds eps to the root; so small, it is nothing on either side
    ("adagrad", {"eps": 1e-30}),
    ("adagrad", {"eps": 1e-30, "lr": 0.1, "lr_decay": 0.05, "weight_decay": 0.1}),
]
PEERS = {
    "sgd": torch.optim.SGD,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
    "adadelta": torch.optim.Adadelta,
    "adagrad": torch.optim.Adagrad,
}


@pytest.mark.parametrize(("rule", "hyper"), CASES)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 2e-5), ("float64", 1e-13)])
def test_every_step_is_torchs(rule, hyper, dtype, tolerance):
    generator = np.random.default_rng(0)
    start = generator.standard_normal((13, 7)).astype(dtype)
    own, peer = Parameter(start, start.dtype), torch.nn.Parameter(torch.tensor(start))
    ours, expected = optim.OPTIMIZERS[rule]([own], **hyper), PEERS[rule]([peer], **hyper)
    for step in range(STEPS):
        grad = generator.standard_normal(start.shape).astype(dtype)
        grad *= 10.0 ** (step % 5 - 2)
        if step == 50:
            ours.param_groups[0]["lr"] = expected.param_groups[0]["lr"] = 0.003
        own.grad, peer.grad = Tensor(grad, grad.dtype), torch.tensor(grad)
        if step % 7 == 3:  # frozen for this step
            own.grad = peer.grad = None
        ours.step()
        expected.step()
        np.testing.assert_allclose(own.numpy(), peer.detach().numpy(), rtol=0, atol=tolerance)
    slots, peers = ours.state[own].slots, expected.state[peer]
    for name, array in slots.items():
        np.testing.assert_allclose(array, peers[name].numpy(), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("rule", "hyper"), CASES)
def test_the_defaults_are_torchs(rule, hyper):
    peer = PEERS[rule]([torch.nn.Parameter(torch.zeros(1))], lr=0.1).param_groups[0]
    for name, value in optim.OPTIMIZERS[rule].defaults().items():
        if name != "lr":
            assert peer[name] == value


@pytest.mark.parametrize("max_norm", [0.5, 30.0, 1e4])
def test_clipping_by_norm_is_torchs(max_norm):
    ours, expected = clip_pair()
    norm = optim.clip_grad_norm(ours, max_norm)
    peer_norm = torch.nn.utils.clip_grad_norm_(expected, max_norm)
    assert norm == pytest.approx(float(peer_norm), rel=1e-6)
    for own, peer in zip(ours[:-1], expected[:-1], strict=True):
        # PyTorch divides by the norm plus 1e-6
        np.testing.assert_allclose(own.grad.numpy(), peer.grad.numpy(), rtol=1e-6)


def test_clipping_by_value_is_torchs():
    ours, expected = clip_pair()
    optim.clip_grad_value(ours, 0.5)
    torch.nn.utils.clip_grad_value_(expected, 0.5)
    for own, peer in zip(ours[:-1], expected[:-1], strict=True):
        np.testing.assert_array_equal(own.grad.numpy(), peer.grad.numpy())


def clip_pair() -> tuple[list[Parameter], list[torch.nn.Parameter]]:
    """Make parameters with the same gradients on both sides; the last one has none."""
    generator = np.random.default_rng(0)
    grads = [generator.standard_normal(shape).astype("f4") for shape in [(13, 7), (400,), ()]]
    ours = [Parameter(np.zeros(grad.shape, "f4")) for grad in [*grads, np.zeros(3)]]
    expected = [torch.nn.Parameter(torch.zeros(param.shape)) for param in ours]
    for own, peer, grad in zip(ours, expected, grads, strict=False):
        own.grad, peer.grad = Tensor(grad, grad.dtype), torch.tensor(grad)
    return ours, expected
