"""An app whose screenshots go where its charts go: into the folder that it was started in."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from .guarded import GuardedApp

Result = TypeVar("Result")


class PicturedApp(GuardedApp[Result]):
    """Saves pictures of its screen at once; in a browser they are downloaded."""

    def deliver_screenshot(
        self,
        filename: str | None = None,
        path: str | None = None,
        time_format: str | None = None,
    ) -> str | None:
        """Save the screen as SVG; Textual's own place, Downloads, is not there on every machine."""
        return super().deliver_screenshot(filename, path or str(Path.cwd()), time_format)
