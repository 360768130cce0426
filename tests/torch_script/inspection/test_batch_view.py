"""The batch of a step of a loop in PyTorch: its images with classes, or what it holds."""

import math
from collections import namedtuple
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Subset, TensorDataset

import tuitrain
from tests.script.test_live import TIMEOUT, fly
from tests.torch_script.inspection.test_network_tree import engine_of, hooked
from tests.torch_script.problem import make_problem
from tuitrain.engines.batch_view import BatchEntry, InspectBatch, StepBatchView
from tuitrain.engines.registry import steer_torch_script
from tuitrain.errors import RefusedError
from tuitrain.run.snapshot import Phase

__all__ = ["fly"]

REQUEST = InspectBatch()


class Pixels(nn.Module):
    """A classifier of images whose scores are the first pixels."""

    def __init__(self, classes: int = 4) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))
        self.classes = classes

    def forward(self, images, *, factor=1.0):
        return images.flatten(1)[:, : self.classes] * self.scale * factor


def images(count: int = 6, channels: int = 1, side: int = 8) -> torch.Tensor:
    """Return images whose first pixels have their highest value at the image's number."""
    made = torch.zeros(count, channels, side, side)
    for index in range(count):
        made[index, 0, 0, index % 4] = 8.0
    return made


class Named(TensorDataset):
    classes = ("cat", "dog", "hen", "owl")


def engine_with(dataset, net: nn.Module | None = None, **settings):
    loader = DataLoader(dataset, len(dataset), **settings)
    net = net or Pixels()
    return steer_torch_script(net, torch.optim.SGD(net.parameters(), 0.1), 1, (), loader, 1, {})


def entries_of(batch) -> dict[str, BatchEntry]:
    """Return what is seen of a batch that a loop gives its network as ``images``."""
    engine = engine_of(Pixels())
    look(engine)
    engine.model.forward = lambda images: None
    engine.model(batch)
    return {entry.path: entry for entry in engine.inspect_batch(REQUEST).entries}


def look(engine) -> StepBatchView | None:
    try:
        return engine.inspect_batch(REQUEST)
    except RefusedError as refusal:
        assert "after the next forward pass" in str(refusal)
        return None


def test_a_batch_of_images_and_classes_has_the_predictions_of_its_own_pass():
    labels = torch.tensor([0, 1, 2, 3, 1, 1])
    engine = engine_with(Subset(Named(images(), labels), range(6)))
    batch, targets = engine.loop.next_batch()
    first = engine.inspect_batch(REQUEST)
    assert first.pictures.predictions is None
    loss = F.cross_entropy(engine.model(batch), targets)
    loss.backward()
    view = engine.inspect_batch(InspectBatch("next"))
    assert (view.batch_step, view.samples, view.is_input) == (1, 6, False)
    assert view.request == InspectBatch("next")
    seen = view.pictures
    assert seen.class_names == Named.classes
    assert seen.values.dtype == np.uint8
    assert (seen.values.shape, seen.shape) == ((6, 1, 8, 8), (1, 8, 8))
    assert (seen.values.min(), seen.values.max()) == (0, 255)
    assert seen.labels.tolist() == labels.tolist()
    assert seen.predictions.tolist() == [0, 1, 2, 3, 0, 1]
    assert seen.confidence == pytest.approx(np.full(6, 1 / (1 + 3 * math.exp(-8))))
    assert [entry.path for entry in view.entries] == ["[0]", "[1]"]


def test_a_hook_is_there_for_one_pass_and_not_for_an_evaluation():
    engine = engine_of(Pixels())
    assert not hooked(engine.model)
    look(engine)
    with torch.no_grad():
        engine.model(images(3))
    assert look(engine) is None
    engine.model(images(5))
    assert not hooked(engine.model)
    assert engine.inspect_batch(REQUEST).samples == 5
    engine.loop.end()
    assert not hooked(engine.model)


def test_a_loop_that_fetches_its_own_batches_shows_the_inputs_by_name():
    engine = engine_of(Pixels())
    look(engine)
    engine.model(images(3), factor=0.5)
    view = engine.inspect_batch(REQUEST)
    assert (view.is_input, view.batch_step, view.pictures.labels) == (True, 1, None)
    assert [entry.path for entry in view.entries] == ["images", "factor"]
    assert repr(view.entries[1]) == repr(BatchEntry("factor", "float", first="0.5"))  # with nan


def test_positional_inputs_are_not_named_like_those_that_are_given_by_name():
    class Sum(Pixels):
        def forward(self, first, *others, factor=1.0):
            return super().forward(first, factor=factor) + sum(map(torch.sum, others))

    engine = engine_of(Sum())
    look(engine)
    engine.model(images(), torch.ones(2), torch.ones(3), factor=2.0)
    paths = [entry.path for entry in engine.inspect_batch(REQUEST).entries]
    assert paths == ["first", "input1", "input2", "factor"]


def test_a_part_that_is_called_by_itself_shows_its_inputs():
    net = nn.ModuleDict({"encoder": nn.Linear(4, 2)})
    engine = engine_of(net)
    look(engine)
    net["encoder"](torch.ones(3, 4))
    assert engine.inspect_batch(REQUEST).entries[0].shape == (3, 4)


Pair = namedtuple("Pair", "tokens mask")


@dataclass
class Record:
    ids: torch.Tensor
    text: list[str]


def test_every_tensor_of_a_nested_batch_is_found():
    entries = entries_of(
        {
            "pair": Pair(torch.arange(6).reshape(2, 3), torch.tensor([[True, False]])),
            "more": [Record(torch.tensor([1.5, math.nan, math.inf]), ["a", "b\n"]), None],
            "odd key": np.array([[1, 2]], np.int16),
            7: "x" * 99,
        }
    )
    assert [*entries] == [
        "images.pair.tokens",
        "images.pair.mask",
        "images.more[0].ids",
        "images.more[0].text",
        "images.more[1]",
        "images['odd key']",
        "images[7]",
    ]
    tokens = entries["images.pair.tokens"]
    assert (tokens.kind, tokens.shape, tokens.first) == ("int64", (2, 3), "0 1 2 3 4 5")
    assert (tokens.low, tokens.mean, tokens.high) == (0, 2.5, 5)
    assert entries["images.pair.mask"].first == "True False"
    ids = entries["images.more[0].ids"]
    assert (ids.low, ids.high, ids.non_finite, ids.first) == (1.5, 1.5, 2, "1.5 nan inf")
    assert entries["images.more[0].text"].first == "2: 'a', 'b\\n'"
    assert entries["images.more[1]"].kind == "None"
    assert entries["images['odd key']"].kind == "int16"
    assert len(entries["images[7]"].first) == 60


def test_odd_tensors_are_listed_without_numbers_or_with_some():
    large = torch.arange(3_000_000.0).reshape(1000, 3000)
    batch = {
        "sparse": torch.eye(3).to_sparse(),
        "half": torch.tensor([0.5, 2.0], dtype=torch.bfloat16),
        "complex": torch.tensor([1j]),
        "empty": torch.empty(0, 3),
        "scalar": torch.tensor(3),
        "large": large,
        "turned": large.T,
        "words": np.array(["a"]),
    }
    entries = {path.rpartition(".")[2]: entry for path, entry in entries_of(batch).items()}
    assert [*entries] == [*batch]
    assert math.isnan(entries["sparse"].low)
    assert entries["half"].first == "0.5 2"
    assert entries["scalar"].shape == ()
    assert (entries["large"].is_sampled, entries["large"].first[:7]) == (True, "0 1 2 3")
    assert 1.4e6 < entries["large"].mean < 1.6e6
    assert entries["turned"].first.startswith("0 3000 6000")


@pytest.mark.parametrize(
    ("made", "size"),
    [
        (torch.rand(3, 3, 130, 65), (3, 3, 43, 21)),
        (torch.rand(60, 3, 4, 4), (48, 3, 4, 4)),
        (torch.randint(0, 256, (2, 1, 8, 8), dtype=torch.uint8), (2, 1, 8, 8)),
    ],
)
def test_images_are_made_small_enough_to_be_sent(made, size):
    engine = engine_of(Pixels())
    look(engine)
    engine.model(made)
    values = engine.inspect_batch(REQUEST).pictures.values
    assert (values.shape, values.dtype) == (size, np.uint8)
    if made.dtype == torch.uint8:
        assert (values == made.numpy()).all()


@pytest.mark.parametrize(
    "made", [torch.rand(2, 2, 8, 8), torch.rand(2, 8, 8), torch.ones(2, 1, 8, 8).long()]
)
def test_other_tensors_are_no_images(made):
    engine = engine_of(Pixels())
    look(engine)
    engine.model(made)
    assert engine.inspect_batch(REQUEST).pictures is None


def test_images_with_a_value_that_is_not_finite_keep_it():
    engine = engine_of(Pixels())
    look(engine)
    made = images()
    made[1, 0, 2, 2] = math.nan
    engine.model(made)
    assert np.isnan(engine.inspect_batch(REQUEST).pictures.values).sum() == 1


@pytest.mark.parametrize("labels", [[0, 1, 2, 3, 4, -1], [0, 1, 2, 3, 3, 4]])
def test_numbers_that_are_no_classes_of_the_scores_have_no_predictions(labels):
    engine = engine_with(TensorDataset(images(), torch.tensor(labels)))
    batch, _ = engine.loop.next_batch()
    engine.inspect_batch(REQUEST)
    engine.model(batch)
    assert engine.inspect_batch(REQUEST).pictures.predictions is None


def test_a_compiled_network_shows_the_batch_and_is_not_compiled_again():
    net = Pixels()
    net.compile(backend="eager")
    engine = engine_with(TensorDataset(images(), torch.arange(6)), net)
    engine.loop.next_batch()
    assert engine.inspect_batch(REQUEST).samples == 6
    assert not hooked(net)
    alone = engine_of(net)
    with pytest.raises(RefusedError, match=r"with run\.batches the batch is known"):
        alone.inspect_batch(REQUEST)


@pytest.mark.slow
def test_the_wrapper_of_a_compiled_network_may_have_a_hook():
    compiled = []

    def backend(graph, inputs):
        compiled.append(graph)
        return graph.forward

    engine = engine_of(torch.compile(Pixels(), backend=backend))
    engine.model(images())
    look(engine)
    engine.model(images())
    assert engine.inspect_batch(REQUEST).entries[0].path == "images"
    engine.model(images())
    assert len(compiled) == 1


def test_a_batch_that_cannot_be_described_does_not_end_the_pass():
    class Broken(dict):
        def items(self):
            raise ZeroDivisionError("no items")

    engine = engine_of(Pixels())
    look(engine)
    engine.model.forward = lambda images: 7
    assert engine.model(Broken()) == 7
    with pytest.raises(RefusedError, match="cannot be described: ZeroDivisionError: no items"):
        engine.inspect_batch(REQUEST)


def test_no_random_number_is_drawn_and_no_gradient_recorded():
    engine = engine_with(TensorDataset(images(), torch.arange(6) % 4))
    batch, _ = engine.loop.next_batch()
    engine.inspect_batch(REQUEST)
    before = torch.get_rng_state()
    output = engine.model(batch)
    engine.inspect_batch(REQUEST)
    assert torch.equal(before, torch.get_rng_state())
    output.sum().backward()
    assert engine.model.scale.grad is not None


@pytest.mark.parametrize("lines", [1, 3])
def test_a_viewer_of_a_loop_gets_the_batch_and_the_weights_stay(fly, lines):
    alone = make_problem()
    alone.train_epochs(4)
    problem = make_problem()

    def script() -> None:
        run = tuitrain.watch(problem.net, problem.optimizer, plan={5: "pause"})
        if lines == 1:
            problem.train_epochs(4)
            return
        for batch in run.batches(problem.loader, epochs=4):
            run.step(problem.differentiate(batch))

    deck = fly(script)
    deck.live.inspect(REQUEST)
    deck.wait_for(Phase.PAUSED)
    deck.do("step 3")
    shown = deck.live.wait_for(has_late_batch, TIMEOUT)
    paths = [entry.path for entry in shown.inspection.entries]
    assert paths == (["x"] if lines == 1 else ["[0]", "[1]"])
    deck.do("resume")
    assert deck.wait_for(Phase.FINISHED).step == 20
    assert problem.weights() == alone.weights()


def has_late_batch(snapshot) -> bool:
    view = snapshot.inspection
    return isinstance(view, StepBatchView) and 6 <= view.batch_step <= 8
