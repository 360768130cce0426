"""The network view: the tree, where its gradient flows, and keys that steer what is selected."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import ClassVar

from textual import on
from textual.app import ComposeResult

from tuitrain.app.keys.keymap import key_label
from tuitrain.app.keys.other_screens import NETWORK_KEYS
from tuitrain.app.renderables.footer import Hint
from tuitrain.app.renderables.tables.groups import TableRow
from tuitrain.app.widgets.tables.network import NetworkDetail, NetworkTree
from tuitrain.engines.inspection import InspectNetwork, NetworkRow
from tuitrain.run.snapshot import Snapshot

from .inspector_screen import InspectorScreen


class NetworkScreen(InspectorScreen):
    """Modules and parameters, from the data to the loss."""

    AUTO_FOCUS = "#network-tree"
    shows: ClassVar[str] = "network"
    keys_here = NETWORK_KEYS

    def body(self) -> ComposeResult:
        """Compose the tree over the details."""
        tree = NetworkTree()
        yield tree
        yield NetworkDetail(tree)

    def asked(self) -> InspectNetwork:
        """Ask for the network."""
        return InspectNetwork()

    def hints(self) -> list[Hint]:
        """Name the keys of this view."""
        acts = self._acts() and self.host.can_steer
        freeze, lr, swap = (key_label(self.app, name) for name in ("freeze", "lr", "optimizer"))
        return [
            Hint(freeze, "freeze/thaw", "freeze", "steer('toggle_freeze')", acts),
            Hint(lr, "lr", "lr", "steer('set_lr')", acts),
            Hint(swap, "optimizer", "optim", "steer('swap_optimizer')", acts),
            Hint("enter", "fold", "fold", drop_order=2),
        ]

    @property
    def rows(self) -> NetworkTree:
        """The tree."""
        return self.query_one(NetworkTree)

    @property
    def chosen(self) -> Sequence[TableRow]:
        """What is selected, as rows of the groups table, one for each group that it is in."""
        snapshot, row = self.host.snapshot, self.rows.selected
        return () if snapshot is None or row is None else _by_group(row, snapshot)

    def action_steer(self, act: str) -> None:
        """Act on what is selected: a freeze names it, all else concerns its groups."""
        selecting = act in ("toggle_freeze", "set_lr", "swap_optimizer")
        if selecting and not self._acts():
            self.host.status.show_text("this has no parameters: nothing to steer", "warning")
        elif act == "toggle_freeze" and self.host.snapshot is not None:
            row = self.rows.selected
            assert row is not None
            self.host.run_on(whole(row, self.host.snapshot), act)
        else:
            super().action_steer(act)
        if self.host.snapshot is not None:
            self._answer(self.host.snapshot)

    @on(NetworkTree.Selected)
    def _tell(self) -> None:
        """Say what is known of the row."""
        self.query_one(NetworkDetail).redraw()

    def _acts(self) -> bool:
        row = self.rows.selected
        return row is not None and bool(row.parameters)


def _by_group(row: NetworkRow, snapshot: Snapshot) -> Sequence[TableRow]:
    """Return a row for the first parameter of each group that it is in, the largest first."""
    sizes = {each.name: each for group in snapshot.groups for each in group.parameters}
    mine = sorted((n for n in row.parameters if n in sizes), key=lambda name: -sizes[name].size)
    found: dict[str, TableRow] = {}
    for name in mine:
        (group,) = (g for g in snapshot.groups if name in [each.name for each in g.parameters])
        found.setdefault(group.name, TableRow(name, group.name, False))
    return list(found.values())


def whole(row: NetworkRow, snapshot: Snapshot) -> Sequence[TableRow]:
    """Return what a freeze of a row names: its parameter, its group, or a glob that is just it.

    Where neither a group nor a glob is just it, there is a row for each parameter.
    """
    mine = set(row.parameters)
    for group in snapshot.groups:
        if mine == {each.name for each in group.parameters}:
            return [TableRow(group.name, group.name, True)]
    every = [each for group in snapshot.groups for each in group.parameters]
    first = _by_group(row, snapshot)[0].group
    if len(mine) > 1:
        glob = f"{row.path}.*" if row.path else "*"
        matched = {e.name for e in every if any(fnmatchcase(n, glob) for n in (e.name, *e.aliases))}
        groups = [group.name for group in snapshot.groups if fnmatchcase(group.name, glob)]
        if matched == mine and (not groups or glob == "*"):
            return [TableRow(glob, first, False)]
    return [
        TableRow(each.name, group.name, False)
        for group in snapshot.groups
        for each in group.parameters
        if each.name in mine
    ]
