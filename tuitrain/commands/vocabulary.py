"""What each verb is called, how it is written, and what it does: the source of every help text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """One verb of the vocabulary, for help, palette and completion."""

    name: str
    usage: str
    summary: str
    examples: tuple[str, ...]


VOCABULARY: tuple[CommandSpec, ...] = (
    CommandSpec("pause", "pause", "Stand still at the next step boundary.", ("pause",)),
    CommandSpec("resume", "resume", "Go on after a pause.", ("resume",)),
    CommandSpec("step", "step [N]", "Take N steps (default 1), then pause.", ("step", "step 10")),
    CommandSpec("stop", "stop", "End the run at the next step boundary.", ("stop",)),
    CommandSpec(
        "freeze",
        "freeze TARGET",
        "Stop training: no gradient, no update, optimizer state untouched.",
        ("freeze conv", "freeze fc1.*"),
    ),
    CommandSpec(
        "thaw",
        "thaw TARGET [keep|reset]",
        "Train again, with the optimizer state as it was (keep, the default) or none (reset).",
        ("thaw conv", "thaw conv reset"),
    ),
    CommandSpec(
        "lr",
        "lr TARGET VALUE | xFACTOR",
        "Set the learning rate, or scale it. At 0 weights hold still, gradients go on.",
        ("lr fc 0.01", "lr * x0.5"),
    ),
    CommandSpec(
        "decay",
        "decay TARGET over N epochs|steps",
        "Let the learning rate fall linearly to 0 from its present value.",
        ("decay conv over 10 epochs", "decay * over 500 steps"),
    ),
    CommandSpec(
        "schedule",
        "schedule TARGET linear|cosine|one-cycle to LR over N epochs|steps [warmup=STEPS], or "
        "exponential xFACTOR per epoch|step, or milestones xFACTOR at N,N,... epochs|steps",
        "Let the learning rate follow a schedule, from its present value.",
        (
            "schedule fc cosine to 0 over 10 epochs",
            "schedule * exponential x0.9 per epoch warmup=100",
            "schedule conv milestones x0.1 at 5,8 epochs",
        ),
    ),
    CommandSpec(
        "clip",
        "clip norm|value LIMIT | off",
        "Clip the gradients before every update: their total norm, or each value.",
        ("clip norm 1", "clip off"),
    ),
    CommandSpec(
        "optimizer",
        "optimizer TARGET NAME [KEY=VALUE...] [state=carry|reset] [ramp=STEPS]",
        "Swap the optimizer of a group; the weights stay, the state is carried over or reset.",
        ("optimizer fc adam lr=0.001", "optimizer conv sgd momentum=0.9 state=reset"),
    ),
    CommandSpec(
        "group",
        "group NAME = GLOB [GLOB...]",
        "Move the parameters that match into a group; their optimizer state follows.",
        ("group head = classifier.* fc2.*",),
    ),
    CommandSpec(
        "rewind",
        "rewind STEP|NAME",
        "Go back to a past step or a checkpoint, exactly; what followed is kept as a branch.",
        ("rewind 400", "rewind before-swap"),
    ),
    CommandSpec(
        "checkpoint",
        "checkpoint NAME",
        "Keep all that decides the future: to rewind to, and in a file to resume from.",
        ("checkpoint before-swap",),
    ),
    CommandSpec(
        "undo", "undo", "Take back the last command, and train again up to now.", ("undo",)
    ),
    CommandSpec(
        "redo",
        "redo",
        "Put back the command that the last undo took, and train again up to now.",
        ("redo",),
    ),
    CommandSpec(
        "branch", "branch NAME", "Return to the end of a branch that was left.", ("branch main",)
    ),
    CommandSpec(
        "try",
        "try lr TARGET VALUE|xFACTOR, ... for N steps",
        "Train from here with each learning rate, on the same batches, and come back: each is left "
        "as a branch, to compare, and to adopt with `branch NAME`.",
        ("try lr fc x0.1, x1, x10 for 200 steps",),
    ),
    CommandSpec(
        "preview",
        "preview COMMAND",
        "Say how far the next update would move each group after the command; change nothing.",
        ("preview optimizer fc adam lr=0.001",),
    ),
    CommandSpec(
        "break",
        "break when nan | loss > xFACTOR | grad_norm GROUP > VALUE | dead units of GROUP > SHARE% "
        "| accuracy >= VALUE, or break off [CONDITION]",
        "Pause before an update is applied, when the loss or a gradient is not finite, the loss is "
        "above so many times its average, a gradient's norm above a value, or more of a layer's "
        "units than a share are 0 for the whole batch; off takes one away, or all.",
        (
            "break when nan",
            "break when loss > x1.5",
            "break when grad_norm conv > 10",
            "break when dead units of conv > 50%",
            "break when accuracy >= 0.97",
            "break off",
            "break off nan",
        ),
    ),
)


def find_spec(name: str) -> CommandSpec | None:
    """Return the verb of that name, or None."""
    return next((each for each in VOCABULARY if each.name == name), None)
