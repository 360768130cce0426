"""Whether buffers have changed since a boundary."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tuitrain.engines.torch.buffer_versions import BufferVersions


class Counted(nn.Module):
    """Has a buffer that it changes, and one that it does not."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mask", torch.ones(2))
        self.register_buffer("count", torch.zeros(()))

    def forward(self, x):
        self.count += 1
        return x


class Replaced(Counted):
    def forward(self, x):
        self.count = self.count + 1
        return x


class Functional(nn.Module):
    """Changes running statistics by the function alone, which PyTorch does not count."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("running_mean", torch.zeros(3))
        self.register_buffer("running_var", torch.ones(3))

    def forward(self, x):
        return F.batch_norm(x, self.running_mean, self.running_var, training=True)


def noted(*modules: nn.Module) -> BufferVersions:
    versions = BufferVersions(modules)
    versions.note()
    return versions


@pytest.mark.parametrize("make", [lambda: nn.BatchNorm1d(3), Counted, Replaced, Functional])
def test_a_pass_that_changes_buffers_is_seen(make):
    module = make()
    versions = noted(module)
    module(torch.randn(4, 3))
    assert versions.may_have_changed()


def test_buffers_that_no_pass_has_changed_are_as_they_were():
    norm, masked = nn.BatchNorm1d(3), Counted()
    versions = noted(norm, masked)
    norm.eval()(torch.randn(4, 3))
    assert not versions.may_have_changed()


def test_before_the_first_boundary_buffers_may_have_changed():
    assert BufferVersions([Counted()]).may_have_changed()


def test_a_network_without_buffers_never_changes_any():
    assert not BufferVersions([]).may_have_changed()


def test_buffers_that_a_run_made_for_inference_have_no_count():
    with torch.inference_mode():
        module = Counted()
    assert not noted(module).may_have_changed()
