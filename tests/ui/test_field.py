"""Fields and editors: what is typed in a burst arrives in its order."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult
from textual.events import Key

from console.ui import themes
from console.ui.tables.editor import Editor as Statement
from console.ui.widgets.editor import Editor
from console.ui.widgets.field import Field


class Typing(App[None]):
    """A field and two editors, and nothing else."""

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return themes.shipped()[0].variables

    def compose(self) -> ComposeResult:
        yield Field(id="field")
        yield Editor(id="editor")
        yield Statement("")


@pytest.mark.parametrize("kind", [Field, Editor, Statement])
async def test_a_burst_of_letters_and_backspaces_keeps_its_order(
    kind: type[Field | Editor | Statement],
) -> None:
    app = Typing()
    async with app.run_test() as pilot:
        widget = app.query_one(kind)
        app.set_focus(widget)
        await pilot.pause()
        for key in ["x", *["backspace"] * 3, "a", "b", "c", "backspace", "d", "left", "e"]:
            app.post_message(Key(key, key if len(key) == 1 else None))
        await pilot.pause()
        await pilot.pause()
        assert (widget.value if isinstance(widget, Field) else widget.text) == "abed"
