"""Asks "why?" about tables of a schema `s` that a test makes, as Ada."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from console.access.answer import Decision
from console.access.decision import why
from console.access.persona import Persona, of_user
from tests.access import cast
from tests.access.conftest import Sides

ADA = of_user(cast.ADA, email="ada@example.com")
HIDDEN = "hidden from ada@example.com, without an error: "


class Asking:
    """Asks about tables of a schema `s` that a test makes."""

    def __init__(self, sides: Sides) -> None:
        self._sides = sides

    def run(self, script: str) -> None:
        self._sides.admin.execute(script.encode())

    async def why(self, table: str, persona: Persona = ADA, **asked: Any) -> Decision:
        relation = await self._sides.relation(f"s.{table}")
        if "row" not in asked:
            asked.setdefault("key", {"id": "1"})
        return await why(self._sides.login, self._sides.acting, persona, relation, **asked)

    async def sentence(self, table: str, persona: Persona = ADA, **asked: Any) -> str:
        decision = await self.why(table, persona, **asked)
        assert decision.ground_truth.agrees is True
        assert not decision.allowed
        return decision.sentence


def hasty(sides: Sides, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the server give up on a preview's statement sooner than it would."""
    soon = partial(sides.acting.impersonate, statement_timeout=0.3)
    monkeypatch.setattr(type(sides.acting), "impersonate", lambda _, *a, **k: soon(*a, **k))
