"""Rules that a database's access is checked by; each says why it matters and how to mend it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from console.access.catalog import PLATFORM_SCHEMAS
from console.access.rules import looking
from console.connection.session import Session, query_text

API_ROLES = ("anon", "authenticated")
"""The roles a request comes as."""
SERVED = ("public",)
"""The schemas the API serves unless it is told otherwise."""

Severity = Literal["error", "warning", "info"]
_ORDER: tuple[Severity, ...] = ("error", "warning", "info")


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that is looked for.

    Attributes:
        name: Also of its query, in `queries/lint`.
        title: What is wrong, in a few words.
        why: Why that matters.
    """

    name: str
    title: str
    why: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where a rule is broken.

    Attributes:
        identity: The object, as SQL writes it.
        message: What is wrong with it.
        mend: SQL that mends it; empty where only somebody who knows the purpose can tell.
    """

    rule: Rule
    severity: Severity
    identity: str
    message: str
    mend: str


RULES = (
    Rule(
        "rls_off",
        "row-level security is off",
        "Without it whoever holds a privilege on the table sees and changes every row of it.",
    ),
    Rule(
        "policies_without_rls",
        "policies that are not asked",
        "They look like protection, but the table does not ask them until it is switched on.",
    ),
    Rule(
        "rls_without_policies",
        "row-level security without a policy",
        "Nobody but the owner sees a row; privileges that were granted on it come to nothing.",
    ),
    Rule(
        "always_true_write",
        "a policy for writing that is always true",
        "Anybody with the role may write rows of others, or rows in the name of others.",
    ),
    Rule(
        "per_row_call",
        "a function called for every row",
        "In a sub-select, (select auth.uid()), it is called once for the statement: up to a"
        " thousand times faster on a large table.",
    ),
    Rule(
        "several_permissive",
        "several permissive policies for one role and command",
        "Each is evaluated for every row, and what is allowed is the sum of all of them, which"
        " nobody reads off any single one.",
    ),
    Rule(
        "policy_to_public",
        "a policy for everybody",
        "It is for anon as well, and for every role that is made later.",
    ),
    Rule(
        "unguarded_privilege",
        "a privilege that no policy restrains",
        "TRUNCATE empties the table whatever its policies say; REFERENCES tells which keys exist;"
        " TRIGGER runs one's own code with the rights of others.",
    ),
    Rule(
        "definer_executable",
        "a definer function that requests may call",
        "It runs with the rights of its owner, whom policies do not bind.",
    ),
    Rule(
        "definer_search_path",
        "a definer function without a search_path of its own",
        "Its caller can put a table or function of the same name in front of the one it means.",
    ),
    Rule(
        "definer_view",
        "a view that reads protected tables as its owner",
        "Policies are asked about the owner of the view, so its readers see every row.",
    ),
    Rule(
        "user_metadata",
        "a policy that believes user_metadata",
        "Every user can write into his own; app_metadata is the service's alone.",
    ),
    Rule(
        "sensitive_column",
        "a secret that requests may read",
        "Hashes and tokens are for the service; a column privilege keeps them from the API.",
    ),
    Rule(
        "unindexed_foreign_key",
        "a foreign key without an index",
        "Deleting one row of the other table reads this one whole, and locks rows meanwhile.",
    ),
    Rule(
        "unindexed_policy_column",
        "a policy's column without an index",
        "Every statement on the table reads all of it to find the rows that are allowed.",
    ),
    Rule(
        "recursion",
        "policies that ask each other in a circle",
        "Every statement on the table fails: infinite recursion detected in policy.",
    ),
    Rule(
        "published",
        "a table closed even to its owner, in a publication",
        "A subscriber gets its rows as they are; no policy is asked.",
    ),
    Rule(
        "unbound_role",
        "a role that no policy binds",
        "Superusers and holders of BYPASSRLS see and change every row.",
    ),
)


async def lint(
    login: Session,
    *,
    api_roles: Sequence[str] = API_ROLES,
    served: Sequence[str] = SERVED,
) -> list[Finding]:
    """Checks a database's access.

    Args:
        login: Reads the catalog.
        api_roles: The roles a request comes as.
        served: The schemas the API serves.

    Returns:
        What was found, the gravest first, then in the order of the rules.

    Raises:
        ConsoleError: The connection is gone or the server refused.
    """
    parameters = {
        "api": list(api_roles),
        "served": list(served),
        "platform": list(PLATFORM_SCHEMAS),
    }
    found = []
    async with looking(login) as transaction:
        for rule in RULES:
            query = query_text("console.access", f"lint/{rule.name}")
            for identity, message, severity, mend in (
                await transaction.texts(query, parameters)
            ).rows:
                kind: Severity = next(s for s in _ORDER if s == severity)
                found.append(Finding(rule, kind, identity or "", message or "", mend or ""))
    return sorted(found, key=lambda finding: _ORDER.index(finding.severity))
