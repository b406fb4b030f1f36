"""Who stands behind an id in a log, and which id behind an e-mail."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from uuid import UUID

from console.connection.session import query_text
from console.errors import NotFound

if TYPE_CHECKING:
    from console.connection.session import Transaction


async def find_user(tx: Transaction, who: str) -> str:
    """Returns the id of a user given by e-mail or id.

    An id need not exist any more: logs outlive users. Of an e-mail in other capitals there may
    be two; only one that is spelled exactly so is taken then.

    Raises:
        NotFound: Nobody has that e-mail, or several have.
    """
    try:
        return str(UUID(who))
    except ValueError:
        pass
    rows = await tx.fetch(
        "select id::text, email = %(who)s from public.users"
        " where pg_catalog.lower(email) = pg_catalog.lower(%(who)s) limit 100",
        {"who": who},
    )
    exact = [id_ for id_, same in rows if same]
    found = exact if exact else [id_ for id_, _ in rows]
    if len(found) != 1:
        raise NotFound(
            f"{len(found) or 'no'} users have the e-mail {who}",
            hint="give the user's id" if found else "check the spelling, or give the user's id",
        )
    return str(found[0])


async def read_emails(tx: Transaction, ids: Iterable[str]) -> dict[str, str]:
    """Returns e-mails by user id, of those users this role may see; the others are left out."""
    wanted = sorted({id_ for id_ in ids if _is_uuid(id_)})
    # Asked first: a refusal would end the caller's transaction.
    readable = wanted and await tx.value(query_text("console.logs", "emails_readable"))
    if not readable:
        return {}
    table = await tx.texts(
        "select id, email from public.users where id = any(%(ids)s::uuid[])", {"ids": wanted}
    )
    return {id_: email for id_, email in table.rows if id_ is not None and email is not None}


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
