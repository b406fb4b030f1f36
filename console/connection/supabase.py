"""Supabase's ways in: from a project's reference to where it is reached, and what each can do."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

from console.errors import UsageError


class Way(StrEnum):
    """How a project is reached."""

    DIRECT = "direct"
    SESSION = "session"
    TRANSACTION = "transaction"


class Ability(NamedTuple):
    """One thing a way can or cannot do."""

    can: bool
    words: str


ABILITIES = {
    Way.DIRECT: (
        Ability(True, "everything: it is the server itself"),
        Ability(False, "reached by IPv6 only, unless the project has the IPv4 add-on"),
    ),
    Way.SESSION: (
        Ability(True, "everything a session needs, over IPv4"),
        Ability(False, "one of few connections for as long as the console is open"),
    ),
    Way.TRANSACTION: (
        Ability(True, "browse, preview, verify and apply, over IPv4, with few connections"),
        Ability(False, "no session settings, session locks or LISTEN; no long-lived cursors"),
        Ability(False, "read-only holds for each transaction, not for the session"),
    ),
}
"""What a person should know before choosing, the good first."""

_REF = re.compile(r"[a-z0-9]{20}")
_REGION = re.compile(r"[a-z]{2,3}-[a-z]+-\d")
_CLUSTER = re.compile(r"aws-\d-[a-z]{2,3}-[a-z]+-\d")
_POOLER = ".pooler.supabase.com"


def reference(text: str) -> str:
    """Returns the project's reference from what a person copied.

    Takes the bare reference, the project's or the dashboard's URL, or a connection string.

    Raises:
        UsageError: There is none in it.
    """
    text = text.strip()
    for pattern in (
        r"([a-z0-9]{20})",
        r"https?://([a-z0-9]{20})\.supabase\.(?:co|com|in)\b.*",
        r"https?://(?:\S*\.)?supabase\.com/dashboard/project/([a-z0-9]{20})\b.*",
        r".*\bdb\.([a-z0-9]{20})\.supabase\.co\b.*",
        r".*\bpostgres\.([a-z0-9]{20})\b.*",
    ):
        if match := re.fullmatch(pattern, text):
            return match[1]
    raise UsageError(
        "this is no project reference",
        hint="20 letters and digits; they stand in the project's URL and under Settings",
    )


def pooler_host(region: str) -> str:
    """Returns the pooler's host from a region, `aws-1-<region>`, or the host itself.

    Raises:
        UsageError: It is none of these, or missing.
    """
    text = region.strip().lower().removesuffix(_POOLER)
    if not text:
        raise UsageError(
            "a pooler is reached by the project's region, and none was given",
            hint="such as eu-central-1, from the dashboard; only the direct way needs none",
        )
    if _CLUSTER.fullmatch(text):
        return text + _POOLER
    if _REGION.fullmatch(text):
        return f"aws-0-{text}{_POOLER}"
    raise UsageError(
        "this is no region",
        hint="such as eu-central-1, or the pooler's host from the dashboard: aws-1-eu-central-1",
    )


def parameters(
    ref: str, region: str, way: Way, *, user: str = "postgres", database: str = "postgres"
) -> dict[str, str]:
    """Returns libpq's parameters for a project; TLS is demanded.

    Args:
        ref: The reference, or what `reference` takes.
        region: What `pooler_host` takes; not looked at for the direct way.
        way: How to get there.
        user: The role to log in as.
        database: The database's name.

    Raises:
        UsageError: Reference or region is none.
    """
    ref = reference(ref)
    if way is Way.DIRECT:
        host, login = f"db.{ref}.supabase.co", user
    else:
        host, login = pooler_host(region), f"{user}.{ref}"
    return {
        "host": host,
        "port": "6543" if way is Way.TRANSACTION else "5432",
        "user": login,
        "dbname": database,
        "sslmode": "require",
    }


def way_of(host: str, port: str) -> Way | None:
    """Tells which way a target goes; None where it is not Supabase's."""
    if re.fullmatch(r"db\.[a-z0-9]+\.supabase\.co", host):
        return Way.TRANSACTION if port == "6543" else Way.DIRECT
    if host.endswith(_POOLER):
        return Way.TRANSACTION if port == "6543" else Way.SESSION
    return None
