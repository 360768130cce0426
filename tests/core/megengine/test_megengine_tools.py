"""The smaller parts of MegEngine's API: tracing, devices, loggers, schedulers, hooks, functions."""

import logging

import numpy as np
import pytest

import tuitrain_core as mge
from tuitrain_core import (
    CoreError,
    IndexRangeError,
    Parameter,
    RecordingError,
    ShapeError,
    StateError,
    StateKeyError,
    UnknownTypeError,
    tensor,
)
from tuitrain_core import (
    functional as F,
)
from tuitrain_core import module as M
from tuitrain_core import optimizer as optim
from tuitrain_core.autodiff import Function, GradManager
from tuitrain_core.optimizer.groups import OTHER_HYPER_PARAMETERS


def test_options_of_trace_are_warned_of_once(caplog):
    mge.logger.warn_once("a first warning")
    mge.logger.warn_once("a first warning")
    assert [record.message for record in caplog.records] == ["a first warning"]


def test_a_traced_method_gets_its_object():
    class Step:
        @mge.jit.trace
        def double(self, x):
            """Return twice x."""
            return x * 2

    assert Step().double(tensor([2.0])).item() == 4.0
    assert Step.double.__doc__ == "Return twice x."
    with pytest.raises(CoreError, match="has no graph to dump"):
        Step.double.dump("file")


def test_devices():
    assert not mge.is_cuda_available()
    assert (mge.get_device_count("gpu"), mge.get_device_count("cpu") > 0) == (0, True)
    with pytest.raises(CoreError, match="the processor is the only device"):
        mge.set_default_device("gpu0")


def test_loggers(tmp_path):
    logger = mge.get_logger()
    assert logger is logging.getLogger("tuitrain_core")
    before = mge.set_log_level(logging.ERROR)
    assert logger.level == logging.ERROR
    mge.set_log_level(before)


def test_mixed_precision_is_float32():
    gm, x = GradManager(), Parameter([2.0])
    scaler = mge.amp.GradScaler()
    with gm.attach(x), mge.amp.autocast(enabled=False):
        scaler.backward(gm, x * x)
    scaler.update()
    assert (x.grad.item(), scaler.scale_factor) == (4.0, 1.0)


def test_a_generator_of_its_own_does_not_touch_the_current_one():
    before = mge.random.get_state()
    one, other = mge.random.RNG(5), mge.random.RNG(5)
    assert one.uniform(size=(3,)).tolist() == other.uniform(size=(3,)).tolist()
    assert one.permutation(4).tolist() == other.permutation(4).tolist()
    assert one.normal(2.0, 0.0).tolist() == [2.0]
    rows = F.arange(4)
    one.shuffle(rows)
    assert sorted(rows.tolist()) == [0, 1, 2, 3]
    assert str(mge.random.get_state()) == str(before)


@pytest.mark.parametrize(
    ("draw", "mean"),
    [
        (lambda size: mge.random.gamma(2.0, 3.0, size), 6.0),
        (lambda size: mge.random.beta(2.0, 2.0, size), 0.5),
        (lambda size: mge.random.poisson(4.0, size), 4.0),
        (lambda size: mge.random.normal(3.0, 0.5, size), 3.0),
        (lambda size: mge.random.uniform(2.0, 4.0, size), 3.0),
    ],
)
def test_distributions_have_their_mean(draw, mean):
    with mge.random.scope(mge.random.make_generator(3)):
        values = draw((4000,))
    assert values.dtype == np.float32
    assert values.mean().item() == pytest.approx(mean, rel=0.05)
    assert draw(None).shape == (1,)


def test_parameters_of_distributions_are_checked():
    with pytest.raises(CoreError, match="gamma: numbers are above 0, not scale=-1"):
        mge.random.gamma(1.0, -1)
    with pytest.raises(CoreError, match="poisson: numbers are above 0, not lam=0"):
        mge.random.poisson(0)


def test_schedulers_check_their_arguments():
    opt = optim.SGD(Parameter([1.0]), lr=0.1)
    with pytest.raises(UnknownTypeError, match="takes an optimizer, but was given float"):
        optim.MultiStepLR(0.1, [1])
    with pytest.raises(CoreError, match=r"ascending order, not \[3, 1\]"):
        optim.MultiStepLR(opt, [3, 1])
    with pytest.raises(CoreError, match="has no 'initial_lr' to continue from"):
        optim.MultiStepLR(opt, [1], current_epoch=3)
    with pytest.raises(NotImplementedError, match="LRScheduler has no get_lr"):
        optim.LRScheduler(opt)


def test_the_state_of_a_scheduler_continues_it():
    opt = optim.SGD(Parameter([1.0]), lr=1.0)
    schedule = optim.MultiStepLR(opt, [1, 2], gamma=0.5)
    schedule.step()
    other = optim.MultiStepLR(opt, [5])
    other.load_state_dict(schedule.state_dict())
    other.step()
    assert opt.lr == 0.25
    with pytest.raises(StateError, match="current_epoch"):
        other.load_state_dict({"gamma": 1.0})


def test_keys_of_the_user_stay_and_mistakes_are_named():
    names = {name for rule in optim.OPTIMIZERS.values() for name in rule.constraints}
    assert names - {"lr"} <= OTHER_HYPER_PARAMETERS
    group = {"params": [Parameter([1.0])], "name": "head", "lr_mult": 2}
    opt = optim.SGD([group], lr=0.1)
    opt.step()
    assert opt.state_dict()["param_groups"][0]["name"] == "head"
    for mistake in ("momentun", "betas"):
        with pytest.raises(CoreError, match=f"{mistake!r} is unknown"):
            optim.SGD([{"params": [Parameter([1.0])], mistake: 0.5}], lr=0.1)


def test_other_norms_of_gradients():
    param = Parameter([0.0, 0.0])
    param.grad = tensor([3.0, -4.0])
    assert optim.clip_grad_norm(param, 100.0, ord=1) == 7.0
    assert optim.clip_grad_norm(param, 2.0, ord=np.inf) == 4.0
    assert param.grad.tolist() == [1.5, -2.0]
    with pytest.raises(CoreError, match="numbers in ascending order"):
        optim.clip_grad_value(param, 1.0, -1.0)


def test_hooks_can_be_removed_and_change_inputs_and_outputs():
    layer = M.Identity()
    before = layer.register_forward_pre_hook(lambda module, inputs: (inputs[0] + 1,))
    after = layer.register_forward_hook(lambda module, inputs, output: output * inputs[0])
    assert layer(tensor([2.0])).item() == 9.0
    before.remove()
    before.remove()
    assert layer(tensor([2.0])).item() == 4.0
    after.remove()
    assert layer(tensor([2.0])).item() == 2.0


def test_gradients_of_gradients_are_refused():
    x = tensor([3.0])
    outer, inner = GradManager().attach(x), GradManager().attach(x)
    with outer:
        with inner:
            inner.backward(x * x * x)
        with pytest.raises(RecordingError, match="gradients of gradients are not computed"):
            outer.backward(x.grad * 2)


def test_a_function_of_the_user():
    class Scaled(Function):
        def forward(self, x, factor):
            self.factor = factor
            return x * factor

        def backward(self, grad):
            return grad * self.factor * 10, None

    x = tensor([1.0, 2.0])
    with GradManager().attach(x) as gm:
        gm.backward(Scaled()(x, 3.0).sum())
    assert x.grad.tolist() == [30.0, 30.0]

    class Wrong(Scaled):
        def backward(self, grad):
            return grad, grad, grad

    with GradManager().attach(x) as gm, pytest.raises(CoreError, match="returns 1 gradients"):
        gm.backward(Wrong()(x, 3.0).sum())


def test_errors_are_those_that_scripts_expect():
    net = M.Linear(2, 1)
    with pytest.raises(KeyError, match="missing: bias"):
        net.load_state_dict({"weight": np.zeros((1, 2))})
    with pytest.raises(StateKeyError):
        net.load_state_dict({})
    with pytest.raises(IndexError, match="does not fit the shape"):
        tensor([1.0])[3]
    with pytest.raises(IndexError, match="there are 1 modules"):
        M.Sequential(net)[1]
    with pytest.raises(RuntimeError, match="backward needs a recorded forward pass"):
        GradManager().backward(tensor([1.0]))
    with pytest.raises(RuntimeError, match="do not fit"):
        tensor([1.0, 2.0]) + tensor([1.0, 2.0, 3.0])
    assert issubclass(IndexRangeError, CoreError)


def test_an_assignment_in_place_keeps_memory_that_was_handed_out():
    param = Parameter([1.0, 2.0])
    memory = param.memory()
    param -= 0.5
    assert memory.tolist() == [0.5, 1.5]
    with pytest.raises(ShapeError, match=r"keeps the shape \(2,\)"):
        param += tensor([[1.0], [2.0]])
    plain = tensor([1.0])
    view = plain.reshape(1, 1)
    plain += 1
    assert (view.item(), plain.item()) == (1.0, 2.0)


def test_an_attached_parameter_keeps_its_values_while_it_is_recorded():
    param, other = Parameter([2.0]), Parameter([3.0])
    with GradManager().attach(param) as gm:
        other *= 2  # not attached
        with pytest.raises(RecordingError, match="do so after backward"):
            param *= 2
        gm.backward(param * other)
        param -= param.grad
    assert (param.item(), param.grad.item()) == (-4.0, 6.0)


def test_tied_weights_are_loaded_by_any_of_their_names():
    net = M.Sequential(M.Linear(1, 1), M.Linear(1, 1))
    net[1].weight = net[0].weight
    state = net.state_dict()
    assert "1.weight" in state
    del state["0.weight"]
    state["1.weight"] = np.array([[7.0]])
    assert net.load_state_dict(state) == []
    assert net[0].weight.item() == 7.0


@pytest.mark.parametrize("change", ["freeze", "track_running_stats"])
def test_batch_norm_can_be_changed_later(change):
    norm = M.BatchNorm1d(2)
    x = tensor(np.random.default_rng(0).standard_normal((8, 2)))
    setattr(norm, change, change == "freeze")
    with GradManager().attach(norm.parameters()) as gm:
        gm.backward(norm(x).sum())
    assert norm.running_mean.tolist() == [0.0, 0.0]
    assert (norm.weight.grad is None) == (change == "freeze")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: M.MultiHeadAttention(6, 4), "4 heads do not divide 6 features"),
        (lambda: M.MultiHeadAttention(4, 2, add_zero_attn=True), "are not supported"),
        (lambda: M.MultiHeadAttention(4, 2)(*[F.ones((2, 3))] * 3), r"shape \(2, 3\), not \(N"),
        (
            lambda: M.MultiHeadAttention(4, 2)(*[F.ones((1, 2, 4))] * 3, attn_mask=tensor([1])),
            "the attn_mask is int32; it is bool or floating",
        ),
        (lambda: M.GroupNorm(3, 4), "3 groups do not divide 4 channels"),
        (lambda: M.ConvTranspose2d(2, 2, 3, groups=2), "groups are not supported"),
        (lambda: M.PReLU(0), "num_parameters=0"),
        (lambda: M.Embedding(2, 2, padding_idx=0), "padding_idx, max_norm and norm_type"),
        (lambda: M.Embedding(2, 2, initial_weight=Parameter([[1.0]])), r"shape \(1, 1\), not"),
        (lambda: M.Conv2d(4, 4, 3, groups=3), "do not both divide into 3 groups"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(make, message):
    with pytest.raises(CoreError, match=message):
        make()


def test_causal_attention_leaves_out_what_is_behind():
    net, x = M.MultiHeadAttention(4, 2), F.ones((1, 3, 4))
    shares = net(x, x, x, need_weights=True, is_causal=True)[1]
    np.testing.assert_allclose(shares[0].numpy(), np.tril(np.ones((3, 3))) / [[1], [2], [3]])
