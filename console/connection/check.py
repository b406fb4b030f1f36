"""Tries a connection step by step, so that what fails is seen where it fails."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
import re
import socket
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from console.connection import supabase
from console.connection.conninfo import port_numbers
from console.connection.faults import connect_failed, place
from console.connection.opening import AskPassword
from console.connection.profile import Profile
from console.connection.session import ServerInfo, Session
from console.connection.transaction import query_text
from console.errors import ConsoleError, UsageError

STEPS = ("name", "network", "TLS", "login", "server", "pooler", "role")
"""The steps of `check`, in order."""

_SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
# A process number alone could be that of another server behind the same address.
_BACKEND = (
    "select pg_catalog.pg_backend_pid(), (select a.backend_start::pg_catalog.text"
    " from pg_catalog.pg_stat_activity a"
    " where a.pid operator(pg_catalog.=) pg_catalog.pg_backend_pid())"
)
_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_STRICT = ("require", "verify-ca", "verify-full")


class Outcome(StrEnum):
    """How a step came out."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Step:
    """One step and what was found.

    Attributes:
        name: One of STEPS, or what a feature adds.
        outcome: How it came out.
        value: What was found, in few words.
        hint: What to do about it, or what else to know; may be empty.
        seconds: How long it took.
        error: The failure, for whoever wants to see the server's own words.
    """

    name: str
    outcome: Outcome
    value: str
    hint: str = ""
    seconds: float = 0.0
    error: ConsoleError | None = None


@dataclass
class Found:
    """What a check leaves when it is through: the open session, for whoever goes on.

    Attributes:
        session: None where nobody got in. Closed by whoever asked for the check.
    """

    session: Session | None = None


Beyond = Callable[[Session], Awaitable[Step]]
"""A step that a feature adds; it is given the open session."""


async def check(
    profile: Profile,
    found: Found,
    *,
    ask_password: AskPassword | None = None,
    beyond: tuple[Beyond, ...] = (),
) -> AsyncGenerator[Step, None]:
    """Tries a profile from the name of the host to the rights of the role.

    Ends with the first step that fails. The login is the console's own way of connecting, so
    that what works here works there.

    Args:
        profile: What to try.
        found: Receives the open session.
        ask_password: As for a Session.
        beyond: Steps behind the last one, told as failed when they raise a ConsoleError.
    """
    where = await asyncio.to_thread(effective, profile)
    for probe in (_name, _network, _tls):
        step = await _timed(probe(profile, where))
        if probe is not _tls or step.outcome is Outcome.FAIL:
            yield step
        if step.outcome is Outcome.FAIL:
            return
    # That TLS is offered does not say that it comes about: the login tells.
    tls = step
    session = Session(profile, purpose="check", ask_password=ask_password)
    started = time.perf_counter()
    try:
        server = await session.connect()
    except ConsoleError as error:
        name = "TLS" if error.code == "tls_failed" else "login"
        if name == "login":
            yield tls
        yield _failed(name, error, time.perf_counter() - started)
        return
    yield tls
    found.session = session
    source = (
        f", with the password from {session.password_source}" if session.password_source else ""
    )
    yield Step(
        "login", Outcome.OK, f"as {server.user}{source}", seconds=time.perf_counter() - started
    )
    yield _server(server)
    yield await _timed(_pooler(session, where))
    for step_of in (_role, *beyond):
        try:
            yield await _timed(step_of(session))
        except ConsoleError as error:
            yield _failed(step_of.__name__.strip("_"), error, 0.0)


def effective(profile: Profile) -> dict[str, str]:
    """Returns a profile's parameters with what libpq adds: service file, environment, defaults."""
    from psycopg.pq import Conninfo

    from console.connection.services import service_of

    defaults = {
        option.keyword.decode(): option.val.decode("utf-8", "replace")
        for option in Conninfo.get_defaults()
        if option.val and option.keyword != b"password"
    }
    entry = service_of(profile.parameters)
    return {**defaults, **(entry.parameters if entry else {}), **profile.parameters}


async def _timed(work: Awaitable[Step]) -> Step:
    started = time.perf_counter()
    step = await work
    return replace(step, seconds=time.perf_counter() - started)


def _failed(name: str, error: ConsoleError, seconds: float) -> Step:
    return Step(name, Outcome.FAIL, error.message, error.hint, seconds, error)


def _in_words(error: Exception) -> Exception:
    """Returns an error of the network as libpq would word it."""
    if isinstance(error, socket.gaierror | UnicodeError):
        return OSError(f"failed to resolve: {error}")
    if isinstance(error, TimeoutError):
        return TimeoutError("timed out")
    # Where a name has several addresses the numbers stand in the text alone.
    number = re.search(r"\[Errno (\d+)\]", str(error))
    return OSError(os.strerror(int(number[1]))) if number else error


def _hosts(where: Mapping[str, str]) -> list[tuple[str, int]]:
    """Returns the hosts and ports in libpq's order; a socket's folder counts as a host."""
    hosts = (where.get("hostaddr") or where.get("host") or "").split(",")
    ports = port_numbers(where.get("port", ""))
    return [(host, ports[min(number, len(ports) - 1)]) for number, host in enumerate(hosts)]


async def _name(profile: Profile, where: Mapping[str, str]) -> Step:
    loop = asyncio.get_running_loop()
    addresses: list[str] = []
    if undefined := await asyncio.to_thread(_undefined_service, where):
        return _failed("name", connect_failed(OSError(undefined), profile), 0.0)
    try:
        hosts = _hosts(where)
    except UsageError as error:
        return _failed("name", error, 0.0)
    for host, port in hosts:
        if not host or host.startswith(("/", "@")):
            return Step("name", Outcome.SKIPPED, "a socket on this machine needs none")
        try:
            async with asyncio.timeout(profile.connect_timeout):
                answers = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, TimeoutError, UnicodeError) as error:
            return _failed("name", connect_failed(_in_words(error), profile), 0.0)
        addresses += [str(answer[4][0]) for answer in answers]
    addresses = list(dict.fromkeys(addresses))
    only_six = all(":" in address for address in addresses)
    return Step(
        "name",
        Outcome.OK,
        ", ".join(addresses[:3]) + (" …" if len(addresses) > 3 else ""),
        "IPv6 only: not every network has it" if only_six and not _is_address(where) else "",
    )


def _undefined_service(where: Mapping[str, str]) -> str:
    """Returns what libpq says of a service that is named and not defined; '' if it is."""
    from psycopg.conninfo import make_conninfo
    from psycopg.pq import PGconn

    from console.connection.services import service

    name = where.get("service", "")
    if not name or service(name) is not None:
        return ""
    # libpq may know a file of which we don't; it reads it before it goes anywhere.
    begun = PGconn.connect_start(make_conninfo(service=name, host="/nonexistent").encode())
    try:
        said = begun.error_message.decode("utf-8", "replace")
    finally:
        begun.finish()
    return said if "service" in said else ""


def _is_address(where: Mapping[str, str]) -> bool:
    with contextlib.suppress(ValueError):
        ipaddress.ip_address(where.get("host", ""))
        return True
    return False


async def _network(profile: Profile, where: Mapping[str, str]) -> Step:
    failure: ConsoleError | None = None
    for host, port in _hosts(where):
        try:
            async with asyncio.timeout(profile.connect_timeout):
                reached = await _reach(host, port)
            reached.close()
            return Step("network", Outcome.OK, f"{host or 'the usual socket'} port {port} answers")
        except (OSError, TimeoutError) as error:
            failure = connect_failed(_in_words(error), profile)
    assert failure is not None
    return _failed("network", failure, 0.0)


async def _reach(host: str, port: int) -> asyncio.StreamWriter:
    return (await _open(host, port))[1]


async def _open(host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if host and not host.startswith(("/", "@")):
        return await asyncio.open_connection(host, port)
    folders = [host] if host else ["/var/run/postgresql", "/tmp"]  # noqa: S108 - libpq's own
    for folder in folders[:-1]:
        with contextlib.suppress(OSError):
            return await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.{port}")
    return await asyncio.open_unix_connection(f"{folders[-1]}/.s.PGSQL.{port}")


async def _tls(profile: Profile, where: Mapping[str, str]) -> Step:
    mode = where.get("sslmode", "prefer")
    if mode not in _MODES:
        wrong = OSError(f'invalid sslmode value: "{mode}"')
        return _failed("TLS", connect_failed(wrong, profile), 0.0)
    host, port = _hosts(where)[0]
    if not host or host.startswith(("/", "@")):
        return Step("TLS", Outcome.SKIPPED, "a socket does not leave this machine")
    if mode == "disable":
        return Step("TLS", Outcome.WARN, "switched off: sslmode=disable", "passwords are hashed")
    if where.get("sslnegotiation") == "direct":
        return Step("TLS", Outcome.SKIPPED, "spoken at once; the login tells")
    try:
        async with asyncio.timeout(profile.connect_timeout):
            reader, writer = await _open(host, port)
            writer.write(_SSL_REQUEST)
            answer = await reader.read(1)
            writer.close()
    except (OSError, TimeoutError) as error:
        return _failed("TLS", connect_failed(_in_words(error), profile), 0.0)
    if answer == b"S":
        checked = mode in ("verify-ca", "verify-full") or where.get("sslrootcert")
        hint = "" if checked else f"sslmode={mode} does not check who answers; verify-full does"
        return Step("TLS", Outcome.OK, f"offered, {mode}", hint)
    if answer != b"N":
        return _failed("TLS", connect_failed(OSError("invalid response to SSL"), profile), 0.0)
    if mode in _STRICT:
        failure = connect_failed(OSError("server does not support TLS"), profile)
        failure.message = f"{place(profile)} offers no TLS, and sslmode={mode} demands it"
        failure.hint = "switch TLS on there, or choose another sslmode"
        return _failed("TLS", failure, 0.0)
    return Step("TLS", Outcome.WARN, "not offered", "what is sent can be read on the way")


def _server(server: ServerInfo) -> Step:
    part = "standby, refuses writes" if server.standby else "primary"
    return Step("server", Outcome.OK, f"PostgreSQL {server.version_text}, {part}")


async def _pooler(session: Session, where: Mapping[str, str]) -> Step:
    server = session.server
    assert server is not None
    way = supabase.way_of(server.host or where.get("host", ""), str(server.port))
    proof = await _shared_backends(session)
    if proof or way is supabase.Way.TRANSACTION or (proof is None and server.pooled):
        return Step(
            "pooler",
            Outcome.WARN,
            f"transaction pooling, {proof or 'not proven'}",
            "no session settings or LISTEN; a session pooler has them, Supabase's on port 5432",
        )
    named = {supabase.Way.SESSION: "Supabase's session pooler", supabase.Way.DIRECT: "Supabase"}
    if server.pooled and way is None:
        return Step(
            "pooler",
            Outcome.OK,
            "a pooler, with a backend for each connection",
            "treated as transaction pooling all the same, to be safe: POOLED",
        )
    return Step("pooler", Outcome.OK, named.get(way, "direct") if way else "direct")


async def _shared_backends(session: Session) -> str | None:
    """Looks for proof of transaction pooling: which backends do two connections meet?

    Returns:
        The proof in words; empty where each connection kept a backend of its own; None where
        there could be no second connection.
    """
    try:
        async with session.another("check") as other:
            met: dict[Session, set[tuple[int, str]]] = {session: set(), other: set()}
            # Each twice in a row: of backends that take turns one would meet two.
            for asked in (session, session, other, session, other, other):
                ((pid, began),) = await asked.fetch(_BACKEND)
                met[asked].add((pid, began))
    except ConsoleError:
        return None
    if max(map(len, met.values())) > 1:
        return "proven: the backend changed between transactions"
    if met[session] & met[other]:
        return "proven: two connections met the same backend"
    return ""


async def _role(session: Session) -> Step:
    (table,) = await session.batch(query_text("console.connection", "rights"))
    ((superuser, bypass, becomes, creates),) = table.rows
    words = []
    if superuser == "t":
        words.append("superuser")
    elif bypass == "t":
        words.append("sees past row-level security")
    words.append(f"may look as {becomes}" if becomes else "may look as nobody else")
    if creates == "t":
        words.append("may create schemas")
    hint = "a role for reading would do for looking around" if superuser == "t" else ""
    outcome = Outcome.WARN if superuser == "t" else Outcome.OK
    return Step("role", outcome, ", ".join(words), hint)
