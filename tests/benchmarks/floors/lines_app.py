"""The floor of keys: ten million rows that cost nothing, drawn line by line, nothing else."""

from rich.segment import Segment
from rich.style import Style
from textual.app import App, ComposeResult
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

ROWS = 10_000_000
CURSOR = Style(reverse=True)


class Lines(ScrollView, can_focus=True):
    """Rows that are made up as they are drawn, under a cursor."""

    BINDINGS = [("down", "move(1)"), ("pagedown", "page"), ("up", "move(-1)")]  # noqa: RUF012

    cursor = 0

    def on_mount(self) -> None:
        self.virtual_size = Size(100, ROWS)
        self.focus()

    def action_move(self, step: int) -> None:
        self.cursor = max(0, self.cursor + step)
        if self.cursor >= self.scroll_offset.y + self.size.height:
            self.scroll_to(y=self.cursor - self.size.height + 1, animate=False)
        self.refresh()

    def action_page(self) -> None:
        self.cursor += self.size.height
        self.scroll_to(y=self.scroll_offset.y + self.size.height, animate=False)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        index = y + self.scroll_offset.y
        text = f"{index:>10}  floor ready  {'value ' * 12}"
        style = CURSOR if index == self.cursor else Style.null()
        return Strip([Segment(text, style)]).crop_extend(0, self.size.width, None)


class LinesApp(App[None]):
    """The rows alone."""

    def __init__(self) -> None:
        super().__init__()
        self.animation_level = "none"

    def compose(self) -> ComposeResult:
        yield Lines()


if __name__ == "__main__":
    LinesApp().run()
