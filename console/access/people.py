"""Finds people to stand for, in public.users and auth.users, whatever these have of columns."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from psycopg import sql

from console.access.expression import sendable
from console.access.labels import tried
from console.access.persona import (
    Named,
    Persona,
    is_uuid,
    of_role,
    of_user,
    parse_named,
    with_aal,
    with_claims,
)
from console.connection.session import Session, TextTable, Transaction, query_text
from console.errors import NotFound, Refused, UsageError
from console.visible import is_unsafe

_PATIENCE = 5.0
"""Seconds a search may take."""

# Never a password, a hash or a token: these and no other columns are read.
_PUBLIC = ("id", "email", "name", "createdAt")
_AUTH = (
    "id",
    "email",
    "phone",
    "role",
    "is_anonymous",
    "banned_until",
    "deleted_at",
    "created_at",
    "last_sign_in_at",
    "raw_app_meta_data",
    "raw_user_meta_data",
)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can be stood for.

    Attributes:
        id: What `auth.uid()` would return.
        sources: Which of `public.users` and `auth.users` have the person.
        marks: What to mind, in words: banned, deleted, a name that looks like another's.
        role: The database role of the person's tokens.
        app_metadata: What the sign-in service says of the person.
        user_metadata: What the person says.
    """

    id: str
    email: str = ""
    name: str = ""
    phone: str = ""
    created: str = ""
    last_sign_in: str = ""
    sources: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    role: str = "authenticated"
    anonymous: bool = False
    app_metadata: Mapping[str, Any] = field(default_factory=dict)
    user_metadata: Mapping[str, Any] = field(default_factory=dict)


async def find_people(login: Session, text: str, *, limit: int = 20) -> list[Person]:
    """Finds people by the beginning of an e-mail, of a word of the name, or of the id.

    Args:
        login: Reads as the person at the console.
        text: What to look for; capitals don't matter.
        limit: How many at most.

    Returns:
        Exact matches first, then by e-mail.

    Raises:
        UsageError: There is nothing to look for.
        Refused: Nobody was found, and a table is passed over: to read it may call anything.
        ConsoleError: The connection is gone or the server refused.
    """
    wanted = sendable(text.strip(), "the search")
    if not wanted:
        raise UsageError("there is nothing to look for", hint="give an e-mail, a name or an id")
    async with login.transaction(statement_timeout=_PATIENCE, search_path="") as transaction:
        people, passed_over = await _search(transaction, wanted, limit)
    if passed_over and not people:
        raise Refused(f"people are not looked for in {passed_over}", hint="name a user by id")
    return [_marked(person, people) for person in people[:limit]]


async def resolve(
    login: Session,
    text: str,
    *,
    claims: str | None = None,
    aal: int | None = None,
    known: bool = False,
) -> Persona:
    """Makes the persona that a name stands for, with the claims the sign-in service would issue.

    Args:
        login: Reads as the person at the console.
        text: An e-mail, a user's id, `anon`, `service_role` or `role:NAME`.
        claims: A JSON object to merge over the claims.
        aal: The assurance level, 1 or 2.
        known: Whether the person has to be in a table of users; else any user's id will do.

    Raises:
        UsageError: The name does not parse or fits several people; or the claims don't parse.
        NotFound: There is nobody of that name.
        ConsoleError: The connection is gone or the server refused.
    """
    named = parse_named(text)
    now = int(await login.value("select pg_catalog.extract('epoch', pg_catalog.now())::bigint"))
    if named.kind == "role":
        persona = of_role(named.value, now=now)
    else:
        persona = as_persona(await _person(login, named, known), now=now, issuer=_issuer(login))
    if aal is not None:
        persona = with_aal(persona, aal)
    return persona if claims is None else with_claims(persona, claims)


def as_persona(person: Person, *, now: int, issuer: str = "http://localhost/auth/v1") -> Persona:
    """Makes the persona of somebody who was found.

    Args:
        person: Who.
        now: Seconds since 1970, by the server's clock.
        issuer: The claim `iss`.
    """
    return of_user(
        person.id,
        email=person.email or None,
        phone=person.phone or None,
        role=person.role,
        app_metadata=person.app_metadata or None,
        user_metadata=person.user_metadata or None,
        anonymous=person.anonymous,
        now=now,
        issuer=issuer,
    )


def _issuer(login: Session) -> str:
    host = login.server.host if login.server else ""
    project = re.fullmatch(r"db\.([a-z0-9]+)\.supabase\.(co|com|net)", host)
    return f"https://{project[1]}.supabase.co/auth/v1" if project else "http://localhost/auth/v1"


async def _person(login: Session, named: Named, known: bool) -> Person:
    value = named.value
    # The token of somebody deleted is still good.
    anybody = named.kind == "id" and not known and is_uuid(value)
    try:
        found = await find_people(login, value, limit=50)
    except Refused:
        if not anybody:
            raise
        found = []
    if named.kind == "id":
        exact = [person for person in found if person.id == value.lower() or person.id == value]
        if not exact and anybody:
            return Person(id=value.lower(), marks=("in no table of users",))
    else:
        exact = [person for person in found if person.email == value]
        if not exact:
            exact = [p for p in found if p.email.casefold() == value.casefold()]
    if len(exact) == 1:
        return exact[0]
    if exact:
        ids = ", ".join(f"{person.email} {person.id}" for person in exact[:4])
        raise UsageError(f"{value} fits several people", hint=f"name one by id: {ids}")
    near = ", ".join(person.email or person.id for person in found[:3])
    hint = f"did you mean {near}?" if near else "rowsight access who finds people"
    raise NotFound(f"there is nobody called {value}", hint=hint)


async def _search(transaction: Transaction, text: str, limit: int) -> tuple[list[Person], str]:
    """Finds people; also says which table is passed over, and why."""
    columns: dict[str, set[str]] = {"public": set(), "auth": set()}
    passed_over = {}
    query = query_text("console.access", "acting") + query_text("console.access", "people_columns")
    for schema, name, obstacle in (await transaction.texts(query)).rows:
        if obstacle is None:
            columns[schema or ""].add(name or "")
        elif name == "id":
            passed_over[f"{schema}.users"] = obstacle
    merged: dict[str, Person] = {}
    for schema, wanted in (("public", _PUBLIC), ("auth", _AUTH)):
        readable = [name for name in wanted if name in columns[schema]]
        if "id" not in readable:
            continue
        found = await _matches(transaction, schema, readable, text, limit)
        for row in found:
            known = merged.get(row["id"] or "")
            merged[row["id"] or ""] = _merged(known, schema, row)
    await _complete(transaction, merged, columns)
    exact = text.casefold()
    people = sorted(
        merged.values(),
        key=lambda p: (p.email != text, p.email.casefold() != exact, p.email.casefold(), p.id),
    )
    return people, "; nor in ".join(f"{name}: {why}" for name, why in passed_over.items())


async def _complete(
    transaction: Transaction, merged: dict[str, Person], columns: Mapping[str, set[str]]
) -> None:
    """Adds what the other table knows of those that only one was found in by the text."""
    for schema, wanted in (("public", _PUBLIC), ("auth", _AUTH)):
        source = f"{schema}.users"
        readable = [name for name in wanted if name in columns[schema]]
        ids = [person.id for person in merged.values() if source not in person.sources]
        if "id" not in readable or not ids:
            continue
        among = sql.SQL(", ").join(map(sql.Literal, ids))
        condition = sql.SQL("pg_catalog.format('%s', id) in ({})").format(among)
        if all(map(is_uuid, ids)):
            condition = sql.SQL("id in ({})").format(among)  # by the index
        for row in await _read(transaction, schema, readable, condition, len(ids)):
            merged[row["id"] or ""] = _merged(merged[row["id"] or ""], schema, row)


async def _matches(
    transaction: Transaction, schema: str, columns: list[str], text: str, limit: int
) -> list[dict[str, str | None]]:
    escaped = re.sub(r"([\\%_])", r"\\\1", text)
    begins, word = sql.Literal(f"{escaped}%"), sql.Literal(f"% {escaped}%")
    # By the output of their types: a cast to text may be anybody's function.
    terms: list[sql.Composable] = [sql.SQL("pg_catalog.format('%s', id) ilike {}").format(begins)]
    if is_uuid(text):
        terms = [sql.SQL("id = {}").format(sql.Literal(text))]
    if "email" in columns:
        terms.append(sql.SQL("pg_catalog.format('%s', email) ilike {}").format(begins))
    names: list[sql.Composable] = [sql.Identifier("name")] if "name" in columns else []
    if "raw_user_meta_data" in columns:
        names = [sql.SQL(f"raw_user_meta_data ->> '{key}'") for key in ("name", "full_name")]
    for name in names:
        called = sql.SQL("pg_catalog.format('%s', {})").format(name)
        terms.append(sql.SQL("{0} ilike {1} or {0} ilike {2}").format(called, begins, word))
    rows = await _read(transaction, schema, columns, sql.SQL(" or ").join(terms), limit)
    if "email" in columns and not any(row["email"] == text for row in rows):
        exact = sql.SQL("email = {}").format(sql.Literal(text))
        rows += await _read(transaction, schema, columns, exact, 5)
    return rows


async def _read(
    transaction: Transaction,
    schema: str,
    columns: list[str],
    condition: sql.Composable,
    limit: int,
) -> list[dict[str, str | None]]:
    selected: list[sql.Composable] = list(map(sql.Identifier, columns))
    if "banned_until" in columns:
        selected[columns.index("banned_until")] = sql.SQL("banned_until > pg_catalog.now()")
    order = sql.Identifier("email" if "email" in columns else "id")
    query = sql.SQL("select {} from {} where {} order by {} limit {}").format(
        sql.SQL(", ").join(selected),
        sql.Identifier(schema, "users"),
        condition,
        order,
        sql.Literal(limit),
    )
    found = await tried(transaction, query)
    if not isinstance(found, TextTable):
        if found.sqlstate == "57014":
            raise found
        return []
    return [dict(zip(columns, row, strict=True)) for row in found.rows]


def _merged(known: Person | None, schema: str, row: Mapping[str, str | None]) -> Person:
    person = known or Person(id=row["id"] or "")
    sources = (*person.sources, f"{schema}.users")
    if schema == "public":
        return replace(
            person,
            sources=sources,
            email=person.email or row.get("email") or "",
            name=row.get("name") or person.name,
            created=row.get("createdAt") or person.created,
        )
    user = _object(row.get("raw_user_meta_data"))
    called = user.get("name") or user.get("full_name") or ""
    marks = [
        mark
        for mark, column in (
            ("banned", "banned_until"),
            ("deleted", "deleted_at"),
            ("anonymous", "is_anonymous"),
        )
        if row.get(column) not in (None, "f")
    ]
    return replace(
        person,
        sources=sources,
        email=row.get("email") or person.email,
        name=person.name or str(called),
        phone=row.get("phone") or "",
        created=row.get("created_at") or person.created,
        last_sign_in=row.get("last_sign_in_at") or "",
        marks=(*person.marks, *marks),
        role=row.get("role") or "authenticated",
        anonymous=row.get("is_anonymous") == "t",
        app_metadata=_object(row.get("raw_app_meta_data")),
        user_metadata=user,
    )


def _object(text: str | None) -> dict[str, Any]:
    try:
        value = json.loads(text or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _marked(person: Person, people: Iterable[Person]) -> Person:
    marks = list(person.marks)
    scripts = _scripts(person.email)
    if len(scripts) > 1:
        marks.append(f"the address mixes {' and '.join(sorted(scripts))} letters")
    if any(map(is_unsafe, person.email + person.name)):
        marks.append("hidden characters in address or name")
    for other in people:
        same = other.email and other.email.casefold() == person.email.casefold()
        if same and other.id != person.id:
            marks.append(f"{other.email} is another account")
    return replace(person, marks=tuple(marks))


def _scripts(text: str) -> set[str]:
    """Names the alphabets of a text's letters."""
    return {unicodedata.name(letter, "?").split()[0].title() for letter in text if letter.isalpha()}
