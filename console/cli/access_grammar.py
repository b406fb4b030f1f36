"""The grammar of `rowsight access`."""

from __future__ import annotations

import argparse

from console.cli.parser import AddCommand, count
from console.cli.personas import add_personas

_COMMANDS = ("select", "insert", "update", "delete")


def add(command: AddCommand) -> None:
    """Adds the command with its steps and options."""
    access = command("access", "who sees which row, and why", "access")
    steps = access.add_subparsers(metavar="STEP", dest="step", required=True)

    who = command("who", "people matching an e-mail, name or id prefix", "access", steps)
    who.add_argument("search", metavar="SEARCH", help="the beginning of it")
    who.add_argument("--limit", metavar="N", type=count, default=20, help="default: 20")

    matrix = command("matrix", "what personas may do with every table", "access_tables", steps)
    add_personas(matrix)
    _tables(matrix)
    matrix.add_argument("--command", choices=_COMMANDS, help="one command; default: all four")
    _bound(matrix)

    why = command("why", "why a persona sees or may change a row, or not", "access", steps)
    add_personas(why)
    why.add_argument("--table", metavar="T", required=True, help="table or schema.table")
    why.add_argument(
        "--key", metavar="COL=VAL", nargs="+", action="extend", help="which row, by its key"
    )
    why.add_argument("--row", metavar="JSON", help="the row to insert")
    why.add_argument("--set", metavar="JSON", dest="changes", help="the changes of an update")
    why.add_argument("--command", choices=_COMMANDS, help="default: what the options suggest")
    why.add_argument(
        "--no-returning", action="store_true", help="the write does not give the row back"
    )
    why.add_argument("--no-where", action="store_true", help="the write reads no column")

    compare = command(
        "compare", "what one persona sees and another does not", "access_tables", steps
    )
    add_personas(compare)
    _tables(compare)
    _bound(compare)

    whatif = command("whatif", "try another USING for a policy, without DDL", "access", steps)
    add_personas(whatif)
    whatif.add_argument("--table", metavar="T", required=True, help="table or schema.table")
    whatif.add_argument("--policy", metavar="NAME", required=True, help="may be a new one")
    whatif.add_argument("--using", metavar="EXPR", required=True, help="the expression to try")
    whatif.add_argument("--rows", metavar="N", type=count, default=10_000, help="rows to try")

    command("lint", "the database's access checked by rules", "access", steps)

    snapshot = command(
        "snapshot", "who may do what, as a file for `access check`", "access_baseline", steps
    )
    add_personas(snapshot)
    _bound(snapshot)
    snapshot.add_argument(
        "--no-counts", action="store_true", help="leave out numbers of rows, for data that grows"
    )
    check = command("check", "has access changed since the snapshot?", "access_baseline", steps)
    check.add_argument("file", metavar="FILE", help="what `access snapshot` wrote")


def _tables(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--table", metavar="T", action="append", help="only this table; may be repeated"
    )


def _bound(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--bound",
        metavar="N",
        type=count,
        default=10_000,
        help="rows counted one by one; default: 10000",
    )
