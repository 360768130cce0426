"""What the tools take: schemas for models, and one sentence for a mistake."""

from __future__ import annotations

import pytest

from tuitrain.errors import TuitrainError
from tuitrain.mcp_server.arguments import (
    CommandArguments,
    MetricsArguments,
    NoArguments,
    WaitArguments,
    read_arguments,
    schema_of,
)
from tuitrain.mcp_server.tools import TOOLS, offered_tools


@pytest.mark.parametrize("spec", TOOLS, ids=lambda spec: spec.name)
def test_every_argument_is_described(spec):
    schema = schema_of(spec.arguments, has_run=True)
    assert schema["additionalProperties"] is False
    assert all(part["description"] for part in schema["properties"].values())
    assert set(schema["required"]) <= set(schema["properties"])
    assert len(spec.description) > 40


def test_a_server_for_one_run_takes_no_run():
    assert "run" not in schema_of(WaitArguments, has_run=False)["properties"]
    with pytest.raises(TuitrainError, match="wait has no argument 'run'"):
        read_arguments("wait", WaitArguments, {"until": "end", "run": "x"}, has_run=False)
    assert "list_runs" not in [spec.name for spec in offered_tools("lenet", may_act=True)]


def test_without_act_nothing_is_offered_that_changes_a_run():
    assert not any(spec.changes for spec in offered_tools("", may_act=False))
    changing = {spec.name for spec in offered_tools("", may_act=True) if spec.changes}
    assert changing == {"command", "cancel"}


@pytest.mark.parametrize(
    ("kind", "values", "problem"),
    [
        (MetricsArguments, {"pints": 5}, r"has no argument 'pints', did you mean 'points'\?"),
        (MetricsArguments, {"points": 0}, r"tool, points: expected a whole number, at least 1"),
        (MetricsArguments, {"first": "soon"}, r"tool, first: expected a whole number"),
        (WaitArguments, {"until": "end", "timeout": 1e9}, r"timeout: expected a number, at most"),
        (WaitArguments, {}, r"tool: the key 'until' is missing"),
        (CommandArguments, {"command": "undo"}, r"tool: the key 'reason' is missing"),
        (NoArguments, {"x": 1}, r"tool has no argument 'x' \(it takes nothing\)"),
    ],
)
def test_a_mistake_is_one_sentence(kind, values, problem):
    with pytest.raises(TuitrainError, match=problem) as caught:
        read_arguments("tool", kind, values, has_run=True)
    assert "\n" not in str(caught.value)


def test_numbers_may_be_texts_and_nothing_may_be_null():
    arguments = read_arguments(
        "metrics", MetricsArguments, {"points": "7", "last": None}, has_run=True
    )
    assert (arguments.points, arguments.last) == (7, None)
