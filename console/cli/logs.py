"""`rowsight logs`: the audit and transparency logs, stored and live, for people and pipes."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from console.cli import diagnostics, output
from console.cli.connecting import session
from console.cli.running import finish
from console.errors import ConsoleError, NotFound, UsageError

if TYPE_CHECKING:
    from console.connection.session import Session
    from console.logs.filter import LogFilter
    from console.logs.poll import Mark
    from console.logs.source import LogEntry, Source
    from console.logs.tail import TailEvent
    from console.logs.typed import Typed

_LIMIT = 200
_PAGE = 5_000
_LOOK = 0.5
"""Seconds between two looks whether somebody still reads."""


def run(options: argparse.Namespace) -> int:
    """Prints the entries that are wanted; with `--follow` without end.

    Raises:
        UsageError: An option does not parse.
        NotFound: There is no log to read, or nobody with the e-mail.
        ConsoleError: The first connection failed, or a later one for good.
        BrokenPipeError: Nobody reads any more.
    """
    if options.json and options.format == "text":
        raise UsageError("--json and --format text do not fit", hint="give one")
    from console.logs.typed import Typed

    typed = Typed(
        *(options.source, options.user, options.action, options.resource),
        *(options.since, options.until, options.text),
    )
    typed.sources  # noqa: B018 - a wrong name is told before anybody is asked for a password
    finish(_follow(options, typed) if options.follow else _stored(options, typed))
    return 0


async def _prepare(
    opened: Session, typed: Typed
) -> tuple[tuple[Source, ...], LogFilter, tuple[str, ...]]:
    from console.logs.source import SOURCES, describe_visibility, find_sources
    from console.logs.standing import describe_problems
    from console.logs.typed import read_filter

    names = typed.sources or SOURCES
    async with opened.transaction(search_path="") as tx:
        sources = await find_sources(tx, names)
        where = await read_filter(tx, typed)
    problems = describe_problems(sources)
    if all(source.problem for source in sources):
        raise NotFound(
            "there is no log to read", hint="; ".join(problems) or "migrate the database first"
        )
    assert opened.server is not None
    for words in [describe_visibility(sources, opened.server.user), *problems]:
        diagnostics.say(words)
    return sources, where, names


async def _stored(options: argparse.Namespace, typed: Typed) -> None:
    from console.logs.history import read_after, read_before
    from console.logs.poll import Mark
    from console.logs.written import entry_json

    documents: list[object] = []
    as_document = options.json and options.format is None
    async with session(options, "logs") as opened:
        sources, where, _ = await _prepare(opened, typed)
        writer = _Writer(options, opened)
        limit = options.limit if options.limit is not None or options.since else _LIMIT
        point = None
        while True:
            # A transaction a page: a slow reader must not keep a snapshot open.
            async with opened.transaction(search_path="") as tx:
                if limit is None:
                    page = await read_after(tx, sources, point, limit=_PAGE, where=where)
                else:
                    page = await read_before(tx, sources, limit=limit, where=where)
            if as_document:
                documents += (entry_json(entry, Mark.STORED) for entry in page.entries)
            else:
                await writer.write([(entry, Mark.STORED) for entry in page.entries])
            if limit is not None or not page.more:
                break
            point = page.entries[-1].key
    if as_document:
        output.document(documents)
    if limit is not None and page.more:
        diagnostics.say(f"the newest {len(page.entries):,}; older ones with --limit or --since")


async def _follow(options: argparse.Namespace, typed: Typed) -> None:
    """Follows until the reader goes away or a signal comes."""
    following = asyncio.ensure_future(_followed(options, typed))
    try:
        while not following.done():
            await asyncio.wait({following}, timeout=_LOOK)
            if not output.has_reader():
                output.discard()
                raise BrokenPipeError
        following.result()
    finally:
        following.cancel()
        await asyncio.wait({following})


async def _followed(options: argparse.Namespace, typed: Typed) -> None:
    from console.logs.tail import Tail

    first = options.limit if options.limit is not None or options.since else _LIMIT
    async with session(options, "logs") as opened:
        _, where, names = await _prepare(opened, typed)
        writer = _Writer(options, opened)
        async with contextlib.aclosing(
            Tail(opened, names).follow(first=first, where=where)  # type: ignore[type-var]
        ) as events:
            async for event in events:
                await writer.take(event)


class _Writer:
    """Writes what comes; what concerns the connection goes to stderr."""

    def __init__(self, options: argparse.Namespace, opened: Session) -> None:
        self._as_json = options.json or options.format == "jsonl"
        self._session = opened
        self._emails: dict[str, str] = {}
        self._lost = False
        self._said = ""
        self._standing: dict[str, str] = {}

    async def take(self, event: TailEvent) -> None:
        """Writes what an event of the tail brings."""
        from console.logs import tail
        from console.logs.standing import describe_completeness, describe_gap
        from console.logs.written import gap_json

        match event:
            case tail.Stored(entries):
                await self.write([(entry, tail.Mark.STORED) for entry in entries])
            case tail.Polled(source, sightings, completeness):
                await self.write([(seen.entry, seen.mark) for seen in sightings])
                if completeness.window is not None:
                    words = describe_completeness([completeness], event.now)
                    if self._standing.get(source.name) != words:
                        self._standing[source.name] = words
                        diagnostics.say(f"{source.name}: {words}")
            case tail.Gap():
                if self._as_json and not event.proven:
                    await _print([_line(gap_json(event))])
                diagnostics.say(describe_gap(event))
            case tail.Unavailable(source, error):
                diagnostics.say(f"{source.name}: {error.message}")
            case tail.Reconnecting(_, delay, error):
                self._lost = True
                if self._said != error.message:
                    self._said = error.message
                    diagnostics.say(f"{error.message}; trying again in {delay:.1f} s")
            case tail.Connected() if self._lost:
                self._lost, self._said = False, ""
                diagnostics.say("connected again")

    async def write(self, entries: Sequence[tuple[LogEntry, Mark]]) -> None:
        """Writes entries, each a line, each at once."""
        if not entries:
            return
        if self._as_json:
            from console.logs.written import entry_json

            await _print([_line(entry_json(entry, mark)) for entry, mark in entries])
        else:
            from console.cli.logs_text import entry_line

            await self._find_emails({entry.user for entry, _ in entries if entry.user})
            await _print([entry_line(entry, mark, self._emails) for entry, mark in entries])

    async def _find_emails(self, users: set[str]) -> None:
        from console.logs.people import read_emails

        unknown = users - self._emails.keys()
        if not unknown:
            return
        self._emails |= {user: user for user in unknown}
        # Names are a comfort: without them the id is shown, and the tail goes on.
        with contextlib.suppress(ConsoleError):
            async with self._session.transaction(search_path="", statement_timeout=2) as tx:
                self._emails |= await read_emails(tx, unknown)


def _line(value: object) -> str:
    from console.visible import json_text

    return json_text(value)


async def _print(lines: list[str]) -> None:
    """Writes in a thread: a reader that stops reading stops neither signals nor the tail."""
    write: Callable[[list[str]], None] = output.stream
    writing = asyncio.ensure_future(asyncio.to_thread(write, lines))
    try:
        await asyncio.shield(writing)
    except asyncio.CancelledError:
        # What was begun is ended, as far as somebody reads: no half lines.
        await asyncio.wait({writing}, timeout=_LOOK)
        raise
