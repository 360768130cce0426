"""GradManager: whose gradients are computed, and that nothing else is."""

import threading
import weakref

import numpy as np
import pytest

from tuitrain_core import CoreError, Parameter, Tensor, models, random, tape
from tuitrain_core import functional as F
from tuitrain_core.autodiff import GradManager
from tuitrain_core.ops.convolution import Conv2d
from tuitrain_core.ops.linear import Linear


@pytest.fixture
def lenet():
    random.seed(0)
    return models.LeNet()


@pytest.fixture
def batch():
    rng = np.random.default_rng(22)
    return Tensor(rng.standard_normal((3, 1, 28, 28), np.float32)), Tensor(np.array([1, 0, 9]))


def gradients(net, batch, names):
    """Run one forward and backward pass, with gradients for the parameters of these names."""
    parameters = dict(net.named_parameters())
    gm = GradManager().attach([parameters[name] for name in names])
    with gm:
        gm.backward(F.loss.cross_entropy(net(batch[0]), batch[1]))
    actual = {name: parameter.grad for name, parameter in parameters.items()}
    gm.detach()
    return actual


def spy(monkeypatch, kind):
    """Collect the ``needs`` that an operation's backward gets."""
    requests = []
    original = kind.backward

    def backward(self, saved, grad, needs):
        requests.append(tuple(needs))
        return original(self, saved, grad, needs)

    monkeypatch.setattr(kind, "backward", backward)
    return requests


def test_gradients_of_a_whole_network_are_those_of_differences(lenet, batch):
    for module in lenet.modules():  # in float64, for precise differences
        for name, parameter in [*module.named_parameters(recursive=False)]:
            setattr(module, name, Parameter(parameter.numpy(), "float64"))
    batch = (batch[0].astype("float64"), batch[1])
    names = [name for name, _ in lenet.named_parameters()]
    actual = gradients(lenet, batch, names)
    rng = np.random.default_rng(23)
    for name, parameter in lenet.named_parameters():
        memory = parameter.memory().reshape(-1)
        for i in rng.integers(0, memory.size, 3):
            losses = []
            for step in (1e-6, -2e-6):
                memory[i] += step
                losses.append(F.loss.cross_entropy(lenet(batch[0]), batch[1]).item())
            memory[i] += 1e-6
            slope = (losses[0] - losses[1]) / 2e-6
            assert actual[name].numpy().reshape(-1)[i] == pytest.approx(slope, rel=1e-4, abs=1e-7)


def test_only_attached_tensors_get_gradients_and_their_bits_do_not_depend_on_the_rest(lenet, batch):
    everything = gradients(lenet, batch, [name for name, _ in lenet.named_parameters()])
    conv = gradients(lenet, batch, [name for name in everything if name.startswith("conv")])
    for name, grad in conv.items():
        if name.startswith("conv"):
            np.testing.assert_array_equal(grad.numpy(), everything[name].numpy())
        else:
            assert grad is None


def test_operations_below_the_lowest_attached_parameter_are_not_on_the_tape(lenet, batch):
    gm = GradManager().attach([lenet.fc2.weight])
    with gm:
        output = lenet(batch[0])
        names = [node.op.name for node in tape.current().nodes]
        assert names == ["linear", "relu", "linear"]
        gm.backward(F.loss.cross_entropy(output, batch[1]))
    assert lenet.fc2.weight.grad is not None


def test_without_an_attached_tensor_the_tape_is_empty(lenet, batch):
    gm = GradManager()
    with gm:
        loss = F.loss.cross_entropy(lenet(batch[0]), batch[1])
        assert tape.current().nodes == []
        gm.backward(loss)
    assert all(parameter.grad is None for parameter in lenet.parameters())


def test_backward_computes_only_the_gradients_that_are_needed(lenet, batch, monkeypatch):
    convolutions, linears = spy(monkeypatch, Conv2d), spy(monkeypatch, Linear)
    gradients(lenet, batch, ["conv2.weight"])
    assert convolutions == [(False, True, False)]
    assert linears == [(True, False, False)] * 3
    convolutions.clear()
    gradients(lenet, batch, ["conv1.bias"])
    assert convolutions == [(True, False, False), (False, False, True)]


def test_gradients_add_up_until_they_are_cleared():
    x = Parameter([1.0, 2.0])
    gm = GradManager().attach(x)
    for expected in (3.0, 6.0):
        with gm:
            gm.backward((x * 3.0).sum())
        np.testing.assert_array_equal(x.grad.numpy(), [expected] * 2)


def test_a_tensor_used_twice_gets_the_sum():
    x = Parameter([2.0])
    with GradManager().attach(x) as gm:
        gm.backward((x * x + x).sum())
    assert x.grad.item() == 5.0


def test_two_gradients_are_never_one_array():
    a, b = Parameter([1.0, 2.0]), Parameter([3.0, 4.0])
    with GradManager().attach([a, b]) as gm:
        gm.backward((a + b).sum())
    a.grad.memory()[...] *= 2.0
    np.testing.assert_array_equal(b.grad.numpy(), [1.0, 1.0])


def test_the_gradient_passed_to_backward_is_not_shared():
    x = Parameter([1.0, 2.0])
    seed = Tensor(np.array([5.0, 6.0], np.float32))
    with GradManager().attach(x) as gm:
        gm.backward(x + 0.0, seed)
    x.grad.memory()[...] = 0.0
    np.testing.assert_array_equal(seed.numpy(), [5.0, 6.0])


def test_a_tensor_attached_while_recording_gets_a_gradient_for_what_follows():
    x = Parameter([2.0])
    with GradManager() as gm:
        before = x * 10.0
        gm.attach(x)
        gm.backward((before + x * 3.0).sum())
    assert x.grad.item() == 3.0


def test_any_tensor_can_be_attached_not_only_parameters():
    image = Tensor([1.0, -1.0])
    with GradManager().attach(image) as gm:
        gm.backward(F.relu(image).sum())
    np.testing.assert_array_equal(image.grad.numpy(), [1.0, 0.0])


def test_detach_drops_the_gradient_and_stops_tracking():
    a, b = Parameter([1.0]), Parameter([1.0])
    gm = GradManager().attach([a, b])
    for _ in range(2):
        with gm:
            gm.backward((a * b).sum())
        gm.detach(a)
    assert a.grad is None
    assert b.grad.item() == 2.0
    assert gm.attached_tensors() == [b]


def test_nothing_is_recorded_outside_of_the_block_or_while_paused():
    x = Parameter([1.0])
    gm = GradManager().attach(x)
    with gm:
        with tape.paused():
            aside = x * 100.0
        gm.backward((aside + x).sum())
    assert x.grad.item() == 1.0
    assert tape.current() is None
    with pytest.raises(CoreError, match="backward needs a recorded forward pass"):
        gm.backward(x.sum())


def test_an_error_inside_the_block_ends_the_recording():
    gm = GradManager().attach(Parameter([1.0]))
    with pytest.raises(ZeroDivisionError), gm:
        raise ZeroDivisionError
    assert tape.current() is None


def test_one_manager_records_at_a_time_in_a_thread_but_each_thread_has_its_own():
    x = Parameter([1.0])
    actual = []

    def elsewhere() -> None:
        y = Parameter([2.0])
        with GradManager().attach(y) as gm:
            gm.backward((y * y).sum())
        actual.append(y.grad.item())

    with GradManager().attach(x) as gm:
        with pytest.raises(CoreError, match="is recording in this thread already"), gm:
            pass
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        gm.backward((x * 7.0).sum())
    assert (x.grad.item(), actual) == (7.0, [4.0])


def test_an_output_that_cannot_be_differentiated_is_an_error():
    x = Parameter([1.0, 2.0])
    shapes = r"the output has shape \(2,\), its gradient \(3,\)"
    with GradManager().attach(x) as gm, pytest.raises(CoreError, match=shapes):
        gm.backward(x * 2.0, Tensor([1.0, 1.0, 1.0]))
    with pytest.raises(CoreError, match="attach takes tensors, but was given str"):
        GradManager().attach(["conv1.weight"])
    with pytest.raises(CoreError, match="gradients need a floating dtype, but a tensor has int32"):
        GradManager().attach(Tensor([1, 2]))
    with GradManager().attach(x) as gm:
        with pytest.raises(CoreError, match="backward takes tensors, but was given float"):
            gm.backward(1.0)
        with pytest.raises(CoreError, match="a tensor holds numbers, but was given list"):
            gm.backward(x * 2.0, ["a", "b"])
        gm.backward((x * 2.0).sum())  # what was refused has left the recording as it was
    assert x.grad.numpy().tolist() == [2.0, 2.0]


def test_attaching_a_module_names_its_parameters_in_the_error(lenet):
    for refused in (GradManager().attach, GradManager().detach):
        with pytest.raises(CoreError, match=r"was given LeNet: pass its parameters\(\)"):
            refused(lenet)


def test_the_gradient_at_an_output_may_be_an_array_of_any_dtype():
    x = Parameter([1.0, 2.0])
    with GradManager().attach(x) as gm:
        gm.backward(x * 2.0, np.array([1, 3]))
    assert x.grad.dtype == np.float32
    np.testing.assert_array_equal(x.grad.numpy(), [2.0, 6.0])


def test_a_pass_is_differentiated_once():
    x = Parameter([2.0])
    with GradManager().attach(x) as gm:
        loss = (x * x).sum()
        gm.backward(loss)
        with pytest.raises(CoreError, match="inside `with gm:`, once"):
            gm.backward(loss)
    with gm:
        with pytest.raises(CoreError, match="the output is of an earlier recording"):
            gm.backward(loss)
        gm.backward((x * x).sum())
    assert x.grad.item() == 8.0


def test_a_manager_cannot_be_entered_twice_and_its_block_still_ends():
    x = Parameter([2.0])
    with GradManager().attach(x) as gm:
        with pytest.raises(CoreError, match="in this thread already"), gm:
            pass
        gm.backward((x * x).sum())
    assert x.grad.item() == 4.0
    assert tape.current() is None


def test_a_manager_records_in_one_thread_only():
    x = Parameter([2.0])
    refused = []

    def elsewhere() -> None:
        with pytest.raises(CoreError, match="recording in another thread") as caught:
            gm.record()
        refused.append(caught)

    with GradManager().attach(x) as gm:
        loss = (x * x).sum()
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        gm.backward(loss)
    assert len(refused) == 1
    assert x.grad.item() == 4.0
    assert tape.current() is None


def test_an_attached_computed_tensor_passes_its_gradient_on():
    x = Parameter([2.0])
    with GradManager().attach(x) as gm:
        middle = x * 3.0
        gm.attach(middle)
        gm.backward((middle * middle).sum())
    assert middle.grad.item() == 12.0
    assert x.grad.item() == 36.0


def test_an_attached_output_gets_the_gradient_that_backward_starts_with():
    x = Parameter([2.0])
    with GradManager().attach(x) as gm:
        output = x * 3.0
        gm.attach(output)
        gm.backward(output)
    assert (output.grad.item(), x.grad.item()) == (1.0, 3.0)


def test_the_identity_of_a_detached_tensor_can_be_reused():
    x, gone = Parameter([2.0]), Tensor([1.0])
    with GradManager().attach([x, gone]) as gm:
        identity = id(gone)
        gm.detach(gone)
        del gone
        kept = []
        while not kept or id(kept[-1]) != identity:  # memory is given out again
            kept.append(x + x)
        gm.backward(kept[-1])
    assert x.grad.item() == 2.0


def test_the_tape_is_freed_with_the_block_while_a_loss_is_kept():
    x = Parameter(np.ones(1000))
    with GradManager().attach(x):
        middle = x * 3.0
        loss = (middle * middle).sum()
        saved = weakref.ref(middle.memory())
        del middle
        assert saved() is not None
    assert saved() is None
    assert loss.item() == 9000.0
