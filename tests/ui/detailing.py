"""A database with rows worth looking into, and the way into them."""

from __future__ import annotations

from textual.pilot import Pilot

from console.browse.source import open_source
from console.browse.window import Window
from console.catalog.relations import find_relation
from console.ui.connections import BROWSE
from console.ui.tables.pane import TablesPane
from console.ui.tables.record import Record
from tests.ui.screen import until

LIBRARY = """
create schema lib;
create table lib.authors (
  id int primary key, name text not null, email text, born date,
  about text, notes jsonb, face bytea, tags text[], shelf text[][]);
comment on column lib.authors.about is 'As the publisher tells it';
create table lib.books (
  id int primary key, author int not null references lib.authors on delete cascade,
  title text default 'untitled', price numeric(8,2));
create index on lib.books (author);
create table lib.loans (
  book int references lib.books, reader text, since date default '2026-01-01',
  primary key (book, reader));
insert into lib.authors values
  (1, 'Ada', 'ada@example.test', '1815-12-10',
   repeat('It is desirable to guard against the possibility of exaggerated ideas. ', 40),
   '{"id": 1, "tags": ["a", "b"], "address": {"city": "London", "geo": [51.50, -0.1200]},
     "note": null, "active": true, "big": 12345678901234567890.10}',
   decode('48656c6c6f2c20776f726c6421000102ff', 'hex'), '{one,"two, three",NULL}',
   '[0:1][5:6]={{a,b},{c,d}}'),
  (2, 'Bert', null, 'infinity', '', '[]', '', '{}', null),
  (3, 'Carol', 'carol@example.test', '0044-03-15 BC', E'line one\\nline two', 'null',
   null, null, null);
insert into lib.books select n, 1 + n % 2, 'Book ' || n, n * 1.5 from generate_series(1, 12) n;
insert into lib.loans select n, 'reader ' || n from generate_series(1, 12) n;
analyze;
"""


async def look_into(pilot: Pilot[None], table: str, index: int = 0) -> Record:
    """Opens a row in full and waits until it is read."""
    pane = pilot.app.screen.query_one(TablesPane)

    async def eyes() -> object:
        return await pane.connections.open(BROWSE)

    session = await pane.connections.open(BROWSE)
    window = Window(await open_source(session, await find_relation(session, table)))
    await window.open()
    record = Record(pane.connections, window, index, eyes, own=True)  # type: ignore[arg-type]
    await pane.contents.show_view(record)
    await until(pilot, lambda: record.read is not None and not record.is_busy)
    return record
