"""Floor A: the smallest Textual application, up to its first paint."""

from textual.app import App, ComposeResult
from textual.widgets import Static


class EmptyApp(App[None]):
    """One line of text."""

    def compose(self) -> ComposeResult:
        yield Static("floor ready")


if __name__ == "__main__":
    EmptyApp().run()
