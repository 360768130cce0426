"""The callback for the Trainer of Lightning, on a tiny module."""

import lightning.pytorch as pl
import pytest
import torch

from tests.docs.pages import blocks
from tests.script.served import serving
from tests.torch_script.fixtures import commands_of, losses_of, read_lines
from tests.torch_script.problem import EPOCHS, PER_EPOCH, STEPS, Net, make_data
from tuitrain.cli import main
from tuitrain.errors import RefusedError
from tuitrain.integrations.lightning import TuitrainCallback
from tuitrain.tracking.export import export_run

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

    def run_trainer(callback=None, automatic: bool = True, others=(), **settings) -> Module:
        pl.seed_everything(0, verbose=False)
        module = Module(automatic)
        loader = torch.utils.data.DataLoader(make_data(), 8, shuffle=True)
        test_loader = torch.utils.data.DataLoader(make_data(), 40)
        trainer = pl.Trainer(
            accelerator="cpu",
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            default_root_dir=tmp_path,
            num_sanity_val_steps=0,
            callbacks=[*others] if callback is None else [callback, *others],
            **{"max_epochs": EPOCHS, **settings},
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


class AfterEpoch(pl.Callback):
    """Calls a function after each epoch."""

    def __init__(self, call) -> None:
        self.call = call

    def on_train_epoch_end(self, trainer, pl_module) -> None:
        self.call(trainer.current_epoch)


def test_limits_hold_while_it_trains(train, tmp_path):
    limits = {"actors": ["ctl"], "lr_factor": 2}
    callback = TuitrainCallback(out=tmp_path / "run", limits=limits)

    def train_epochs(after_epoch) -> None:
        train(callback, others=[AfterEpoch(after_epoch)], max_epochs=100_000)

    with serving(train_epochs, tmp_path / "run") as made:
        made.go()
        reply = made.do("lr last x100")
        assert (reply.outcome, made.do("lr last x2").outcome) == ("refused", "applied")
        assert "the limits of this run allow ctl a factor of 2" in reply.message
        made.do("stop")
    assert made.ended_by is None


def test_values_are_logged_while_it_trains(train, tmp_path):
    train(TuitrainCallback(out=tmp_path / "run", log=["csv"]))
    export_run(tmp_path / "run", {"csv": tmp_path / "exported.csv"})
    logged, exported = tmp_path / "run" / "log.csv", tmp_path / "exported.csv"
    assert sorted(logged.read_text().splitlines()) == sorted(exported.read_text().splitlines())
    assert ",val_loss," in logged.read_text()


def test_a_log_of_no_format_is_refused_before_the_training(train, tmp_path):
    with pytest.raises(RefusedError, match="tensorbord"):
        train(TuitrainCallback(out=tmp_path / "run", log=["tensorbord"]))
    assert not (tmp_path / "run").exists()


def test_the_page_shows_a_training_that_is_recorded(tmp_path, monkeypatch):
    (text,) = [
        block.text for block in blocks("python") if "tuitrain.integrations.lightning" in block.text
    ]
    (tmp_path / "train.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    assert main(["run", "--headless", "--out", "run", "train.py"]) == 0
    assert losses_of(tmp_path / "run")
