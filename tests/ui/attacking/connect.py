"""The ways to the fields where a database is chosen, and where a password is asked for."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

from textual.pilot import Pilot

from console.connection.config import config_path
from console.ui.connect.form import Form, ProfileForm, SupabaseForm
from console.ui.connect.password import AskPassword
from console.ui.connect.screen import ConnectScreen
from tests.ui.attacking.console import CONNECT, NOWHERE, come, handled, place, press

PASSWORD = "connect.password.AskPassword:Field"
ROW = "connect.fields.Row:{}"
PROJECT = {"name": "mine", "ref": "abcdefghijklmnopqrst", "region": "eu-central-1"}
"""What stands in the rows of Supabase's form that are not attacked."""


def addressed(attack: str) -> Iterator[str]:
    """An attack as an address, and as each part of one."""
    yield attack
    yield f"postgresql://{attack}"
    yield f"postgresql://127.0.0.1:1/{attack}?options={attack}"
    yield f"host=/nowhere dbname='{attack}' options='{attack}'"


async def _connect_screen(pilot: Pilot[Any], target: str = "") -> ConnectScreen:
    """Goes back to the file as it was, and to one profile of it."""
    shutil.copy(config_path().with_suffix(".pristine"), config_path())
    shown = pilot.app.screen
    assert isinstance(shown, ConnectScreen)
    shown._read(target)
    await handled(pilot)
    return shown


@place(
    "connect.screen.AskAddress:AddressField",
    "connect.screen.ConnectScreen",
    CONNECT,
    shape=addressed,
    profile="none",
)
async def address(pilot: Pilot[Any]) -> None:
    await press(pilot, "u")


def _row(form: type[Form], key: str) -> None:
    async def reach(pilot: Pilot[Any]) -> None:
        await _connect_screen(pilot, "reading")
        await press(pilot, "m" if form is ProfileForm else "s")
        await come(pilot, lambda: isinstance(pilot.app.screen, form))
        shown = pilot.app.screen
        assert isinstance(shown, form)
        if form is SupabaseForm:
            for other, value in PROJECT.items():
                shown.put(other, value)
        shown.query_one(f"#form-{key}").focus()
        await handled(pilot)

    reach.__name__ = f"{form.__name__}_{key}"
    field = ROW.format("AddressField" if key == "host" else "Field")
    keys = ("f2", "enter", "s")  # tries it; saves it where it works, and where it does not
    place(field, "connect.form.Form", CONNECT, keys=keys, profile="none")(reach)


for _form in (ProfileForm, SupabaseForm):
    for _spec in _form.specs:
        if not _spec.choices:
            _row(_form, _spec.key)


@place(PASSWORD, "connect.trial.Trial", CONNECT, profile="none")
async def password_to_try(pilot: Pilot[Any]) -> None:
    await _connect_screen(pilot, "guarded")
    await press(pilot, "t")
    await come(pilot, lambda: isinstance(pilot.app.screen, AskPassword))


@place(PASSWORD, "link.LinkedScreen", NOWHERE, profile="guarded")
async def password(pilot: Pilot[Any]) -> None:
    if not isinstance(pilot.app.screen, AskPassword):
        await press(pilot, "r")
    await come(pilot, lambda: isinstance(pilot.app.screen, AskPassword))
