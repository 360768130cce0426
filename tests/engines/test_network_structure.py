"""The network as a tree, as the screen shows it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conformance.embedded import Small
from tests.conformance.probes import buffers, do, train, whole
from tests.engines.conftest import make_engine
from tuitrain.app.renderables.rows import plain_text
from tuitrain.app.renderables.tables.network import Column, fit_columns, layer_keys, tree_rows
from tuitrain.engines.embedded import EmbeddedEngine
from tuitrain.engines.factory import EngineSpec, GroupSpec
from tuitrain.engines.inspection import GradientFlow
from tuitrain_core import functional as F
from tuitrain_core.data import Dataset
from tuitrain_core.models import LeNet, ResNet, Transformer
from tuitrain_core.module import Dropout, Linear, Module

COLUMNS = (Column("flow", "", 10), Column("name", "", 26), Column("shape", "", 15))


def engine_for(make, shape: tuple[int, int, int]) -> EmbeddedEngine:
    """Make an engine for images of this shape, of which there are four."""
    images = np.random.default_rng(0).integers(1, 255, (4, *shape)).astype(np.uint8)
    data = Dataset(images, np.arange(4))
    return EmbeddedEngine(
        EngineSpec(make, data, data, [GroupSpec("all", ("*",), "sgd", {"lr": 0.1})])
    )


def drawn(engine, folded: bool = True) -> list[str]:
    """Return the tree as text, with the layers' parameters folded away or not."""
    view = engine.inspect_network()
    hidden = layer_keys(view.rows) if folded else set()
    return [plain_text(row).rstrip() for row in tree_rows(view, engine.groups(), hidden, COLUMNS)]


def test_lenet_is_listed_in_order_with_its_gradient_cut_below_a_freeze():
    engine = engine_for(LeNet, (1, 28, 28))
    do(engine, "freeze conv1.*")
    do(engine, "freeze fc1.*")
    assert drawn(engine) == [
        "┴ end      ▾ LeNet                    (10,)",
        "· none       ▸ ❄ conv1                (6, 28, 28)",
        "· none         relu                   (6, 28, 28)",
        "· none         pool1                  (6, 14, 14)",
        "✂ cut        ▸ conv2                  (16, 10, 10)",
        "▲ pass         relu                   (16, 10, 10)",
        "▲ pass         pool2                  (16, 5, 5)",
        "▲ pass       ▸ ❄ fc1                  (120,)",
        "▲ pass         relu                   (120,)",
        "▲ pass       ▸ fc2                    (84,)",
        "▲ pass         relu                   (84,)",
        "▲ pass       ▸ classifier             (10,)",
    ]
    assert drawn(engine, folded=False)[1:4] == [
        "· none       ▾ ❄ conv1                (6, 28, 28)",
        "❄ no grad        ❄ bias               (1, 6, 1, 1)",
        "❄ no grad        ❄ weight             (6, 1, 5, 5)",
    ]


def test_a_residual_sum_counts_its_inputs_with_gradient():
    engine = engine_for(lambda: ResNet(8, 1, 4), (1, 12, 12))
    lines = drawn(engine)
    assert lines[4:14] == [
        "▲ pass       ▾ stage1                 (16, 12, 12)",
        "▲ pass         ▾ 0                    (16, 12, 12)",
        "▲ pass             shortcut           (16, 12, 12)",
        "▲ pass           ▸ conv1              (16, 12, 12)",
        "▲ pass           ▸ norm1              (16, 12, 12)",
        "▲ pass             relu               (16, 12, 12)",
        "▲ pass           ▸ conv2              (16, 12, 12)",
        "▲ pass           ▸ norm2              (16, 12, 12)",
        "▲ pass             + add              (16, 12, 12)",
        "▲ pass             relu               (16, 12, 12)",
    ]
    for frozen in ("conv1.*", "norm1.*", "stage1.*", "stage2.0.shortcut.*"):
        do(engine, f"freeze {frozen}")
    lines = drawn(engine)
    assert "✂ cut            ▸ conv1              (32, 6, 6)" in lines
    assert "▲ pass 1/2         + add              (32, 6, 6)" in lines
    assert "▲ pass             + add              (64, 3, 3)" in lines
    assert "· none             + add              (16, 12, 12)" in lines


def test_a_transformer_lists_its_attention():
    engine = engine_for(lambda: Transformer((1, 6, 5), 4, 8, 2, 1), (1, 6, 5))
    lines = drawn(engine)
    assert lines[:20] == [
        "┴ end      ▾ Transformer              (4,)",
        "● learns       position               (1, 6, 8)",
        "┴ end        ▸ embed                  (6, 8)",
        "▲ pass         +                      (6, 8)",
        "▲ pass       ▾ blocks                 (6, 8)",
        "▲ pass         ▾ 0                    (6, 8)",
        "▲ pass           ▸ norm1              (6, 8)",
        "▲ pass           ▾ attention          (6, 8)",
        "▲ pass             ▸ query            (6, 8)",
        "▲ pass             ▸ key              (6, 8)",
        "▲ pass             ▸ value            (6, 8)",
        "▲ pass               @                (2, 6, 6)",
        "▲ pass               ×                (2, 6, 6)",
        "▲ pass               softmax          (2, 6, 6)",
        "▲ pass               @                (2, 6, 4)",
        "▲ pass             ▸ out              (6, 8)",
        "▲ pass             + add              (6, 8)",
        "▲ pass           ▸ norm2              (6, 8)",
        "▲ pass           ▸ fc1                (6, 32)",
        "▲ pass             gelu               (6, 32)",
    ]
    for frozen in ("embed.*", "position", "blocks.0.norm1.*", "blocks.0.attention.query.*"):
        do(engine, f"freeze {frozen}")
    lines = drawn(engine)
    assert "· none             ▸ ❄ query          (6, 8)" in lines
    assert "▲ pass 1/2           @                (2, 6, 6)" in lines
    assert "✂ cut              ▸ key              (6, 8)" in lines


class Tied(Module):
    """A weight under two names, a layer used twice, and one that is not used."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = Linear(9, 9, bias=False), Linear(9, 9, bias=False)
        self.second.weight = self.first.weight
        self.again, self.idle, self.drop = Linear(9, 9), Linear(2, 2), Dropout(0.5)

    def forward(self, images):
        x = self.drop(F.relu(self.first(F.flatten(images, 1))))
        return self.again(F.relu(self.again(self.second(x))))


def test_tied_repeated_and_unused_modules_are_labeled():
    engine = engine_for(Tied, (1, 3, 3))
    assert drawn(engine, folded=False) == [
        "┴ end      ▾ Tied                     (9,)",
        "┴ end        ▾ first                  (9,)",
        "● learns         weight               (9, 9)",
        "▲ pass         relu                   (9,)",
        "▲ pass         drop                   (9,)",
        "▲ pass       ▾ second                 (9,)",
        "● learns         weight=first.weight  (9, 9)",
        "▲ pass       ▾ again ×2               (9,)",
        "● learns         bias                 (9,)",
        "● learns         weight               (9, 9)",
        "▲ pass         relu                   (9,)",
        "∅ unused     ▾ idle",
        "∅ unused         bias                 (2,)",
        "∅ unused         weight               (2, 2)",
    ]
    row = next(item for item in engine.inspect_network().rows if item.path == "")
    assert len(row.parameters) == 5


def test_a_failing_module_is_restored(engine):
    train(engine, 1)
    before = whole(engine), buffers(engine)
    fc = engine.model.module.fc
    engine.model.module.fc = None
    with pytest.raises(TypeError):
        engine.inspect_network()
    engine.model.module.fc = fc
    assert (whole(engine), buffers(engine)) == before
    assert all("forward" not in vars(item) for item in engine.model.module.modules())
    assert engine.inspect_network().rows[0].flow is GradientFlow.ENDS


@pytest.mark.parametrize("width", [40, 76, 116, 196])
def test_the_columns_fit_and_show_the_gradient(width):
    columns = fit_columns(width)
    assert sum(item.width + 1 for item in columns) - 1 <= max(width, 36)
    assert {"flow", "name"} <= {item.name for item in columns}
    if width >= 76:
        assert {"grad", "dead", "group", "lr"} <= {item.name for item in columns}


def test_counting_units_names_the_dead_ones():
    engine = make_engine(model=Small)
    engine.model.parameters["fc.bias"].memory()[[1, 4]] = -1000
    units = {item.parameter: item for item in engine.count_dead_units()}
    assert units["fc.weight"].dead_indices[:1] == (1,)
    assert set(units["fc.weight"].dead_indices) >= {1, 4}
    assert len(units["fc.weight"].dead_indices) == units["fc.weight"].dead
