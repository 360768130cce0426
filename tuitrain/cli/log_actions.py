"""The actions of commands about logs of other tools: export and import."""

from __future__ import annotations

import argparse

from tuitrain.errors import TuitrainError
from tuitrain.text import format_count, visible

from .signals import signals_raise
from .status import BAD_INPUT, OK, print_error


def export(arguments: argparse.Namespace) -> int:
    """Write the values of a recorded run."""
    from tuitrain.tracking.export import export_run
    from tuitrain.tracking.formats import FORMATS

    chosen = {name: getattr(arguments, name) for name in FORMATS}
    places = {name: place for name, place in chosen.items() if place is not None}
    if not places:
        options = ", ".join(f"--{name}" for name in FORMATS)
        raise TuitrainError(f"tuitrain export needs a format; one or more of: {options}")
    with signals_raise():
        written = export_run(arguments.folder, places)
    if written.problem:
        print_error(written.problem)
    branches = len(written.branches)
    rows = f"{format_count(written.rows)} rows of {branches} branch{'es' * (branches > 1)}"
    for target in written.targets.values():
        print(visible(f"{target}: {rows}"))
    return OK


def import_logs(arguments: argparse.Namespace) -> int:
    """Make recordings of a folder of TensorBoard; report those that cannot be read."""
    from tuitrain.scenario.runs.run_list import runs_folder
    from tuitrain.tracking.importing.import_folder import import_folder

    records, status = arguments.out or runs_folder(), OK
    with signals_raise():
        for result in import_folder(arguments.folder, records, arguments.loss):
            if result.log is None:
                print_error(result.problem)
                status = BAD_INPUT
                continue
            log = result.log
            tags = f"{len(log.metrics) + 1} tag{'s' * bool(log.metrics)}"
            what = f"{format_count(log.steps)} steps, {tags}; the loss is {log.loss}"
            print(visible(f"{result.record}: {what}"), flush=True)
    return status
