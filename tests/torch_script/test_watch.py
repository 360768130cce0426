"""A loop of one's own in PyTorch under `watch`: same bits, planned commands, a record."""

import pytest
import torch

import tuitrain
from tests.torch_script.fixtures import commands_of, losses_of, messages_of, read_lines, watch
from tests.torch_script.problem import EPOCHS, PER_EPOCH, STEPS, Net, make_problem
from tuitrain.errors import CommandError, RefusedError

__all__ = ["watch"]


def trained_alone(epochs: int = EPOCHS):
    problem = make_problem()
    problem.train_epochs(epochs)
    return problem


@pytest.mark.parametrize("settings", [{}, {"steps": STEPS}, {"epochs": 4, "steps_per_epoch": 5}])
def test_one_line_trains_the_same_bits(watch, settings):
    alone, problem = trained_alone(), make_problem()
    run = watch(problem, **settings)
    problem.train_epochs()
    run.finish()
    assert problem.weights() == alone.weights()
    assert losses_of(run.folder) == alone.losses
    assert run.steps_taken == STEPS


def test_batches_and_step_train_the_same_bits(watch):
    alone, problem = trained_alone(), make_problem()
    run = watch(problem)
    for batch in run.batches(problem.loader, epochs=EPOCHS):
        run.step(problem.differentiate(batch))
    run.finish()
    assert problem.weights() == alone.weights()
    assert losses_of(run.folder) == alone.losses


def test_epochs_train_the_same_bits(watch):
    alone, problem = trained_alone(), make_problem()
    run = watch(problem)
    seen = []
    for epoch in run.epochs(problem.loader, epochs=EPOCHS):
        seen.append(epoch)
        for batch in run.batches():
            run.step(problem.differentiate(batch))
    run.finish()
    assert seen == [*range(EPOCHS)]
    assert problem.weights() == alone.weights()


def test_step_clears_the_gradients_for_the_next_batch(watch):
    alone, problem = trained_alone(), make_problem()
    run = watch(problem)
    for inputs, targets in run.batches(problem.loader, epochs=EPOCHS):
        loss = torch.nn.functional.cross_entropy(problem.net(inputs), targets)
        loss.backward()
        run.step(loss)
    assert problem.weights() == alone.weights()


def test_a_frozen_group_keeps_its_bytes_and_its_statistics(watch):
    problem = make_problem()
    run = watch(problem, steps=STEPS, plan={5: "freeze body", 15: "thaw body"})
    before = []
    for _ in range(EPOCHS):
        for batch in problem.loader:
            problem.train(batch)
            before.append(problem.weights())
    run.finish()
    body = [name for name in before[0] if not name.startswith("last") and "batches" not in name]
    for step in range(5, 14):
        assert {n: before[step][n] for n in body} == {n: before[4][n] for n in body}
    assert all(before[15][name] != before[14][name] for name in body)
    assert commands_of(run.folder) == [(5, "freeze body", "applied"), (15, "thaw body", "applied")]


def test_commands_take_effect_and_what_torch_lacks_is_refused(watch):
    problem = make_problem()
    plan = {
        4: ["optimizer body adam lr=0.01", "clip norm 0.5"],
        8: ["group tail = last.weight", "decay tail over 10 steps", "lr last* 0.5"],
        9: ["lr no_such_group 0.1", "optimizer * lamb", "optimizer * lion"],
    }
    run = watch(problem, steps=STEPS, plan=plan)
    problem.train_epochs()
    run.finish()
    outcomes = [outcome for _, _, outcome in commands_of(run.folder)]
    assert outcomes == ["applied"] * 5 + ["refused"] * 3
    assert "PyTorch has: sgd, adam, adamw" in messages_of(run.folder)[-1]


def test_a_swapped_group_is_bit_equal_to_two_optimizers(watch):
    problem, alone = make_problem(), make_problem()
    run = watch(problem, steps=STEPS, plan={0: "optimizer last adam lr=0.01"})
    problem.train_epochs()
    run.finish()
    torch.manual_seed(0)
    alone.net.load_state_dict(Net().state_dict())
    body, last = (entry["params"] for entry in alone.optimizer.param_groups)
    pair = torch.optim.SGD(body, lr=0.1, momentum=0.9), torch.optim.Adam(last, lr=0.01)
    for _ in range(EPOCHS):
        for batch in alone.loader:
            alone.differentiate(batch)
            for optimizer in pair:
                optimizer.step()
    assert problem.weights() == alone.weights()


def test_a_planned_stop_ends_the_loop(watch):
    problem = make_problem()
    run = watch(problem, plan={7: "stop"})
    with pytest.raises(tuitrain.StoppedError):
        problem.train_epochs()
    run.finish()
    assert run.steps_taken == 7
    assert read_lines(run.folder, "journal.jsonl")[-1]["reason"] == "stopped"


def test_a_finished_run_lets_the_loop_run_on(watch):
    alone, problem = trained_alone(), make_problem()
    run = watch(problem, steps=PER_EPOCH)
    problem.train_epochs()
    run.finish()
    assert problem.weights() == alone.weights()


def test_logged_metrics_are_recorded_at_their_step(watch):
    problem = make_problem()
    run = watch(problem, epochs=EPOCHS, steps_per_epoch=PER_EPOCH, metrics=["perplexity"])
    for epoch in range(EPOCHS):
        problem.train_epochs(1)
        run.log(perplexity=float(epoch))
    run.finish()
    lines = [e for e in read_lines(run.folder, "metrics.jsonl") if e["event"] == "metric"]
    assert {e["name"] for e in lines} == {"perplexity"}


def test_a_body_without_a_step_is_an_error(watch):
    problem = make_problem()
    run = watch(problem)
    with pytest.raises(RefusedError, match=r"did not call optimizer\.step"):
        for _ in run.batches(problem.loader, epochs=1):
            pass


def test_step_without_a_backward_pass_is_an_error(watch):
    problem = make_problem()
    run = watch(problem)
    with pytest.raises(RefusedError, match=r"comes after loss\.backward\(\)"):
        for _ in run.batches(problem.loader, epochs=1):
            run.step()


@pytest.mark.parametrize(
    ("loss", "message"),
    [(0.5, "a tensor of one number, but was given float"), (torch.ones(3), r"of shape \(3,\)")],
)
def test_a_loss_that_is_no_number_is_an_error(watch, loss, message):
    problem = make_problem()
    run = watch(problem)
    with pytest.raises(RefusedError, match=message):
        for batch in run.batches(problem.loader, epochs=1):
            problem.differentiate(batch)
            run.step(loss)


def test_wrong_arguments_are_refused(watch):
    problem = make_problem()
    with pytest.raises(RefusedError, match="parameters that the network does not have"):
        watch(problem, optimizer=make_problem().optimizer)
    with pytest.raises(RefusedError, match=r"an optimizer of torch\.optim, or a list"):
        watch(problem, optimizer=3)
    with pytest.raises(RefusedError, match="at least one optimizer"):
        watch(problem, optimizer=[])
    with pytest.raises(RefusedError, match="LBFGS cannot be steered"):
        watch(problem, optimizer=torch.optim.LBFGS(problem.net.parameters()))
    with pytest.raises(CommandError, match="freeze"):
        watch(problem, plan={0: "freze body"})
    with pytest.raises(RefusedError, match=r"scaler=….* takes a GradScaler, .* was given int"):
        watch(problem, scaler=3)
    with pytest.raises(RefusedError, match=r"schedulers=….* takes learning-rate schedulers, with"):
        watch(problem, schedulers=[3])
    run = watch(problem)
    with pytest.raises(RefusedError, match="watched already"):
        watch(problem)
    with pytest.raises(RefusedError, match=r"needs the number of epochs: epochs=N"):
        run.batches(problem.loader)
    with pytest.raises(RefusedError, match="a loader with a length"):
        run.batches(iter(problem.loader.dataset), epochs=1)
    with pytest.raises(RefusedError, match=r"takes what yields batches, .* but was given 'abc'"):
        run.batches("abc", epochs=1)
    with pytest.raises(RefusedError, match=r"accumulate is a whole number from 1, .* given None"):
        run.epochs(problem.loader, 1, None)


def test_the_optimizer_is_the_scripts_after_the_run(watch):
    problem = make_problem()
    run = watch(problem, steps=PER_EPOCH)
    problem.train_epochs(1)
    run.finish()
    before = problem.weights()
    problem.train_epochs(1)
    assert problem.weights() != before
    assert torch.Tensor.backward.__module__ == "torch._tensor"
