"""LAMB where gradients vanish: its trust ratio has no bound, its step has one."""

import numpy as np
import pytest

from tuitrain_core import Parameter, optimizer, tensor


@pytest.mark.parametrize("size", [1e-20, 1e-30, 1e-38, 1e-44])
@pytest.mark.parametrize("eps", [1e-6, 1e6])
def test_a_step_is_never_longer_than_lr_times_the_weights(size, eps):
    parameter = Parameter(np.linspace(-1, 1, 7, dtype=np.float32))
    opt = optimizer.LAMB(parameter, lr=0.1, weight_decay=0.0, eps=eps)
    for _ in range(5):
        before = parameter.numpy().copy()
        parameter.grad = tensor(np.full(7, size, np.float32))
        opt.step()
        moved = np.linalg.norm(parameter.numpy() - before)
        assert moved <= 0.101 * np.linalg.norm(before)
