"""`rowsight tables`: what there is, how big it is, whether row-level security guards it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from console.cli import diagnostics, output
from console.cli.connecting import session
from console.cli.running import finish

if TYPE_CHECKING:
    from console.catalog.relations import Relation


def run(options: argparse.Namespace) -> int:
    """Lists the relations of the target."""
    relations = finish(_list(options))
    if options.json:
        output.document([_plain(relation) for relation in relations])
    elif relations:
        output.table(
            ("relation", "kind", "rows", "size", "rls", "policies"),
            [
                (
                    relation.identity,
                    relation.kind,
                    about(relation.rows_estimate),
                    size(relation.bytes),
                    "forced" if relation.forced else "on" if relation.rls else "off",
                    str(relation.policies),
                )
                for relation in relations
            ],
            right=(2, 3, 5),
        )
    else:
        diagnostics.say("there are no tables or views")
    return 0


async def _list(options: argparse.Namespace) -> list[Relation]:
    from console.catalog.relations import list_relations

    async with session(options, "tables") as opened:
        return await list_relations(opened)


def _plain(relation: Relation) -> dict[str, object]:
    return relation._asdict()


def about(rows: int | None) -> str:
    """Writes an estimated number of rows as what it is."""
    return "" if rows is None else f"~{rows:,}"


def size(count: int | None) -> str:
    """Writes a number of bytes in three digits or so; 1 kB is 1,024 bytes, as the server does."""
    if count is None:
        return ""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TB"
