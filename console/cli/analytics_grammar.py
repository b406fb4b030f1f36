"""The grammar of `rowsight analytics`."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

from console.cli.parser import AddCommand


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day such as 2026-11-20") from None


def add(command: AddCommand) -> None:
    """Adds the command with its steps and options."""
    analytics = command(
        "analytics",
        "the daily figures: show, compute anew, import what they are made of",
        "analytics",
    )
    steps = analytics.add_subparsers(metavar="STEP", dest="step", required=True)

    show = command("show", "the figures of each day, in UTC", "analytics", steps)
    _range(show, required=False)

    recompute = command("recompute", "compute days anew from their events", "analytics", steps)
    _range(recompute, required=True)
    recompute.add_argument("--yes", action="store_true", help="do not ask")

    rows = command("import", "add or replace events or ad spend from a file", "analytics", steps)
    rows.add_argument("file", metavar="FILE", type=Path, help="CSV with a header, or JSON lines")
    rows.add_argument(
        "--into", choices=("events", "spend"), required=True, help="which table the rows are for"
    )
    rows.add_argument("--check", action="store_true", help="only read the file; send nothing")
    rows.add_argument("--yes", action="store_true", help="do not ask")


def _range(parser: argparse.ArgumentParser, *, required: bool) -> None:
    default = "" if required else "; default: the last 30 days"
    for name, words in (("from", f"the first day{default}"), ("to", "the last day")):
        parser.add_argument(
            f"--{name}",
            metavar="DAY",
            dest="first" if name == "from" else "last",
            type=_day,
            required=required,
            help=words,
        )
