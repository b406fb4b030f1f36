"""Presets: personas that the configuration file keeps under names of their own."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from console.access.chosen import Chosen
from console.access.persona import Persona, parse_claims, parse_named
from console.connection.config import config_path
from console.connection.rewriting import before_what_follows, rewrite, with_what_followed
from console.errors import NotFound, Refused, UsageError
from console.journal import without_secrets
from console.visible import json_text

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

    from console.connection.session import Session

_SECRET = re.compile(r"passw(or)?d|secret|token$|(api|private)_?key|credential", re.IGNORECASE)
"""What claims are called that hold a secret."""
_SIGNED = re.compile(r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}")
"""A token as a whole."""


def load_presets(settings: Mapping[str, Any]) -> tuple[Chosen, ...]:
    """Reads the presets of the section `[access]`.

    Args:
        settings: The section, as `console.connection.config.section` returns it. A preset is
            a table `[access.presets.NAME]` with `as`, and perhaps `aal` and `claims`.

    Raises:
        UsageError: One of them is not complete, or does not parse.
    """
    tables = settings.get("presets", {})
    if not isinstance(tables, dict):
        raise UsageError("access.presets is not a table", hint="write [access.presets.NAME]")
    return tuple(_preset(name, table) for name, table in tables.items())


def _preset(name: str, table: Any) -> Chosen:
    where = f"access.presets.{name}"
    if not isinstance(table, dict) or not isinstance(table.get("as"), str):
        raise UsageError(f"{where} names nobody", hint='write as = "ada@example.com"')
    if unknown := sorted(set(table) - {"as", "aal", "claims"}):
        raise UsageError(f"{where}.{unknown[0]} is not known", hint="known: as, aal, claims")
    aal, claims = table.get("aal"), table.get("claims")
    if aal not in (None, 1, 2) or isinstance(aal, bool):
        raise UsageError(f"{where}.aal is neither 1 nor 2")
    if isinstance(claims, dict):
        claims = json.dumps(claims, ensure_ascii=False, default=str)
    if claims is not None:
        if not isinstance(claims, str):
            raise UsageError(
                f"{where}.claims is no object", hint='write claims = { key = "value" }'
            )
        parse_claims(claims)
    parse_named(table["as"])
    return Chosen(table["as"], aal, claims, name)


async def preset_of(login: Session, persona: Persona) -> Chosen:
    """Returns what a preset of a persona would keep; it has no name yet.

    Raises:
        Refused: The claims of its own seem to hold a password or a key.
        UsageError: The claims can't be kept.
        NotFound: There is nobody of that name.
        ConsoleError: The connection is gone or the server refused.
    """
    from console.access.naming import named_of

    named = await named_of(login, persona)
    if _holds_secret(json.loads(named.claims or "{}")):
        raise Refused(
            "not saved: the claims seem to hold a password, a key or a token",
            hint="take it out of them: the file can be read by whoever reads your files",
        )
    name = named.name
    if not name.isprintable() and persona.user_id is not None:
        name = persona.user_id
    return Chosen(name, named.aal, named.claims)


def _holds_secret(value: object) -> bool:
    """Tells whether something in claims seems to be a secret, by its name or by its looks."""
    if isinstance(value, dict):
        named = (part for key, part in value.items() if _SECRET.search(key))
        return any(part and part is not True for part in named) or any(
            map(_holds_secret, value.values())
        )
    if isinstance(value, list):
        return any(map(_holds_secret, value))
    text = value if isinstance(value, str) else ""
    return without_secrets(text, ()) != text or _SIGNED.search(text) is not None


def check_name(name: str) -> None:
    """Checks that a preset can have that name.

    Raises:
        UsageError: It can't.
    """
    if not name or name != name.strip() or not name.isprintable():
        raise UsageError("a preset needs a name", hint="letters, digits, - and _ are best")


def save_preset(preset: Chosen, *, replace: bool = False) -> None:
    """Writes a preset into the configuration file, whose comments and order stay.

    Args:
        preset: With its name.
        replace: Whether one of that name may give way.

    Raises:
        Refused: There is one of that name.
        UsageError: The name is none; or the file can't be changed, which names it.
    """
    check_name(preset.preset)
    settings = {"as": preset.name, "aal": preset.aal, "claims": _claims(preset.claims)}
    kept = {key: value for key, value in settings.items() if value is not None}

    def change(document: TOMLDocument, before: str) -> str:
        import tomlkit

        access = document.setdefault("access", tomlkit.table(is_super_table=True))
        presets = access.setdefault("presets", tomlkit.table(is_super_table=True))
        known = preset.preset in presets
        if known and not replace:
            raise Refused(
                f"there is a preset named {preset.preset} already", hint="take another name"
            )
        if not known:
            presets[preset.preset] = tomlkit.table()
        table = presets[preset.preset]
        for key in [key for key in table if key not in kept]:
            del table[key]
        for key, value in kept.items():
            if key not in table or table[key] != value:
                table[key] = _inline(value)
        after = tomlkit.dumps(document)
        return after if known else before_what_follows(before, after)

    _rewrite(change, lambda presets: {**presets, preset.preset: kept})


def remove_preset(name: str) -> None:
    """Takes a preset out of the configuration file.

    Raises:
        NotFound: There is none of that name.
        UsageError: The file can't be changed; names it.
    """

    def change(document: TOMLDocument, before: str) -> str:
        import tomlkit

        presets = document.get("access", {}).get("presets", {})
        if name not in presets:
            raise NotFound(f"there is no preset named {name}", hint="it may have been removed")
        del presets[name]
        return with_what_followed(before, tomlkit.dumps(document))

    _rewrite(change, lambda presets: {key: presets[key] for key in presets if key != name})


def _claims(text: str | None) -> Any:
    """Returns claims as a table where TOML can say them in plain sight, else as JSON."""
    if text is None:
        return None
    claims = parse_claims(text)
    return claims if _is_plain(claims) else json_text(claims)


def _is_plain(value: object) -> bool:
    """Tells whether TOML has such a value, which knows no null, and all of it can be seen."""
    if isinstance(value, dict):
        return all(_is_plain(part) for pair in value.items() for part in pair)
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return value is not None and (not isinstance(value, str) or value.isprintable())


def _inline(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    import tomlkit

    table = tomlkit.inline_table()
    table.update(value)
    return table


def _rewrite(
    change: Callable[[TOMLDocument, str], str],
    expected: Callable[[Mapping[str, Any]], Mapping[str, Any]],
) -> None:
    """Changes the file, if that makes the presets what they should be, and nothing else."""

    def checked(document: TOMLDocument) -> str:
        import tomlkit

        before = tomlkit.dumps(document)
        presets, others = _apart(tomllib.loads(before))
        written = change(document, before)
        if _apart(tomllib.loads(written)) != (expected(presets), others):
            raise UsageError(
                f"{config_path()}: [access.presets] is written in a way that can't be changed here",
                hint="change it by hand",
            )
        return written

    rewrite(checked)


def _apart(document: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Returns the presets of a file, and all else in it.

    Raises:
        UsageError: One of the presets is wrong.
    """
    access = document.get("access", {})
    if not isinstance(access, dict):
        raise UsageError("access is not a table", hint="write [access.presets.NAME]")
    load_presets(access)
    others = {key: value for key, value in document.items() if key != "access"}
    within = {key: value for key, value in access.items() if key != "presets"}
    return access.get("presets", {}), others | ({"access": within} if within else {})
