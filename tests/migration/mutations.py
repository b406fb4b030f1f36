"""Reads mutations.sql: everything that can be wrong with a good database, one at a time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from console.migration.model import DriftState, Severity

Finding = tuple[str, str, DriftState, Severity]
"""Kind, identity, state, severity."""


@dataclass(frozen=True)
class Mutation:
    """One thing done to a good database.

    Attributes:
        finds: Exactly what verify must report; empty where it is too much to write down.
        leaves: What is found after mending.
        stays: Why mending can't bring it back, empty where it can.
        since: The oldest server that knows it.
        needs: An extension the server must offer.
    """

    name: str
    sql: str
    finds: tuple[Finding, ...]
    leaves: tuple[Finding, ...]
    stays: str
    since: int
    needs: str


def _read(block: str) -> Mutation:
    name, *lines = block.splitlines()
    head: dict[str, list[str]] = {}
    while lines and (match := re.fullmatch(r"-- (\w+): (.*)", lines[0])):
        head.setdefault(match[1], []).append(match[2])
        lines.pop(0)
    assert set(head) <= {"finds", "leaves", "stays", "since", "needs"}, block
    return Mutation(
        name=name.removeprefix("-- "),
        sql="\n".join(lines),
        finds=tuple(map(_finding, head.get("finds", ()))),
        leaves=tuple(map(_finding, head.get("leaves", ()))),
        stays=" ".join(head.get("stays", ())),
        since=int(head.get("since", ["15"])[0]),
        needs=" ".join(head.get("needs", ())),
    )


def _finding(text: str) -> Finding:
    words, identity = text.split(": ", 1)
    state, severity, kind = words.split(" ", 2)
    return kind, identity, DriftState(state), Severity(severity)


_BLOCKS = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8").strip().split("\n\n")
MUTATIONS = tuple(_read(block) for block in _BLOCKS[1:])
