"""The parameters of a recorded run, whose values are known at its checkpoints."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tuitrain.commands import to_text
from tuitrain.engines.views import GroupView, ParameterView
from tuitrain.errors import CheckpointError
from tuitrain.records.branch_replay import RecordedDecision
from tuitrain.records.checkpoint_file import CHECKPOINTS, read_checkpoint
from tuitrain.run.session_state import SessionState


@dataclass(frozen=True, slots=True, eq=False)
class _Kept:
    """A checkpoint with its step and the decisions before it."""

    step: int
    decisions: tuple[tuple[int, str], ...]
    state: SessionState


class CheckpointValues:
    """The checkpoints of a run folder, read on first use.

    Unreadable ones are skipped; `tuitrain resume` reports them.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: list[_Kept] | None = None

    def names(self) -> tuple[str, ...]:
        """Return the names of the checkpoint files."""
        return tuple(sorted(kept.stem for kept in (self._folder / CHECKPOINTS).glob("*.npz")))

    def at(
        self,
        name: str,
        step: int,
        decided: tuple[RecordedDecision, ...],
        groups: tuple[GroupView, ...],
    ) -> ParameterView | None:
        """Describe a parameter as of the last checkpoint before a moment; None if there is none."""
        from tuitrain.engines.array_statistics import describe_array

        commands = [(kept.step, kept.command) for kept in decided]
        before = [
            kept
            for kept in self._read()
            if kept.step <= step and _leads_to(kept.decisions, kept.step, commands)
        ]
        if not before:
            return None
        last = max(before, key=lambda kept: kept.step)
        value = last.state.engine.parameters.get(name)
        if value is None:
            return None
        gradient = last.state.engine.gradients.get(name)
        group = next((g.name for g in groups for row in g.parameters if row.name == name), "")
        return ParameterView(
            name=name,
            shape=value.shape,
            group=group,
            step=last.step,
            frozen_since=last.state.engine.frozen.get(name),
            value=describe_array(value),
            grad=None if gradient is None else describe_array(gradient),
        )

    def _read(self) -> list[_Kept]:
        if self._kept is None:
            self._kept = []
            for path in sorted((self._folder / CHECKPOINTS).glob("*.npz")):
                try:
                    state = read_checkpoint(path).session
                except CheckpointError:
                    continue
                made = ((kept.step, to_text(kept.command)) for kept in state.branch.decisions)
                self._kept.append(_Kept(state.engine.step, tuple(made), state))
        return self._kept


def _leads_to(
    decisions: tuple[tuple[int, str], ...], step: int, commands: list[tuple[int, str]]
) -> bool:
    """Whether a state after these decisions lies on the branch with these commands."""
    same = list(decisions) == commands[: len(decisions)]
    return same and all(at >= step for at, _ in commands[len(decisions) :])
