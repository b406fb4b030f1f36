"""Floor B: Textual and psycopg, connected, forty rows on the screen, nothing else."""

import sys

import psycopg
from textual.app import App, ComposeResult
from textual.widgets import Static


class ConnectedApp(App[None]):
    """Forty rows of one table as text."""

    def compose(self) -> ComposeResult:
        yield Static("", markup=False)

    async def on_mount(self) -> None:
        connection = await psycopg.AsyncConnection.connect(sys.argv[1])
        cursor = await connection.execute(f"select * from {sys.argv[2]} limit 40")
        rows = await cursor.fetchall()
        await connection.close()
        lines = ["floor ready", *(" ".join(map(str, row))[:200] for row in rows)]
        self.query_one(Static).update("\n".join(lines))


if __name__ == "__main__":
    ConnectedApp().run()
