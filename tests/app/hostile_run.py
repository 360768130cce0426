"""A run whose names and messages are all one text, and every screen of the app over it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from textual.screen import Screen

from tuitrain.app import screens
from tuitrain.app.config import Config
from tuitrain.app.flight_results import FlightResult
from tuitrain.app.screens.deck.attached_deck import AttachedDeck
from tuitrain.app.screens.deck.flight_deck import FlightDeck
from tuitrain.app.screens.deck.recording_deck import RecordingDeck
from tuitrain.app.screens.dialogs.branches import BranchesDialog
from tuitrain.app.screens.dialogs.breakpoints import BreakpointsDialog
from tuitrain.app.screens.dialogs.checkpoint import CheckpointDialog
from tuitrain.app.screens.dialogs.clip import ClipDialog
from tuitrain.app.screens.dialogs.compare_rates import CompareRatesDialog
from tuitrain.app.screens.dialogs.confirm import ConfirmDialog
from tuitrain.app.screens.dialogs.decay import DecayDialog
from tuitrain.app.screens.dialogs.flight_result import FlightResultDialog
from tuitrain.app.screens.dialogs.leave import LeaveDialog
from tuitrain.app.screens.dialogs.lr import LrDialog
from tuitrain.app.screens.dialogs.optimizer import OptimizerDialog
from tuitrain.app.screens.dialogs.pen import PenDialog
from tuitrain.app.screens.dialogs.regroup import RegroupDialog
from tuitrain.app.screens.dialogs.rewind import RewindDialog
from tuitrain.app.screens.dialogs.save import SaveDialog
from tuitrain.app.screens.dialogs.schedule import ScheduleDialog
from tuitrain.app.screens.dialogs.try_lr import TryDialog
from tuitrain.app.screens.help import HelpScreen
from tuitrain.app.screens.inspection.batch import BatchScreen
from tuitrain.app.screens.inspection.network import NetworkScreen
from tuitrain.app.screens.inspection.weights import WeightsScreen
from tuitrain.app.screens.log import LogScreen
from tuitrain.app.screens.ranks import RanksScreen
from tuitrain.app.screens.run_choice.new_run import NewRunDialog
from tuitrain.app.screens.run_choice.past_runs import RunsScreen
from tuitrain.app.screens.run_choice.resume_or_open import ResumeOrOpenDialog
from tuitrain.app.screens.run_choice.start import StartScreen
from tuitrain.app.screens.settings import SettingsScreen
from tuitrain.engines.inspection import (
    Inspection,
    InspectionRequest,
    InspectNetwork,
    InspectWeights,
)
from tuitrain.run.logs.log_capture import LogLine, LogSnapshot
from tuitrain.run.snapshot import (
    Attachment,
    Intervention,
    JournalEntry,
    OptimizerChoice,
    ParameterView,
    Snapshot,
)
from tuitrain.scenario.runs.run_list import RecordedRun

from .fake import FakeSource, array_view, branched, running, tried
from .fake_inspection import network_view, weights_view

SHOWS_THE_NAME = (
    ConfirmDialog,
    LeaveDialog,
    PenDialog,
    DecayDialog,
    FlightDeck,
    CheckpointDialog,
    LogScreen,
    LrDialog,
    NewRunDialog,
    OptimizerDialog,
    ResumeOrOpenDialog,
    RegroupDialog,
    RewindDialog,
    SaveDialog,
    ScheduleDialog,
    TryDialog,
    WeightsScreen,
    CompareRatesDialog,
)
"""Screens that show at least a few cells of the text."""

OF_THEIR_OWN_APP = (StartScreen, RecordingDeck, AttachedDeck)
"""Screens that are not opened over the deck of a run."""


def every_screen() -> set[type[Screen]]:
    """Return the classes of all screens: those without subclasses, and the deck."""
    for module in pkgutil.iter_modules(screens.__path__, f"{screens.__name__}."):
        importlib.import_module(module.name)

    def below(base: type[Screen]) -> set[type[Screen]]:
        classes = base.__subclasses__()
        return {base}.union(*map(below, classes)) if classes else {base}

    ours = {item for item in below(Screen) if item.__module__.startswith(screens.__name__)}
    return {item for item in ours if not item.__subclasses__()} | {FlightDeck}


def hostile_snapshot(text: str) -> Snapshot:
    """Return a run in which every name and every message is this text."""
    plain = tried()
    conv, fc = running().groups
    rows = (replace(fc.parameters[0], name=text), *fc.parameters[1:])
    fc = replace(
        fc,
        name=text,
        parameters=rows,
        optimizer=f"own{text}",
        settings=text,
        schedule=text or "constant",
    )
    left = [replace(item, name=f"{item.name}{text}") for item in branched().branches]
    sweep = plain.lr_sweep
    assert sweep is not None
    candidates = tuple(
        replace(item, branch=line.name) for item, line in zip(sweep.candidates, left, strict=False)
    )
    entries = [
        JournalEntry(ticket, 250 + ticket, text, actor, outcome, text)
        for ticket, (actor, outcome) in enumerate(
            (("key", "applied"), ("command", "refused"), ("palette", "unchanged"))
        )
    ]
    return running(
        info=replace(plain.info, name=text, model=text, data=text),
        groups=(conv, fc),
        histories=tuple(
            replace(trace, name=name)
            for trace, name in zip(plain.histories, ("conv", text), strict=True)
        ),
        parameter=ParameterView(
            text, (10, 84), text, 1204, None, array_view(1, 0.08), array_view(2, 0.004)
        ),
        journal=tuple(entries),
        interventions=(Intervention(250, text), Intervention(520, text)),
        branch=f"here {text}",
        parent=left[0].name,
        fork=640,
        branches=tuple(left),
        checkpoints=(text or "name",),
        breakpoints=(f"break when {text}",),
        optimizers=(*plain.optimizers, OptimizerChoice(f"own{text}", ((text, text),))),
        clip=f"norm {text}",
        lr_sweep=replace(sweep, target=text, candidates=candidates),
        log=LogSnapshot(
            (LogLine(3, "out", text), LogLine(4, "error", text)), 2, f"/tmp/{text}", text
        ),
        note=text,
        record_status=text,
    )


class HostileSource(FakeSource):
    """Returns any requested inspection, under its name."""

    def seen(self, request: InspectionRequest) -> Inspection:
        if isinstance(request, InspectWeights):
            return weights_view(request.parameter, (10, 84), request.parameter, self.shown.step)
        if isinstance(request, InspectNetwork):
            return network_view(running().groups, self.shown.step)
        return super().seen(request)


def past(text: str) -> RecordedRun:
    """Return a past run of that name."""
    return RecordedRun(Path(f"/runs/{text}"), text, text, text, datetime(2026, 1, 1), 10, 20)


def opened_on(text: str, deck: FlightDeck) -> dict[type[Screen], Callable[[], Screen]]:
    """Return constructors of the screens that can be opened over the deck."""
    shown = deck.snapshot
    assert shown is not None
    group, sweep = shown.groups[1], shown.lr_sweep
    assert sweep is not None

    def ask(command: object) -> None:
        del command

    return {
        BatchScreen: lambda: BatchScreen(deck.inspection),
        BranchesDialog: lambda: BranchesDialog(shown),
        BreakpointsDialog: lambda: BreakpointsDialog(shown, ask, ask),
        ClipDialog: lambda: ClipDialog(shown, ask),
        ConfirmDialog: lambda: ConfirmDialog(text, text, text),
        LeaveDialog: lambda: LeaveDialog(text),
        FlightResultDialog: lambda: FlightResultDialog(FlightResult(0.5, 1, "2026-03-14"), None),
        PenDialog: lambda: PenDialog(Attachment(2, text, holds_pen=False)),
        DecayDialog: lambda: DecayDialog(group, shown, ask),
        HelpScreen: HelpScreen,
        CheckpointDialog: lambda: CheckpointDialog(shown),
        LogScreen: lambda: LogScreen(shown),
        RanksScreen: lambda: RanksScreen(shown),
        LrDialog: lambda: LrDialog(group, shown, ask),
        NetworkScreen: lambda: NetworkScreen(deck.inspection),
        NewRunDialog: lambda: NewRunDialog(text),
        OptimizerDialog: lambda: OptimizerDialog(group, shown, ask),
        ResumeOrOpenDialog: lambda: ResumeOrOpenDialog(past(text)),
        RegroupDialog: lambda: RegroupDialog(shown.groups, text),
        RewindDialog: lambda: RewindDialog(lambda: shown),
        RunsScreen: lambda: RunsScreen(shown, [past(text)], ()),
        SaveDialog: lambda: SaveDialog(Path(f"{text}.toml"), [".toml"]),
        ScheduleDialog: lambda: ScheduleDialog(group, shown, ask),
        SettingsScreen: lambda: SettingsScreen(Config(theme=text), [text], lambda config: text),
        TryDialog: lambda: TryDialog(group, shown),
        WeightsScreen: lambda: WeightsScreen(deck.inspection, text),
        CompareRatesDialog: lambda: CompareRatesDialog(shown, sweep),
    }
