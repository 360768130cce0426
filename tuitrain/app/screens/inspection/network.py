"""The network screen: the module tree, and where the gradient flows."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import ClassVar

from textual import on
from textual.app import ComposeResult

from tuitrain.engines.inspection import InspectNetwork, NetworkRow
from tuitrain.run.snapshot import Snapshot

from ...keys.keymap import key_label
from ...keys.other_screens import NETWORK_KEYS
from ...renderables.footer import Hint
from ...renderables.tables.groups import TableRow
from ...widgets.tables.network import NetworkDetail, NetworkTree
from .inspector_screen import InspectorScreen


class NetworkScreen(InspectorScreen):
    """Modules and parameters, from the data to the loss."""

    AUTO_FOCUS = "#network-tree"
    opened_by: ClassVar[str] = "network"
    own_keys = NETWORK_KEYS

    def compose_body(self) -> ComposeResult:
        """Compose the tree over the details."""
        tree = NetworkTree()
        yield tree
        yield NetworkDetail(tree)

    def request(self) -> InspectNetwork:
        """Request the network."""
        return InspectNetwork()

    def own_hints(self) -> list[Hint]:
        """Return the footer hints of this screen."""
        acts = self._has_parameters() and self.host.can_steer
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
    def targets(self) -> Sequence[TableRow]:
        """The groups table's rows of the selection, one for each of its groups."""
        snapshot, row = self.host.snapshot, self.rows.selected
        return () if snapshot is None or row is None else _by_group(row, snapshot)

    def action_steer(self, action: str) -> None:
        """Run an action of the deck: a freeze names the selection, the others its groups."""
        selecting = action in ("toggle_freeze", "set_lr", "swap_optimizer")
        if selecting and not self.targets:
            self.host.status.show_text("this has no parameters: nothing to steer", "warning")
        elif action == "toggle_freeze" and self.host.snapshot is not None:
            row = self.rows.selected
            assert row is not None
            self.host.run_on(freeze_rows(row, self.host.snapshot), action)
        else:
            super().action_steer(action)
        if self.host.snapshot is not None:
            self._show_reply(self.host.snapshot)

    @on(NetworkTree.Selected)
    def _show_details(self) -> None:
        """Show the details of the selected row."""
        self.query_one(NetworkDetail).redraw()

    def _has_parameters(self) -> bool:
        row = self.rows.selected
        return row is not None and bool(row.parameters)


def _by_group(row: NetworkRow, snapshot: Snapshot) -> Sequence[TableRow]:
    """Return a row of one parameter for each group of a module, the largest first."""
    sizes = {view.name: view for group in snapshot.groups for view in group.parameters}
    names = sorted((n for n in row.parameters if n in sizes), key=lambda name: -sizes[name].size)
    rows: dict[str, TableRow] = {}
    for name in names:
        (group,) = (g for g in snapshot.groups if name in [view.name for view in g.parameters])
        rows.setdefault(group.name, TableRow(name, group.name, False))
    return list(rows.values())


def freeze_rows(row: NetworkRow, snapshot: Snapshot) -> Sequence[TableRow]:
    """Return the rows that a freeze of a module names: its parameter, its group, or an exact glob.

    If neither a group nor a glob has exactly these parameters, return a row for each of them.
    """
    names = set(row.parameters)
    for group in snapshot.groups:
        if names == {view.name for view in group.parameters}:
            return [TableRow(group.name, group.name, True)]
    every = [view for group in snapshot.groups for view in group.parameters]
    first = _by_group(row, snapshot)[0].group
    if len(names) > 1:
        glob = f"{row.path}.*" if row.path else "*"
        matched = {e.name for e in every if any(fnmatchcase(n, glob) for n in (e.name, *e.aliases))}
        groups = [group.name for group in snapshot.groups if fnmatchcase(group.name, glob)]
        if matched == names and (not groups or glob == "*"):
            return [TableRow(glob, first, False)]
    return [
        TableRow(view.name, group.name, False)
        for group in snapshot.groups
        for view in group.parameters
        if view.name in names
    ]
