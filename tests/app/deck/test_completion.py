"""Completion of the command line."""

from __future__ import annotations

import pytest

from tests.app.fake import branched, watchful
from tuitrain.app.completion import completions, usage


@pytest.mark.parametrize(
    ("line", "result"),
    [
        ("", []),
        ("fr", ["freeze"]),
        ("st", ["step", "stop"]),
        ("freeze fc1", ["freeze fc1.bias", "freeze fc1.weight"]),
        ("lr ", ["lr conv", "lr fc", "lr *"]),
        ("lr fc1", []),
        ("thaw fc ", ["thaw fc keep", "thaw fc reset"]),
        ("decay fc ", ["decay fc over"]),
        ("decay fc over 10 e", ["decay fc over 10 epochs"]),
        ("optimizer fc adam", ["optimizer fc adamw"]),
        ("optimizer fc sgd mo", ["optimizer fc sgd momentum="]),
        ("optimizer fc sgd state=r", ["optimizer fc sgd state=reset"]),
        ("group head ", ["group head ="]),
        ("group head = fc2.w", ["group head = fc2.weight"]),
        ("schedule fc c", ["schedule fc cosine"]),
        ("schedule fc m", ["schedule fc milestones"]),
        ("schedule fc cosine ", ["schedule fc cosine to"]),
        ("schedule fc linear to 0 over 4 e", ["schedule fc linear to 0 over 4 epochs"]),
        (
            "schedule fc one-cycle to 1 over 4 steps w",
            ["schedule fc one-cycle to 1 over 4 steps warmup="],
        ),
        ("schedule * exponential x0.9 p", ["schedule * exponential x0.9 per"]),
        ("schedule * milestones x0.1 at 5 s", ["schedule * milestones x0.1 at 5 steps"]),
        ("clip n", ["clip norm"]),
        ("rewind ", ["rewind 900", "rewind 640", "rewind 520", "rewind 250", "rewind by"]),
        ("branch ", ["branch b1", "branch main"]),
        ("break ", ["break when", "break off"]),
        ("break when g", ["break when grad_norm"]),
        ("break when grad_norm ", ["break when grad_norm conv", "break when grad_norm fc"]),
        ("break when grad_norm fc ", ["break when grad_norm fc >"]),
        ("break off g", ["break off grad_norm"]),
        ("break off grad_norm conv ", ["break off grad_norm conv >"]),
        ("try ", ["try lr"]),
        ("try lr f", ["try lr fc"]),
        ("nonsense ", []),
    ],
)
def test_completions(line, result):
    assert completions(line, branched(breakpoints=watchful().breakpoints)) == result


def test_rewind_completes_checkpoints_newest_first():
    shown = branched(checkpoints=("good", "better"))
    assert completions("rewind ", shown)[:3] == ["rewind better", "rewind good", "rewind 900"]
    assert completions("rewind g", shown) == ["rewind good"]


def test_completions_before_the_first_snapshot():
    assert completions("res", None) == ["resume"]
    assert completions("optimizer * a", None) == []
    assert completions("branch ", None) == []


def test_usage_names_the_verb_or_all_verbs():
    assert usage("lr f").startswith("lr TARGET VALUE | xFACTOR")
    assert "freeze" in usage("")
