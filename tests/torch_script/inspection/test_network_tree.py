"""The network of a loop in PyTorch as a tree: traced in the loop's own forward pass."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.overrides import has_torch_function

import tuitrain
from tests.script.test_live import TIMEOUT, fly
from tests.torch_script.problem import make_problem
from tuitrain.app.renderables.rows import plain_text
from tuitrain.app.renderables.tables.network import Column, layer_keys, tree_rows
from tuitrain.commands import Freeze
from tuitrain.engines.inspection import GradientFlow, InspectNetwork, NetworkView
from tuitrain.engines.registry import steer_torch_script
from tuitrain.run.snapshot import Phase

__all__ = ["fly"]

COLUMNS = (Column("flow", "", 10), Column("name", "", 26), Column("shape", "", 15))


def engine_of(net: nn.Module, parameters=None):
    optimizer = torch.optim.SGD(parameters or net.parameters(), 0.1)
    return steer_torch_script(net, optimizer, 1, (), None, 1, {})


def drawn(engine, folded: bool = True) -> list[str]:
    view = engine.inspect_network()
    hidden = layer_keys(view.rows) if folded else set()
    return [plain_text(row).rstrip() for row in tree_rows(view, engine.groups(), hidden, COLUMNS)]


def traced(engine, *inputs, **named):
    """Return the engine after a forward pass that a request has waited for."""
    engine.inspect_network()
    engine.model(*inputs, **named)
    return engine


class Residual(nn.Module):
    """A network with a list of blocks, a sum of two ways, and a layer that is not used."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 4, 3, padding=1)
        self.blocks = nn.ModuleList([nn.Conv2d(4, 4, 3, padding=1) for _ in range(2)])
        self.head = nn.Linear(4, 3)
        self.spare = nn.Linear(2, 2)

    def forward(self, images):
        x = F.relu(self.stem(images))
        for block in self.blocks:
            x = x + torch.relu(block(x))
        return self.head(x.mean((2, 3)))


def test_a_pass_lists_modules_operations_and_ways_of_the_gradient():
    engine = traced(engine_of(Residual()), torch.zeros(2, 1, 8, 8))
    assert engine.inspect_network().note == ""
    assert drawn(engine) == [
        "┴ end      ▾ Residual                 (3,)",
        "┴ end        ▸ stem                   (4, 8, 8)",
        "▲ pass         relu                   (4, 8, 8)",
        "▲ pass       ▸ blocks.0               (4, 8, 8)",
        "▲ pass         relu                   (4, 8, 8)",
        "▲ pass         + add                  (4, 8, 8)",
        "▲ pass       ▸ blocks.1               (4, 8, 8)",
        "▲ pass         relu                   (4, 8, 8)",
        "▲ pass         + add                  (4, 8, 8)",
        "▲ pass         mean                   (4,)",
        "▲ pass       ▸ head                   (3,)",
        "∅ unused     ▸ spare",
    ]


def test_a_freeze_cuts_the_gradient_at_the_lowest_trained_part():
    engine = traced(engine_of(Residual()), torch.zeros(2, 1, 8, 8))
    for target in ("stem.*", "blocks.0.*"):
        engine.apply(Freeze(target))
    lines = drawn(engine)
    assert "· none       ▸ ❄ stem                 (4, 8, 8)" in lines
    assert "✂ cut        ▸ blocks.1               (4, 8, 8)" in lines
    assert "▲ pass 1/2     + add                  (4, 8, 8)" in lines


def test_before_a_pass_the_modules_are_in_the_order_of_their_definition():
    engine = engine_of(Residual())
    view = engine.inspect_network()
    assert "no step was traced" in view.note
    paths = [row.path for row in view.rows if row.kind == "module"]
    assert paths == ["", "stem", "blocks", "blocks.0", "blocks.1", "head", "spare"]
    assert view.rows[0].flow is GradientFlow.ENDS


def test_an_evaluation_is_not_the_pass_that_is_traced():
    engine = engine_of(Residual())
    engine.inspect_network()
    with torch.no_grad():
        engine.model(torch.zeros(5, 1, 4, 4))
    assert engine.inspect_network().note
    engine.model(torch.zeros(2, 1, 8, 8))
    assert engine.inspect_network().inputs[0].shape == (1, 8, 8)


def test_hooks_are_there_for_one_pass_only():
    engine = engine_of(Residual())
    assert not hooked(engine.model)
    engine.inspect_network()
    assert hooked(engine.model)
    engine.model(torch.zeros(2, 1, 8, 8))
    assert not hooked(engine.model)


def hooked(net: nn.Module) -> bool:
    """Whether a module has a hook before its forward pass."""
    return any(vars(module)["_forward_pre_hooks"] for module in net.modules())


def test_a_pass_that_fails_leaves_no_mode_behind():
    engine = engine_of(Residual())
    engine.inspect_network()
    with pytest.raises(RuntimeError):
        engine.model(torch.zeros(2, 2, 8, 8))
    assert not has_torch_function((torch.zeros(1),))
    assert "no step was traced" in engine.inspect_network().note
    engine.model(torch.zeros(2, 1, 8, 8))
    assert engine.inspect_network().note == ""


class Parts(nn.Module):
    """A network whose parts a script calls by themselves."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.decoder = nn.Linear(4, 2), nn.Linear(2, 4)


def test_parts_that_are_called_by_themselves_are_one_pass():
    engine = engine_of(Parts())
    engine.inspect_network()
    for _ in range(2):
        code = F.relu(engine.model.encoder(torch.zeros(3, 4)))
        engine.model.decoder(code)
    assert drawn(engine) == [
        "┴ end      ▾ Parts                    (4,)",
        "┴ end        ▸ encoder                (2,)",
        "▲ pass       ▸ decoder                (4,)",
    ]


class Opaque(torch.autograd.Function):
    """A sum whose operations PyTorch does not report."""

    @staticmethod
    def forward(ctx, x, weight):
        return x + weight

    @staticmethod
    def backward(ctx, grad):
        return grad, grad.sum(0)


class WithOpaque(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(4, 4), nn.Linear(4, 2)
        self.shift = nn.Parameter(torch.zeros(4))

    def forward(self, x, *, scale):
        return self.last(Opaque.apply(self.first(x), self.shift) * scale)


def test_a_function_that_is_not_reported_passes_the_gradient_of_what_its_module_was_given():
    engine = traced(engine_of(WithOpaque()), torch.zeros(3, 4), scale=2.0)
    flows = {row.path: row.flow for row in engine.inspect_network().rows if row.path}
    assert flows["last"] is GradientFlow.PASSES
    assert flows["last.weight"] is GradientFlow.PASSES


def test_a_tied_parameter_and_one_without_an_optimizer():
    net = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4), nn.Linear(4, 2))
    net[2].weight = net[0].weight
    engine = traced(engine_of(net, net[:3].parameters()), torch.zeros(3, 4))
    lines = drawn(engine, folded=False)
    assert "● learns         weight=0.weight      (4, 4)" in lines
    assert "● learns         weight               (2, 4)" in lines


def test_a_compiled_network_is_shown_as_it_was_defined():
    net = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
    net.compile(backend="eager")
    engine = engine_of(net)
    assert "torch.compile" in engine.inspect_network().note
    assert not hooked(net)


def test_a_lazy_module_is_shown_before_its_first_pass():
    net = nn.Sequential(nn.LazyLinear(3), nn.Linear(3, 2))
    engine = engine_of(net)
    assert [row.path for row in engine.inspect_network().rows][:2] == ["", "0"]
    traced(engine, torch.zeros(2, 5))
    assert [row.shape for row in engine.inspect_network().rows if row.path == "0"] == [(3,)]


def test_a_viewer_of_a_loop_gets_the_tree_and_the_weights_stay(fly):
    alone = make_problem()
    alone.train_epochs(4)
    problem = make_problem()
    deck = looked_at_in_a_pause(fly, problem)
    deck.do("step 3")
    shown = deck.live.wait_for(is_traced, TIMEOUT)
    assert [row.name for row in shown.inspection.rows][:2] == ["Net", "first"]
    deck.live.wait_for(lambda snapshot: snapshot.step == 8, TIMEOUT)
    deck.do("resume")
    assert deck.wait_for(Phase.FINISHED).step == 20
    assert problem.weights() == alone.weights()


def looked_at_in_a_pause(fly, problem):
    """Return the deck of a loop that is paused at step 5, where a viewer looks at the network."""

    def script() -> None:
        tuitrain.watch(problem.net, problem.optimizer, plan={5: "pause"})
        problem.train_epochs(4)

    deck = fly(script)
    deck.live.inspect(InspectNetwork())
    deck.wait_for(Phase.PAUSED)
    return deck


def is_traced(snapshot) -> bool:
    view = snapshot.inspection
    return isinstance(view, NetworkView) and not view.note
