"""The row over a view, while it waits for what has a name of any length."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.content import Content

from console.ui.tables.view import crumbs
from console.ui.widgets.caption import Caption
from tests.ui.screen import text, until


class Waiting(App[None]):
    """A caption of one row."""

    def compose(self) -> ComposeResult:
        """Lays it out."""
        caption = Caption()
        caption.styles.height = 1
        yield caption


def test_where_one_came_from_is_shortened_before_it_gives_way() -> None:
    way = ["organizations 21335041-9ab9-4c45", "workflows 1", "public.runs"]
    assert crumbs(way).plain == " › ".join(way)
    assert crumbs(way, 52).plain == "organizations 2133504… › workflows 1 › public.runs"
    assert crumbs(way, 30).plain == "… › workflows 1 › public.runs"
    assert crumbs(way, 5).plain == "… › public.runs"


async def test_the_way_out_is_seen_however_long_the_name_of_what_runs() -> None:
    app = Waiting()
    async with app.run_test(size=(40, 5)) as pilot:
        app.query_one(Caption).busy("reading " + "\U0001f600" * 60)
        await until(pilot, "esc cancels")
        first = text(app).splitlines()[0]
        assert first.strip().startswith("◌ reading \U0001f600")
        assert "… " in first


async def test_fewer_words_stand_beside_what_runs() -> None:
    app = Waiting()
    async with app.run_test(size=(60, 5)) as pilot:
        caption = app.query_one(Caption)
        caption.left = Content("public.big  about 300,000 rows are sorted first")
        caption.shorter = Content("public.big  ~300.0 k rows"), Content("~300.0 k rows")
        await until(pilot, "sorted first")
        caption.busy("sorting")
        await until(pilot, "esc cancels")
        assert text(app).splitlines()[0].startswith(" public.big  ~300.0 k rows  ")
