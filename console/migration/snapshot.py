"""Reads what a live catalog says about our objects, in one round trip."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from console.connection.session import query_text
from console.migration.expected import Scope
from console.migration.model import CatalogObject, Key

if TYPE_CHECKING:
    from console.connection.session import Transaction

SEARCH_PATH = "pg_catalog, pg_temp"
"""The search path a snapshot needs: with any schema of ours on it the server would leave
names unqualified and a hundred objects would read as changed; pg_temp last, because
otherwise a temporary table could stand in for a catalog."""


_WRITTEN_AS_SQL = frozenset({"constraint", "index", "trigger", "function", "rule"})


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Our part of a live catalog, with the rest counted.

    Attributes:
        objects: Objects that are ours or attached to ours.
        foreign: Number of objects that are not ours, by kind.
        server_version: As the server writes it, such as `18.6`.
        owner: The role that owns most of our objects, quoted; None when there are none.
            Definitions call it `owner`, any other role by name.
        asks_auth: Whether this role may call auth.uid() and auth.role(); None where they
            do not exist.
        available: Extensions we ask for that are installed or that our owner may install,
            with the version the server offers.
    """

    objects: Mapping[Key, CatalogObject]
    foreign: Mapping[str, int]
    server_version: str
    owner: str | None
    asks_auth: bool | None
    available: Mapping[str, str]


async def read_snapshot(tx: Transaction, scope: Scope) -> Snapshot:
    """Reads a snapshot in a transaction whose search path is SEARCH_PATH.

    Raises:
        ConsoleError: The server refused; TimedOut with SQLSTATE 55P03 when a lock on one of
            our tables kept an expression from being read.
    """
    table = await tx.texts(
        query_text("console.migration", "snapshot"),
        {
            "table_schemas": [schema for schema, _ in scope.tables],
            "table_names": [name for _, name in scope.tables],
            "function_schemas": [schema for schema, _ in scope.functions],
            "function_names": [name for _, name in scope.functions],
            "schemas": list(scope.schemas),
            "extensions": list(scope.extensions),
            "roles": list(scope.roles),
        },
    )
    document = _parse(table.rows[0][0] or "{}")
    objects = (CatalogObject(*row) for row in document["objects"])
    return Snapshot(
        objects={item.key: item for item in objects if not _vanished(item)},
        foreign=document["foreign"],
        server_version=document["server_version"],
        owner=document["owner"],
        asks_auth=document["asks_auth"],
        available=document["available"],
    )


def _parse(text: str) -> dict[str, Any]:
    r"""Parses the document; bytes of a database without an encoding stand in it as `\xNN`."""
    if r"\x" in text:
        text = re.sub(r"\\(.)", lambda pair: r"\\x" if pair[1] == "x" else pair[0], text)
    document: dict[str, Any] = json.loads(text)
    return document


def _vanished(item: CatalogObject) -> bool:
    """Tells whether an object was dropped while it was read: its SQL is then no longer there."""
    return item.kind in _WRITTEN_AS_SQL and "definition" not in item.definition
