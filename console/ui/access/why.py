"""The view `why` of the access pane."""

from __future__ import annotations

from textual.content import Content

from console.ui.access.view import View
from console.ui.places import Place


class WhyView(View):
    """Says what it will hold."""

    def look(self, place: Place | None = None) -> None:
        """Nothing is asked yet."""
        self.say(Content.styled("This view is not built yet.", "$muted"))
