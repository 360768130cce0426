"""Optimizers that take one another's place: what goes along, and what is forgotten."""

import numpy as np
import pytest

from tuitrain_core import CoreError, Parameter, digest, models, random, tensor
from tuitrain_core.optimizer import SGD, Adam, MultipleOptimizer, transfer_optimizer, transfer_state


def parameter(value: float = 1.0) -> Parameter:
    made = Parameter(np.full(3, value, np.float32))
    made.grad = tensor(np.array([1.0, -2.0, 3.0], np.float32))
    return made


def test_between_equal_optimizers_the_state_is_copied():
    weight = parameter()
    old = SGD([weight], lr=0.1, momentum=0.9).step()
    new = transfer_optimizer(old, SGD([weight], lr=0.2, momentum=0.9))
    assert new.state[weight].step == 1
    kept = old.state[weight].slots["momentum_buffer"].copy()
    new.step()
    np.testing.assert_array_equal(old.state[weight].slots["momentum_buffer"], kept)


def test_optimizers_that_differ_in_lr_count_as_equal():
    weight = parameter()
    old = SGD([weight], lr=0.1).step()  # without a velocity there is nothing to translate
    assert transfer_optimizer(old, SGD([weight], lr=0.2)).state[weight].step == 1


def test_between_other_optimizers_the_state_is_converted():
    weight = parameter()
    old = SGD([weight], lr=0.1, momentum=0.9).step()
    new = transfer_optimizer(old, Adam([weight], lr=0.1))
    expected = transfer_state(
        "sgd", old.param_groups[0], "adam", new.param_groups[0], old.state[weight]
    )
    assert expected is not None
    for slot, array in expected.slots.items():
        np.testing.assert_array_equal(new.state[weight].slots[slot], array)


def test_each_state_comes_from_the_parameters_own_optimizer_and_group():
    one, two, three = parameter(), parameter(), parameter()
    groups = [{"params": [one], "momentum": 0.9}, {"params": [two], "momentum": 0.5}]
    old = [SGD(groups, lr=0.1).step(), Adam([three]).step()]
    new = transfer_optimizer(old, SGD([one, two, three], lr=0.1, momentum=0.5))
    assert new.state.keys() == {one, two, three}
    whole = new.state[two].slots["momentum_buffer"]
    np.testing.assert_array_equal(whole, [1.0, -2.0, 3.0])
    np.testing.assert_allclose(new.state[one].slots["momentum_buffer"], whole / 5, rtol=1e-6)


def test_unknown_parameters_are_reset_and_only_chosen_ones_transferred():
    one, two, new_one = parameter(), parameter(), parameter()
    old = SGD([one, two], lr=0.1, momentum=0.9).step()
    new = transfer_optimizer(old, SGD([one, two, new_one], lr=0.1, momentum=0.9), [one])
    assert new.state.keys() == {one}


def test_reset_parameters_start_with_a_new_state():
    one, two = parameter(), parameter()
    optimizer = Adam([one, two]).step()
    assert optimizer.reset_state(one).state.keys() == {two}
    assert optimizer.reset_state().state == {}
    assert optimizer.parameters() == [one, two]


def test_removed_parameters_are_no_longer_updated():
    one, two = parameter(), parameter()
    optimizer = Adam([one, two]).step()
    before = two.numpy().copy()
    optimizer.remove([two]).step()
    np.testing.assert_array_equal(two.numpy(), before)
    assert optimizer.state.keys() == {one} == {*optimizer.parameters()}


def test_a_group_cannot_become_empty():
    one, two = parameter(), parameter()
    optimizer = SGD([{"params": [one]}, {"params": [two]}], lr=0.1).step()
    with pytest.raises(CoreError, match="group 1: no parameter would be left"):
        optimizer.remove(two)
    assert optimizer.state.keys() == {one, two}


def test_a_clone_has_rule_and_settings_and_no_state():
    one, two = parameter(), parameter()
    optimizer = SGD([one], lr=0.1, momentum=0.9, nesterov=True).step()
    optimizer.lr = 0.3
    other = optimizer.clone_for(two)
    assert {**other.param_groups[0], "params": []} == {**optimizer.param_groups[0], "params": []}
    assert other.parameters() == [two]
    assert other.state == {}


def test_an_optimizer_with_several_groups_cannot_be_cloned():
    optimizer = SGD([{"params": [parameter()]}, {"params": [parameter()]}], lr=0.1)
    with pytest.raises(CoreError, match="sgd has 2 groups"):
        optimizer.clone_for(parameter())


def test_lr_is_that_of_all_groups():
    optimizer = SGD([{"params": [parameter()], "lr": 0.2}, {"params": [parameter()]}], lr=0.1)
    with pytest.raises(CoreError, match=r"different learning rates: 0\.2, 0\.1"):
        _ = optimizer.lr
    optimizer.lr = 0.3
    assert [group["lr"] for group in optimizer.param_groups] == [0.3, 0.3]
    optimizer.lr *= 0.5
    assert optimizer.lr == 0.15


def test_a_selection_is_in_the_order_of_names_and_each_once():
    net = models.LeNet()
    named = dict(net.named_parameters())
    assert net.select("conv2.*", "conv*.bias") == [
        named[name] for name in ("conv1.bias", "conv2.bias", "conv2.weight")
    ]


def test_a_glob_without_a_match_names_the_nearest_parameter():
    with pytest.raises(CoreError, match=r"no parameter matches 'conv3\.bias'; did you mean 'conv"):
        models.LeNet().select("fc1.*", "conv3.bias")


def small() -> tuple[models.MLP, SGD]:
    with random.scope(random.make_generator(0)):
        net = models.MLP((3, 2))
    return net, SGD(net.parameters(), lr=0.1, momentum=0.9)


def test_a_digest_covers_weights_and_state_and_no_settings():
    net, optimizer = small()
    other, others = small()
    assert digest.compute_digest(net, optimizer) == digest.compute_digest(other, [others])
    others.lr = 0.5
    assert digest.compute_digest(net, optimizer) == digest.compute_digest(other, others)
    other.classifier.bias.grad = tensor(np.zeros(2, np.float32))
    others.step()
    assert digest.compute_digest(net, optimizer) != digest.compute_digest(other, others)
    others.reset_state()
    assert digest.compute_digest(net, optimizer) == digest.compute_digest(other, others)


def test_parameters_missing_in_the_new_optimizer_are_refused():
    one, two = parameter(), parameter()
    old = SGD([one, two], lr=0.1, momentum=0.9).step()
    with pytest.raises(CoreError, match="sgd does not have all of the parameters"):
        transfer_optimizer(old, SGD([one], lr=0.1), [two])
    old.param_groups[0]["params"].pop(1)
    assert transfer_optimizer(old, SGD([one, two], lr=0.1, momentum=0.9)).state.keys() == {one}


def test_several_optimizers_transfer_and_digest_as_one():
    net, optimizer = small()
    both = MultipleOptimizer(optimizer)
    assert list(both) == [optimizer]
    assert digest.compute_digest(net, both) == digest.compute_digest(net, optimizer)
    net.classifier.bias.grad = tensor(np.zeros(2, np.float32))
    both.step()
    assert transfer_optimizer(both, Adam(net.parameters())).state.keys() == optimizer.state.keys()
