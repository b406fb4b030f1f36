"""The screen asks what the guards demand."""

from __future__ import annotations

import pytest
from textual.content import Content

from console.connection.profile import Environment, Profile
from console.guard import Act
from console.ui.dialogs import Acknowledge, Refusal, TypeTheName, question
from console.ui.status import Link, Status


@pytest.mark.parametrize(
    ("environment", "write_mode", "act", "asked"),
    [
        (Environment.DEV, True, Act.CHANGE, Acknowledge),
        (Environment.DEV, True, Act.ERASE, TypeTheName),
        (Environment.PROD, True, Act.CHANGE, TypeTheName),
        (Environment.UNKNOWN, True, Act.CHANGE, TypeTheName),
        (Environment.PROD, True, Act.CANCEL, Acknowledge),
        (Environment.PROD, False, Act.UNLOCK, TypeTheName),
        (Environment.DEMO, False, Act.CHANGE, Refusal),
    ],
)
def test_what_is_asked(
    environment: Environment, write_mode: bool, act: Act, asked: type[object]
) -> None:
    profile = Profile("shop", {"dbname": "shop"}, environment)
    status = Status(profile, link=Link.CONNECTED, write_mode=write_mode)
    dialog = question(status, "Really?", Content("12 rows"), act=act, name="orders")
    assert type(dialog) is asked
    if isinstance(dialog, TypeTheName):
        assert dialog.expected == "orders"
