"""Claims that somebody counts on and no policy asks for."""

from __future__ import annotations

import re

from console.access.inquiry import Inquiry
from console.access.rules import raw
from console.connection.session import TextTable, query_text

_ORDINARY = frozenset({"provider", "providers"})
_ASKS = re.compile(r"app_metadata|auth\.jwt\s*\(", re.IGNORECASE)


async def unasked_claims(inquiry: Inquiry) -> str:
    """Says that a persona's special claims open nothing in a table, if that is so.

    Returns:
        A sentence, or nothing.
    """
    rules, persona = inquiry.rules, inquiry.persona
    metadata = persona.claims.get("app_metadata")
    special = (
        {k: v for k, v in metadata.items() if k not in _ORDINARY}
        if isinstance(metadata, dict)
        else {}
    )
    if not special:
        return ""
    table = {"schema": rules.schema, "name": rules.name}
    sources = await inquiry.transaction.texts(query_text("console.access", "policy_sources"), table)
    asked = [policy.using or "" for policy in rules.policies]
    asked += [policy.check or "" for policy in rules.policies]
    asked += [source or "" for (source,) in sources.rows]
    if any(_ASKS.search(text) for text in asked):
        return ""
    claim = ", ".join(f"app_metadata.{name} = {value}" for name, value in special.items())
    role = {"role": rules.role}
    readers = await inquiry.transaction.texts(query_text("console.access", "claim_readers"), role)
    true = []
    for call, name in readers.rows:
        found = await inquiry.acting.attempt(raw(f"select {call}()"))
        if isinstance(found, TextTable) and found.rows[0][0] == "t":
            true.append(f"{name}()")
    agrees = f"{' and '.join(true)} is true, but " if true else ""
    return f"The claim {claim} opens nothing here: {agrees}no policy on {rules.name} asks for it"
