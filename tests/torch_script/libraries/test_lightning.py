"""The callback for the Trainer of Lightning, on a tiny module."""

import lightning.pytorch as pl
import pytest
import torch

from tests.docs.pages import blocks
from tests.torch_script.fixtures import commands_of, losses_of, read_lines
from tests.torch_script.problem import EPOCHS, PER_EPOCH, STEPS, Net, make_data
from tuitrain.cli import main
from tuitrain.errors import RefusedError
from tuitrain.integrations.lightning import TuitrainCallback

pytestmark = pytest.mark.filterwarnings("ignore")  # those of the library


class Module(pl.LightningModule):
    """The network of the other tests, as a module of Lightning."""

    def __init__(self, automatic: bool = True) -> None:
        super().__init__()
        self.net = Net()
        self.automatic_optimization = automatic

    def training_step(self, batch, index):
        inputs, targets = batch
        loss = torch.nn.functional.cross_entropy(self.net(inputs), targets)
        if not self.automatic_optimization:
            optimizer = self.optimizers()
            optimizer.zero_grad()
            self.manual_backward(loss)
            optimizer.step()
        return loss

    def validation_step(self, batch, index):
        inputs, targets = batch
        self.log("val_loss", torch.nn.functional.cross_entropy(self.net(inputs), targets))

    def configure_optimizers(self):
        named = dict(self.net.named_parameters())
        body = [item for name, item in named.items() if not name.startswith("last")]
        groups = [
            {"params": body, "name": "body"},
            {"params": [named["last.weight"], named["last.bias"]], "name": "last"},
        ]
        return torch.optim.SGD(groups, lr=0.1, momentum=0.9)


@pytest.fixture
def train(tmp_path):
    """Return a function that trains a module with a callback; returns the module."""

    def run_trainer(callback=None, automatic: bool = True, **settings) -> Module:
        pl.seed_everything(0, verbose=False)
        module = Module(automatic)
        loader = torch.utils.data.DataLoader(make_data(), 8, shuffle=True)
        test_loader = torch.utils.data.DataLoader(make_data(), 40)
        trainer = pl.Trainer(
            accelerator="cpu",
            max_epochs=EPOCHS,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            default_root_dir=tmp_path,
            num_sanity_val_steps=0,
            callbacks=[] if callback is None else [callback],
            **settings,
        )
        trainer.fit(module, loader, test_loader)
        module.steps = trainer.global_step
        return module

    return run_trainer


def bits(module) -> dict[str, bytes]:
    return {name: item.detach().numpy().tobytes() for name, item in module.named_parameters()}


@pytest.mark.parametrize("automatic", [True, False])
def test_a_watched_training_has_the_same_bits(train, tmp_path, automatic):
    alone = train(automatic=automatic)
    module = train(TuitrainCallback(out=tmp_path / "run"), automatic)
    assert bits(module) == bits(alone)
    assert len(losses_of(tmp_path / "run")) == STEPS
    lines = [line for line in read_lines(tmp_path / "run", "metrics.jsonl") if "value" in line]
    steps = [PER_EPOCH * (epoch + 1) for epoch in range(EPOCHS)]
    assert [(line["name"], line["step"]) for line in lines] == [("val_loss", n) for n in steps]


@pytest.mark.parametrize("automatic", [True, False])
def test_a_freeze_holds_although_the_step_has_a_closure(train, tmp_path, automatic):
    pl.seed_everything(0, verbose=False)
    before = bits(Module())
    after = bits(train(TuitrainCallback(plan={0: "freeze body"}, out=tmp_path / "run"), automatic))
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"net.last.weight", "net.last.bias"}
    assert commands_of(tmp_path / "run") == [(0, "freeze body", "applied")]


def test_a_stop_ends_the_training_as_the_trainer_does(train, tmp_path):
    module = train(TuitrainCallback(plan={7: "stop"}, out=tmp_path / "run"))
    assert module.steps == 7
    assert read_lines(tmp_path / "run", "journal.jsonl")[-1]["reason"] == "stopped"


def test_accumulation_and_clipping_are_those_of_the_trainer(train, tmp_path):
    settings = {"accumulate_grad_batches": 2, "gradient_clip_val": 0.1}
    alone = train(**settings)
    module = train(TuitrainCallback(out=tmp_path / "run"), **settings)
    assert bits(module) == bits(alone)
    assert len(losses_of(tmp_path / "run")) == module.steps


def test_a_training_in_several_processes_is_refused(train, tmp_path, monkeypatch):
    monkeypatch.setattr(pl.Trainer, "world_size", 2)
    with pytest.raises(RefusedError, match="in one process, and this one has 2"):
        train(TuitrainCallback(out=tmp_path / "run"))


def test_an_error_of_the_module_ends_the_run(train, tmp_path, monkeypatch):
    def fail(self, batch, index):
        raise ZeroDivisionError

    monkeypatch.setattr(Module, "validation_step", fail)
    callback = TuitrainCallback(out=tmp_path / "run")
    with pytest.raises(ZeroDivisionError):
        train(callback)
    assert callback.run is None
    assert read_lines(tmp_path / "run", "journal.jsonl")[-1]["reason"] == "failed"


def test_the_page_shows_a_training_that_is_recorded(tmp_path, monkeypatch):
    (text,) = [
        block.text for block in blocks("python") if "tuitrain.integrations.lightning" in block.text
    ]
    (tmp_path / "train.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    assert main(["run", "--headless", "--out", "run", "train.py"]) == 0
    assert losses_of(tmp_path / "run")
