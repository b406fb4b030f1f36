"""The second wall: whatever a widget draws, nothing in it acts on the terminal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.control import Control
from rich.segment import Segment
from rich.style import Style
from textual.app import App, ComposeResult
from textual.color import Color
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

from console.connection.profile import Profile
from console.ui.app import RowsightApp
from console.ui.sanitise import Sanitise, harmless
from console.visible import is_unsafe
from tests import hostile

BLACK = Color(0, 0, 0)
ATTACK = "a\x1b[31m\x9b2J\x1b]52;c;ZXZpbA==\x07\u202e\u200b\tb"


@given(st.text())
def test_nothing_unsafe_is_left_and_the_width_stays(text: str) -> None:
    clean = harmless(text)
    assert not any(is_unsafe(character) for character in clean)
    assert cell_len(clean) == cell_len(text)


@given(st.text(st.characters(exclude_categories=["C", "Z"])))
def test_harmless_text_is_left_alone(text: str) -> None:
    segments = [Segment(text, Style(bold=True)), Segment(" ")]
    assert Sanitise().apply(segments, BLACK) == segments


def test_controls_of_data_are_dropped() -> None:
    control = Control.title("x").segment
    assert control.control
    assert Sanitise().apply([Segment("a"), control], BLACK) == [Segment("a")]


class Careless(Widget):
    """Draws data as it comes, as no widget of ours may."""

    def render_line(self, y: int) -> Strip:
        return Strip([Segment(ATTACK), Segment.line()])


async def test_a_careless_widget_is_caught(unreachable: Profile) -> None:
    app = RowsightApp(unreachable)
    async with app.run_test(size=(80, 24)) as pilot:
        await app.screen.mount(Careless(), Static(ATTACK, markup=False))
        app.notify(hostile.VALUES[0], markup=False)
        await pilot.pause()
        drawn = [segment for strip in app.screen._compositor.render_strips() for segment in strip]
        assert any("a[31m" in segment.text for segment in drawn)
        assert not [s.text for s in drawn if any(map(is_unsafe, s.text)) or s.control]


async def test_textual_still_asks_the_app_for_its_filters() -> None:
    # The wall hangs on one method of Textual's; this is what it must go on doing.
    asked = []

    class Asked(App[None]):
        def compose(self) -> ComposeResult:
            yield Static("x")

        def get_line_filters(self) -> list[Sanitise]:
            asked.append(self)
            return [Sanitise()]

    async with Asked().run_test() as pilot:
        await pilot.pause()
    assert asked
