"""The callback for the Trainer of Transformers, on a tiny model made here."""

import pytest
import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

from tests.docs.pages import blocks
from tests.script.served import serving
from tests.torch_script.fixtures import commands_of, losses_of, messages_of, read_lines
from tuitrain.cli import main
from tuitrain.errors import ExpectationError, RefusedError
from tuitrain.integrations.transformers import TuitrainCallback
from tuitrain.tracking.export import export_run

pytestmark = pytest.mark.filterwarnings("ignore")  # those of the library

STEPS = 12


class Sentences(torch.utils.data.Dataset):
    """Sixteen rows of tokens; the label is whether the first one is large."""

    def __init__(self) -> None:
        generator = torch.Generator().manual_seed(0)
        self.tokens = torch.randint(1, 20, (16, 6), generator=generator)

    def __len__(self) -> int:
        return len(self.tokens)

    def __getitem__(self, index: int) -> dict:
        row = self.tokens[index]
        return {"input_ids": row, "labels": (row[0] > 10).long()}


def make_model() -> BertForSequenceClassification:
    torch.manual_seed(0)
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
    return BertForSequenceClassification(
        BertConfig(vocab_size=20, intermediate_size=16, max_position_embeddings=8, **sizes)
    )


@pytest.fixture
def train(tmp_path):
    """Return a function that trains a model with a callback; returns the model."""

    def run_trainer(callback=None, others=(), **settings) -> BertForSequenceClassification:
        arguments = TrainingArguments(
            str(tmp_path / "trainer"),
            use_cpu=True,
            report_to=[],
            save_strategy="no",
            disable_tqdm=True,
            per_device_train_batch_size=4,
            learning_rate=0.01,
            seed=0,
            logging_steps=1000,
            **{"num_train_epochs": 3, **settings},
        )
        model = make_model()
        callbacks = [*others] if callback is None else [callback, *others]
        data = Sentences()
        trainer = Trainer(
            model, arguments, train_dataset=data, eval_dataset=data, callbacks=callbacks
        )
        trainer.train()
        model.steps = trainer.state.global_step
        return model

    return run_trainer


def bits(model) -> dict[str, bytes]:
    return {name: item.detach().numpy().tobytes() for name, item in model.named_parameters()}


def test_a_watched_training_has_the_same_bits(train, tmp_path):
    alone = train()
    model = train(TuitrainCallback(out=tmp_path / "run"))
    assert bits(model) == bits(alone)
    assert len(losses_of(tmp_path / "run")) == STEPS
    assert read_lines(tmp_path / "run", "journal.jsonl")[-1]["step"] == STEPS


def test_a_plan_steers_the_training(train, tmp_path):
    plan = {
        0: ["group body = *", "group head = classifier* bert.pooler*"],
        2: "freeze body",
        8: ["lr head 0.001", "rewind 3"],
    }
    callback = TuitrainCallback(plan=plan, out=tmp_path / "run")
    train(callback)
    outcomes = [outcome for _, _, outcome in commands_of(tmp_path / "run")]
    assert outcomes == ["applied"] * 4 + ["refused"]
    assert "the loop of this script fetches its own batches" in messages_of(tmp_path / "run")[-1]


def test_frozen_parameters_keep_their_bytes(train, tmp_path):
    before = bits(make_model())
    plan = {0: ["group body = *", "group head = classifier*", "freeze body"]}
    after = bits(train(TuitrainCallback(plan=plan, out=tmp_path / "run")))
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"classifier.weight", "classifier.bias"}


def test_a_stop_ends_the_training_as_the_trainer_does(train, tmp_path):
    model = train(TuitrainCallback(plan={5: "stop"}, out=tmp_path / "run"))
    assert model.steps == 5
    assert read_lines(tmp_path / "run", "journal.jsonl")[-1]["reason"] == "stopped"


def test_evaluations_are_recorded(train, tmp_path):
    callback = TuitrainCallback("eval_loss", out=tmp_path / "run")
    train(callback, eval_strategy="epoch")
    lines = [line for line in read_lines(tmp_path / "run", "metrics.jsonl") if "value" in line]
    assert [(line["name"], line["step"]) for line in lines] == [
        ("eval_loss", step) for step in (4, 8, 12)
    ]


def test_a_plan_that_does_not_hold_is_raised_at_the_end(train, tmp_path):
    path = tmp_path / "plan.toml"
    path.write_text("[[expect]]\nepoch = 2\nunchanged = { params = ['*'], since_epoch = 1 }")
    with pytest.raises(ExpectationError, match="step 8: expected"):
        train(TuitrainCallback(scenario=path, out=tmp_path / "run"))


def test_a_training_in_several_processes_is_refused(train, tmp_path, monkeypatch):
    monkeypatch.setattr(TrainingArguments, "world_size", 2)
    with pytest.raises(RefusedError, match="in one process, and this one has 2"):
        train(TuitrainCallback(out=tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_accumulation_and_clipping_are_those_of_the_trainer(train, tmp_path):
    settings = {"gradient_accumulation_steps": 2, "max_grad_norm": 0.1}
    alone = train(**settings)
    model = train(TuitrainCallback(out=tmp_path / "run"), **settings)
    assert bits(model) == bits(alone)
    assert len(losses_of(tmp_path / "run")) == STEPS // 2


class AfterEpoch(TrainerCallback):
    """Calls a function after each epoch."""

    def __init__(self, call) -> None:
        self.call = call

    def on_epoch_end(self, args, state, control, **kwargs) -> None:
        self.call(round(state.epoch) - 1)


def test_limits_hold_while_it_trains(train, tmp_path):
    limits = {"actors": ["ctl"], "commands": ["freeze", "stop"]}
    callback = TuitrainCallback(out=tmp_path / "run", limits=limits)

    def train_epochs(after_epoch) -> None:
        train(callback, others=[AfterEpoch(after_epoch)], num_train_epochs=10_000)

    with serving(train_epochs, tmp_path / "run") as made:
        made.go()
        reply = made.do("lr * 1")
        assert (reply.outcome, made.do("freeze *").outcome) == ("refused", "applied")
        assert "the limits of this run allow ctl" in reply.message
        made.do("stop")
    assert made.ended_by is None


def test_values_are_logged_while_it_trains(train, tmp_path):
    callback = TuitrainCallback(out=tmp_path / "run", log={"jsonl": tmp_path / "logs"})
    train(callback, eval_strategy="epoch")
    export_run(tmp_path / "run", {"jsonl": tmp_path / "exported.jsonl"})
    (logged,) = (tmp_path / "logs").iterdir()
    exported = (tmp_path / "exported.jsonl").read_text().splitlines()
    assert sorted(logged.read_text().splitlines()) == sorted(exported)
    assert any("eval_loss" in line for line in exported)


def test_the_page_shows_a_training_that_is_recorded(tmp_path, monkeypatch):
    (text,) = [
        block.text
        for block in blocks("python")
        if "tuitrain.integrations.transformers" in block.text
    ]
    (tmp_path / "train.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    assert main(["run", "--headless", "--out", "run", "train.py"]) == 0
    assert losses_of(tmp_path / "run")
