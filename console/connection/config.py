"""The configuration file: profiles and settings, as TOML."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from console.connection.profile import Audit, Environment, Profile
from console.errors import UsageError

_PROFILE_KEYS = {
    "url",
    "host",
    "port",
    "dbname",
    "user",
    "service",
    "sslmode",
    "sslrootcert",
    "environment",
    "read_only",
    "preview_user",
    "connect_timeout",
    "statement_timeout",
    "password_command",
    "keyring",
    "audit",
}
_NO_PASSWORDS = "remove it; passwords come from .pgpass, password_command, the keyring or a prompt"
_LONGEST = 2_147_483  # the server counts milliseconds in 32 bits


def config_path() -> Path:
    """Returns where the configuration file is, whether or not it exists.

    `$ROWSIGHT_CONFIG` overrides the platform's usual folder.
    """
    if override := os.environ.get("ROWSIGHT_CONFIG"):
        return Path(override)
    from platformdirs import user_config_path

    return user_config_path("rowsight") / "config.toml"


def section(name: str) -> Mapping[str, Any]:
    """Reads one table of the file, such as `[logs]`; empty where there is none.

    What may stand in it is checked by whoever reads it.

    Raises:
        UsageError: The file does not parse, or this is no table.
    """
    table = _document().get(name, {})
    if not isinstance(table, dict):
        raise UsageError(f"{config_path()}: {name} is not a table", hint=f"write [{name}]")
    return table


def keyring_allowed() -> bool:
    """Tells whether the keyring may be asked at all: `keyring = false` forbids it.

    Raises:
        UsageError: The file does not parse, or this is neither true nor false.
    """
    allowed = _document().get("keyring", True)
    if not isinstance(allowed, bool):
        raise UsageError(f"{config_path()}: keyring is not true or false", hint="give one of them")
    return allowed


def _document() -> dict[str, Any]:
    import tomllib

    path = config_path()
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:  # also no UTF-8, and numbers beyond all measure
        raise UsageError(f"{path}: {error}", hint="mend the file or set ROWSIGHT_CONFIG") from error
    except RecursionError as error:
        raise UsageError(f"{path} is nested too deeply", hint="mend the file") from error


def load_profiles() -> dict[str, Profile]:
    """Reads the profiles; an absent file means none.

    Raises:
        UsageError: The file does not parse or holds a wrong value; names file and key.
    """
    return profiles_of(_document())


def profiles_of(document: Mapping[str, Any]) -> dict[str, Profile]:
    """Reads the profiles of a document that has been parsed.

    Raises:
        UsageError: It holds a wrong value; names file and key.
    """
    path = config_path()
    tables = document.get("profiles", {})
    if not isinstance(tables, dict):
        raise UsageError(f"{path}: profiles is not a table", hint="write [profiles.NAME]")
    return {name: _profile(path, name, table) for name, table in tables.items()}


def _profile(path: Path, name: str, table: Any) -> Profile:
    def wrong(key: str, wanted: str) -> UsageError:
        return UsageError(f"{path}: profiles.{name}.{key} is not {wanted}", hint=f"give {wanted}")

    if not isinstance(table, dict):
        raise UsageError(f"{path}: profiles.{name} is not a table", hint=f"[profiles.{name}]")
    if "password" in table:
        raise UsageError(
            f"{path}: profiles.{name} holds a password",
            hint=_NO_PASSWORDS,
        )
    if unknown := sorted(set(table) - _PROFILE_KEYS):
        raise UsageError(
            f"{path}: profiles.{name}.{unknown[0]} is not a known key",
            hint="known keys: " + ", ".join(sorted(_PROFILE_KEYS)),
        )
    try:
        environment = Environment(table.get("environment", "unknown"))
    except ValueError:
        raise wrong("environment", "one of " + ", ".join(Environment)) from None
    try:
        audit = Audit(table.get("audit", "journal"))
    except ValueError:
        raise wrong("audit", "one of " + ", ".join(Audit)) from None
    switches = {key: table.get(key, True) for key in ("read_only", "keyring")}
    for key, value in switches.items():
        if not isinstance(value, bool):
            raise wrong(key, "true or false")
    seconds = {}
    for key, default in (("connect_timeout", 5.0), ("statement_timeout", 60.0)):
        seconds[key] = table.get(key, default)
        if isinstance(seconds[key], bool) or not isinstance(seconds[key], int | float):
            raise wrong(key, "a number of seconds")
        if not 0 < seconds[key] <= _LONGEST:
            raise wrong(key, f"a number of seconds above zero and up to {_LONGEST}")
    parameters: dict[str, str] = {}
    if "url" in table:
        from console.connection.conninfo import from_conninfo

        if not isinstance(table["url"], str) or "://" not in table["url"]:
            raise wrong("url", "a postgresql:// URL")
        given = from_conninfo(table["url"])
        if given.password is not None:
            raise UsageError(
                f"{path}: profiles.{name}.url holds a password",
                hint=_NO_PASSWORDS,
            )
        parameters.update(given.parameters)
    for key in ("host", "port", "dbname", "user", "service", "sslmode", "sslrootcert"):
        if key in table:
            value = str(table[key]) if type(table[key]) is int else table[key]
            if not is_text(value):
                raise wrong(key, "text")
            parameters[key] = value
    preview_user = table.get("preview_user", "")
    if not is_text(preview_user):
        raise wrong("preview_user", "the name of a login")
    return Profile(
        name=name,
        parameters=parameters,
        environment=environment,
        read_only=switches["read_only"],
        preview_user=preview_user,
        connect_timeout=float(seconds["connect_timeout"]),
        statement_timeout=float(seconds["statement_timeout"]),
        password_command=_command(table.get("password_command", []), wrong),
        keyring=switches["keyring"],
        audit=audit,
    )


def is_text(value: Any) -> bool:
    """Tells whether a value is text that a server or a program can be given."""
    if not isinstance(value, str) or "\0" in value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _command(value: Any, wrong: Callable[[str, str], UsageError]) -> tuple[str, ...]:
    """Reads a command as a list of words, or as one text split as a shell would."""
    words = value
    if isinstance(value, str):
        import shlex

        try:
            words = shlex.split(value)
        except ValueError:
            words = None
    if not isinstance(words, list) or not all(map(is_text, words)):
        raise wrong("password_command", "a program with its arguments")
    return tuple(words)
