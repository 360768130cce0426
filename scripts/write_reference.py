"""Fill in the generated parts of ``docs/reference`` from the tables of the code.

    python scripts/write_reference.py

A page marks a generated part by ``<!-- generated: NAME -->`` and ``<!-- end -->``.
"""

from __future__ import annotations

import argparse
import inspect
import os
import re
import sys
import tomllib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, get_args

import msgspec

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "docs" / "reference"
_PART = re.compile(r"(<!-- generated: ([\w ]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def main() -> None:
    """Rewrite every page of the reference."""
    for page in sorted(REFERENCE.glob("*.md")):
        page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")


def filled(text: str) -> str:
    """Return a page with its generated parts replaced by those of the code."""
    return _PART.sub(lambda part: f"{part[1]}{PARTS[part[2]]().rstrip()}\n{part[3]}", text)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    escaped = ([cell.replace("|", r"\|") for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in escaped)


def code(text: str) -> str:
    """Return text as code."""
    return f"`{text}`"


def commands() -> str:
    """Return every command: its usage, what it does, and examples."""
    from tuitrain.commands import VOCABULARY

    parts = []
    for spec in VOCABULARY:
        examples = "\n".join(spec.examples)
        parts.append(f"### {spec.name}\n\n{code(spec.usage)}\n\n{spec.summary}\n")
        parts.append(f"```text\n{examples}\n```\n")
    return "\n".join(["", *parts])


def optimizers() -> str:
    """Return the optimizers with their settings and defaults."""
    from tuitrain_core.optimizer import OPTIMIZERS

    rows = [
        (
            code(name),
            " ".join(code(f"{key}={_plain(value)}") for key, value in rule.defaults().items()),
        )
        for name, rule in OPTIMIZERS.items()
    ]
    return table(["optimizer", "settings and their defaults"], rows)


def _plain(value: Any) -> str:
    from tuitrain.commands import setting_text

    return setting_text(value)


def key_rows(keys: Iterable[Any]) -> str:
    """Return keys with what they do."""
    rows = [(" ".join(map(code, key.written.split())), key.summary) for key in keys]
    return table(["key", "action"], rows)


def deck_keys() -> str:
    """Return the keys of the main screen."""
    from tuitrain.app.keys import KEYS

    return key_rows(KEYS)


def recording_keys() -> str:
    """Return the keys over a recording."""
    from tuitrain.app.keys.other_screens import RECORDING_KEYS

    return key_rows(RECORDING_KEYS)


def view_keys() -> str:
    """Return the keys of the views that look closely."""
    from tuitrain.app.keys import other_screens as keys

    views = {
        "All views": keys.INSPECTION_KEYS,
        "Weights": keys.WEIGHTS_KEYS,
        "Network": keys.NETWORK_KEYS,
        "Images": keys.BATCH_KEYS,
    }
    return "\n\n".join(f"**{name}**\n\n{key_rows(rows)}" for name, rows in views.items())


def actions() -> str:
    """Return the actions that can be given other keys."""
    from tuitrain.app.keys import KEYS

    rows = [(code(key.name), " ".join(map(code, key.written.split())), key.summary) for key in KEYS]
    return table(["action", "default keys", "what it does"], rows)


def command_line() -> str:
    """Return the help of every command of the command line."""
    from tuitrain.cli.parser import build_parsers

    os.environ["COLUMNS"] = "100"
    parser, parsers = build_parsers()
    texts = {
        "tuitrain": parser,
        **{f"tuitrain {name}": command for name, command in parsers.items()},
    }
    return "\n\n".join(
        f"## {name}\n\n```text\n{_help(helped)}\n```" for name, helped in texts.items()
    )


def _help(parser: argparse.ArgumentParser) -> str:
    return parser.format_help().split("\nexit status:")[0].strip()


def scenarios() -> str:
    """Return the scenarios in the box with their descriptions."""
    rows = [
        (code(path.name), tomllib.loads(path.read_text(encoding="utf-8"))["description"])
        for path in sorted((ROOT / "scenarios").glob("*.toml"))
    ]
    return table(["in `scenarios/`", "shows"], rows)


def scenario() -> str:
    """Return the tables of a scenario file."""
    from tuitrain.scenario import schema

    return "\n\n".join(
        struct(kind)
        for kind in (
            schema.Scenario,
            schema.Group,
            schema.At,
            schema.Expect,
            schema.Since,
            schema.LrEquals,
            schema.MetricIs,
            schema.Evaluate,
            schema.Limits,
            schema.Log,
        )
    )


def record() -> str:
    """Return the lines of a record's files."""
    from tuitrain.records.record_format import JournalLine, MetricsLine
    from tuitrain.records.scheduled_file import ScheduledEntry
    from tuitrain.run.group_metrics import GroupMetrics

    files = {
        "journal.jsonl": get_args(JournalLine),
        "metrics.jsonl": get_args(MetricsLine),
        "groups.jsonl": (GroupMetrics,),
        "scheduled.json": (ScheduledEntry,),
    }
    return "\n\n".join(
        f"### {file}\n\n" + "\n\n".join(struct(line, "####") for line in lines)
        for file, lines in files.items()
    )


def struct(kind: type[msgspec.Struct], level: str = "###") -> str:
    """Return the fields of a struct as a table, with the descriptions of its docstring."""
    summary, described = _docstring(kind)
    config = kind.__struct_config__
    rows = []
    if config.tag is not None:
        rows.append((code(str(config.tag_field)), code(f'"{config.tag}"'), ""))
    for field in msgspec.structs.fields(kind):
        rows.append((code(field.encode_name), _default(field), described.get(field.name, "")))
    return f"{level} {_title(kind)}\n\n{summary}\n\n{table(['key', 'default', 'meaning'], rows)}"


def _title(kind: type) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.__name__).capitalize()


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "required"
    if field.default_factory is not msgspec.NODEFAULT:
        return "empty"
    return "" if field.default in (None, "", ()) else code(_written(field.default))


def _written(value: Any) -> str:
    """Return a value as TOML and JSON write it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _docstring(kind: type) -> tuple[str, dict[str, str]]:
    """Return the summary of a docstring, and the descriptions of its attributes."""
    text = inspect.cleandoc(kind.__doc__ or "")
    before, _, attributes = text.partition("\nAttributes\n----------\n")
    entries = re.findall(r"^([\w, ]+) : (.*(?:\n +.*)*)", attributes, re.MULTILINE)
    described = {
        name.strip(): _joined(value) for names, value in entries for name in names.split(",")
    }
    return _joined(before), described


def _joined(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("``", "`").strip()


def mcp_tools() -> str:
    """Return the tools of the MCP server, with what they take."""
    from tuitrain.mcp_server.arguments import schema_of
    from tuitrain.mcp_server.tools import TOOLS

    rows = []
    for spec in TOOLS:
        schema = schema_of(spec.arguments, has_run=True)
        required = schema["required"]
        names = [name if name in required else f"[{name}]" for name in schema["properties"]]
        summary = spec.description.partition(" The commands are:")[0]
        rows.append((f"`{spec.name}`", f"`{' '.join(names)}`" if names else "", summary))
    return table(("tool", "takes", "does"), rows)


PARTS: dict[str, Callable[[], str]] = {
    "commands": commands,
    "optimizers": optimizers,
    "deck keys": deck_keys,
    "recording keys": recording_keys,
    "view keys": view_keys,
    "actions": actions,
    "command line": command_line,
    "mcp tools": mcp_tools,
    "scenarios": scenarios,
    "scenario": scenario,
    "record": record,
}

if __name__ == "__main__":
    sys.exit(main())
