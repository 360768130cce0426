"""The arguments of the tools: their schemas, which models read, and their checks."""

from __future__ import annotations

from typing import Annotated, Any, Final, TypeVar

import msgspec

from tuitrain.commands import MAX_COUNT
from tuitrain.decoding import plain_problem
from tuitrain.errors import TuitrainError, did_you_mean, join_or
from tuitrain.run.authorship import MAX_WHY

MAX_WAIT: Final = 600.0
"""Maximum seconds of one wait; a client may give up earlier."""

MAX_NAMES: Final = 20
"""Maximum number of curves of one answer."""

MAX_ANSWER_SECONDS: Final = 300.0
"""Maximum seconds to wait for the answer to a command; a step may be long."""

Step = Annotated[int, msgspec.Meta(ge=0, le=MAX_COUNT)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]


def _meta(description: str, **limits: Any) -> msgspec.Meta:
    """Return the description of an argument, for its schema, and its limits."""
    return msgspec.Meta(description=description, **limits)


class NoArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tool that takes nothing."""


class RunArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A tool that takes a run."""

    run: Annotated[
        str,
        _meta(
            "The run: its id from list_runs, its name, or the folder of its record; HOST:RUN for a "
            "run of another machine, over ssh. May be left out if only one run is live.",
            max_length=4096,
        ),
    ] = ""


class GroupsArguments(RunArguments, frozen=True, kw_only=True):
    """Arguments of ``groups``."""

    names: Annotated[
        list[Text],
        _meta("Names of groups, or globs such as 'conv*' (default: all groups).", max_length=50),
    ] = []
    parameters: Annotated[
        bool, _meta("Whether to list the parameters of each group, with shapes.")
    ] = False


class MetricsArguments(RunArguments, frozen=True, kw_only=True):
    """Arguments of ``metrics``."""

    names: Annotated[
        list[Text],
        _meta(
            "Curves: 'loss', a metric of the run such as 'accuracy', or 'lr:GROUP', "
            "'grad_norm:GROUP', 'update_ratio:GROUP' (default: the loss and all metrics).",
            max_length=MAX_NAMES,
        ),
    ] = []
    first: Annotated[Step, _meta("The first step (default: 0).")] = 0
    last: Annotated[Step | None, _meta("The last step (default: the newest).")] = None
    points: Annotated[
        int,
        _meta(
            "Maximum number of points of a curve, evenly spaced; the first and the last stay.",
            ge=1,
            le=1000,
        ),
    ] = 50


class JournalArguments(RunArguments, frozen=True, kw_only=True):
    """Arguments of ``journal``."""

    since: Annotated[
        Step | None,
        _meta(
            "Return the entries after the first SINCE: 'next' of the answer before (default: the "
            "newest entries)."
        ),
    ] = None
    limit: Annotated[int, _meta("Maximum number of entries.", ge=1, le=200)] = 30


class PreviewArguments(RunArguments, frozen=True, kw_only=True):
    """Arguments of ``preview``."""

    command: Annotated[Text, _meta("The command, as in 'lr fc 0.01'. It is not applied.")]


class WaitArguments(RunArguments, frozen=True, kw_only=True):
    """Arguments of ``wait``."""

    until: Annotated[
        Text,
        _meta(
            "The condition: 'step N', 'loss < X', 'METRIC >= X' (also <=, >, ==), 'break' (a "
            "breakpoint has paused the run), 'paused' or 'end'."
        ),
    ]
    timeout: Annotated[float, _meta("Maximum seconds to wait.", gt=0, le=MAX_WAIT)] = 30.0


class CommandArguments(RunArguments, frozen=True, kw_only=True):
    """Arguments of ``command``."""

    command: Annotated[Text, _meta("The command, as in 'lr fc x0.5'.")]
    reason: Annotated[
        str,
        _meta(
            "Why you give it, in one sentence for the people who read the journal.",
            min_length=1,
            max_length=MAX_WHY,
        ),
    ]
    at: Annotated[
        Step | None, _meta("The step before which it is applied (default: the next one).")
    ] = None
    id: Annotated[
        str,
        _meta(
            "A text of your choice that identifies this command. If no answer came, send the "
            "command again with the same id: it is applied once, and you get the answer.",
            max_length=200,
        ),
    ] = ""
    timeout: Annotated[
        float,
        _meta("Maximum seconds to wait for the answer.", gt=0, le=MAX_ANSWER_SECONDS),
    ] = 60.0


class CancelArguments(RunArguments, frozen=True, kw_only=True):
    """Arguments of ``cancel``."""

    id: Annotated[
        str,
        _meta("The id of a command that waits for its step: of its answer, or of scheduled_ids."),
    ]


_Arguments = TypeVar("_Arguments", bound=msgspec.Struct)


def schema_of(kind: type[msgspec.Struct], has_run: bool) -> dict[str, Any]:
    """Return the JSON schema of a tool's arguments.

    Parameters
    ----------
    has_run : whether the tool takes ``run``; not if the server is for one run
    """
    schema = msgspec.json.schema(kind)["$defs"][kind.__name__]
    properties = {
        name: part for name, part in schema["properties"].items() if has_run or name != "run"
    }
    return {
        "type": "object",
        "properties": properties,
        "required": schema.get("required", []),
        "additionalProperties": False,
    }


def read_arguments(
    tool: str, kind: type[_Arguments], values: dict[str, Any], has_run: bool
) -> _Arguments:
    """Return the arguments that a client has given; numbers may be written as texts.

    Raises
    ------
    TuitrainError : an unknown argument, or a value of the wrong kind; says what is allowed
    """
    allowed = [name for name in kind.__struct_fields__ if has_run or name != "run"]
    for name in values:
        if name not in allowed:
            takes = f"(it takes {join_or(allowed)})" if allowed else "(it takes nothing)"
            hint = did_you_mean(name, allowed)
            raise TuitrainError(f"{tool} has no argument {name!r:.60}{hint} {takes}")
    values = {name: value for name, value in values.items() if value is not None}
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        problem, _, place = str(error).partition(" - at `$.")
        name = place.rstrip("`")
        where = f"{tool}, {name}" if name else tool
        value = f" (given: {values[name]!r:.60})" if name in values else ""
        raise TuitrainError(f"{where}: {plain_problem(problem)}{value}") from None
