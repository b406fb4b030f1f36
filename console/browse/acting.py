"""What a typed statement calls that acts in spite of a transaction that can't write.

The server is asked what stands behind each name, so that no way of writing it matters. Of what
PostgreSQL and its extensions bring along, whatever is not known to only read is refused, and so
is what reaches it through functions, views, types and operators of the database's own, as far as
these write its name out: one that is put together while it runs is not seen.
"""

from __future__ import annotations

import re

from console.connection.session import Transaction, query_text
from console.errors import Refused
from console.tokens import Token, behind_dots, calls, names, scan

_READS = (
    # Chance, time, and what this session did.
    r"random\w*|setseed|array_(?:sample|shuffle)|normal_rand|gen_random_\w+|gen_salt|uuid\w*"
    r"|clock_timestamp|timeofday|pg_sleep\w*|current_query|currval|lastval|pgp_\w+_encrypt\w*"
    # How the server stands.
    r"|pg_stat_(?:get_\w+|have_stats|clear_snapshot|file|statements|statements_info)"
    r"|pg_(?:get|is|last|ls|control|current)_\w+|pg_read_(?:binary_)?file|pg_\w+_file_mappings"
    r"|pg_(?:hba_file_rules|show_\w+|lock_status|prepared_xact|notification_queue_usage)"
    r"|pg_(?:safe_snapshot_)?blocking_pids|pg_isolation_test_session_is_blocked|pg_jit_available"
    r"|pg_(?:available_wal_summaries|wal_summary_contents|xact_commit_timestamp\w*|xact_status)"
    r"|pg_replication_origin_(?:\w+_)?(?:progress|is_setup)|pg_logical_slot_peek_\w+|txid_status"
    # What is stored.
    r"|pg_\w+_size|pg_partition_\w+|pg_sequence_last_value|pg_(?:\w+_)?collation_actual_version"
    r"|lo_get|pgstat\w+|pg_relpages|pg_freespace|pg_visibility\w*|pg_check_(?:frozen|visible)"
    r"|pg_buffercache_(?:pages|summary|usage_counts|numa_pages)|pgrowlocks|verify_heapam"
    r"|(?:bt|gin)_index_check|bt_metap|get_raw_page|page_header|(?:bt|heap)_page_\w+"
)
"""Volatile functions that end with what they return."""
_RUNS = r"\w+_to_xml\w*|ts_stat|ts_rewrite|crosstab\w*|connectby|xpath_table"


async def refuse_acting(transaction: Transaction, text: str) -> None:
    """Confirms that a statement calls nothing that could act, as far as that can be read.

    Args:
        transaction: To look the names up.
        text: Exactly what will be sent.

    Raises:
        Refused: It does.
        Unreadable: Its tokens can't be told.
    """
    tokens = [token for token in scan(text) if token.kind != "comment"]
    for token in tokens:
        if token.kind == "quoted" and token.identifier is None:
            raise Refused(
                f"the name {token.text} is escaped", hint="write the characters themselves"
            )
    named = list(calls(tokens))
    parameters = {
        "schemas": [None if s is None or s.identifier is None else s.text for s, _ in named],
        "functions": [token.text for _, token in named],
        "dotted": sorted(behind_dots(tokens)),
        "operators": sorted({_operator(t.text) for t in tokens if t.kind == "operator"}),
        "names": sorted(names(tokens).union(*map(_words, tokens))),
        "reads": f"^({_READS})$",
    }
    found = await transaction.texts(query_text("console.browse", "acting"), parameters)
    for name, through in found.rows:
        assert name is not None
        by = f"{name}, reached through {through}," if through else name
        if re.fullmatch(_RUNS, name):
            raise Refused(f"{by} runs SQL of its own", hint="write the query itself")
        raise Refused(
            f"{by} could act at once, whatever becomes of the transaction",
            hint="4 Health ends statements and sessions, in write mode"
            if name.endswith("_backend")
            else "what is typed here only reads; call it with psql",
        )


def _words(token: Token) -> list[str]:
    """Returns what a string may name: types are named in such, too."""
    return re.findall(r"\w+", token.text) if token.kind in ("string", "dollar") else []


def _operator(signs: str) -> str:
    """Returns what the server takes of a run of signs: a sign of a number after it is left."""
    return signs if set(signs) & set("~!@#%^&|`?") else signs.rstrip("+-") or signs[:1]
