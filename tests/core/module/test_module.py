"""Module: what belongs to it, under which names, in which order."""

import numpy as np
import pytest

from tuitrain_core import Parameter, Tensor
from tuitrain_core import module as M


def parameter(value=0.0):
    return Parameter(np.full(2, value, np.float32))


class Part(M.Module):
    def __init__(self):
        super().__init__()
        self.weight = parameter()
        self.bias = parameter()
        self.running = Tensor(np.zeros(2, np.float32))


class Whole(M.Module):
    def __init__(self):
        super().__init__()
        self.second = Part()
        self.first = Part()
        self.scale = parameter()
        self.count = 3
        self.nothing = None


def names(pairs):
    return [name for name, _ in pairs]


def test_parameters_are_named_by_path_in_sorted_order():
    assert names(Whole().named_parameters()) == [
        "first.bias",
        "first.weight",
        "scale",
        "second.bias",
        "second.weight",
    ]
    assert names(Whole().named_buffers()) == ["first.running", "second.running"]


def test_parameters_and_buffers_without_names_come_in_the_same_order():
    net = Whole()
    assert [id(p) for p in net.parameters()] == [id(p) for _, p in net.named_parameters()]
    assert [id(b) for b in net.buffers()] == [id(b) for _, b in net.named_buffers()]


def test_a_prefix_and_only_the_modules_own():
    assert names(Whole().named_parameters("net", recursive=False)) == ["net.scale"]
    assert names(Part().named_parameters("a.b")) == ["a.b.bias", "a.b.weight"]
    assert [p.shape for p in Whole().parameters(recursive=False)] == [(2,)]
    assert list(Whole().buffers(recursive=False)) == []


def test_modules_and_children():
    net = Whole()
    assert names(net.named_modules()) == ["", "first", "second"]
    assert names(net.named_modules("net")) == ["net", "net.first", "net.second"]
    assert names(net.named_children()) == ["first", "second"]
    assert list(net.children()) == [net.first, net.second]
    assert next(net.modules()) is net


def test_lists_and_dictionaries_are_looked_into_and_numbers_sort_by_value():
    class Many(M.Module):
        def __init__(self):
            super().__init__()
            self.layers = [Part() for _ in range(11)]
            self.heads = {"b": parameter(), "a": (parameter(),)}

    listed = names(Many().named_parameters())
    assert listed[:2] == ["heads.a.0", "heads.b"]
    assert listed[2::2] == [f"layers.{i}.bias" for i in range(11)]
    assert names(Many().named_modules())[-1] == "layers.10"


def test_later_assignments_and_deletions_count():
    net = Whole()
    net.second = M.Linear(2, 2)
    del net.first
    assert names(net.named_parameters()) == ["scale", "second.bias", "second.weight"]


def test_tied_parameters_are_one_under_the_first_of_their_names():
    net = Whole()
    net.first.weight = net.second.weight
    assert names(net.named_parameters()) == ["first.bias", "first.weight", "scale", "second.bias"]
    assert list(net.state_dict()) == [
        "first.bias",
        "first.running",
        "first.weight",
        "scale",
        "second.bias",
        "second.running",
        "second.weight",
    ]
    net.load_state_dict({**net.state_dict(), "first.weight": np.array([5.0, 6.0])})
    np.testing.assert_array_equal(net.second.weight.numpy(), [5.0, 6.0])


def test_the_other_names_of_tied_parameters_are_known():
    net = Whole()
    assert net.aliases() == {}
    net.first.weight = net.second.weight
    assert net.aliases() == {"first.weight": ("second.weight",)}
    net.third = net.second
    assert net.aliases() == {
        "first.weight": ("second.weight", "third.weight"),
        "second.bias": ("third.bias",),
    }
    net.second.whole = net
    assert net.aliases()["second.bias"] == ("third.bias",)


def test_a_child_with_two_names_is_listed_once():
    net = Whole()
    net.second = net.first
    assert names(net.named_modules()) == ["", "first"]
    assert names(net.named_parameters()) == ["first.bias", "first.weight", "scale"]


def test_a_cycle_of_modules_does_not_loop():
    net = Whole()
    net.first.parent = net
    assert names(net.named_modules())[:2] == ["", "first"]
    assert len(list(net.parameters())) == 5


def test_train_and_eval_reach_every_part():
    net = Whole()
    assert net.eval() is net
    assert not any(part.training for part in net.modules())
    net.train()
    assert all(part.training for part in net.modules())


def test_a_module_without_forward_is_an_error():
    with pytest.raises(NotImplementedError, match="Part does not say how to compute its output"):
        Part()(1)


def test_it_prints_as_a_tree():
    class Net(M.Module):
        def __init__(self):
            super().__init__()
            self.body = M.Sequential(M.Conv2d(1, 2, 3, groups=1, bias=False), M.ReLU())
            self.head = M.Linear(2, 1)

    assert repr(Net()) == (
        "Net(\n"
        "  (body): Sequential(\n"
        "    (0): Conv2d(1, 2, kernel_size=(3, 3), stride=(1, 1), padding=(0, 0), bias=False)\n"
        "    (1): ReLU()\n"
        "  )\n"
        "  (head): Linear(2, 1)\n"
        ")"
    )


def test_zero_grad_clears_gradients_that_are_not_finite():
    net = M.Linear(2, 1)
    net.weight.grad = Tensor(np.array([[np.nan, -np.inf]], np.float32))
    net.zero_grad()
    assert net.weight.grad.numpy().tobytes() == bytes(8)
    assert net.bias.grad is None
