"""Judges how much a drift matters.

critical: rows or rights are open that the migration closes, or the watch over them is off.
error: something the migration declares is missing or differs.
warning: something of ours has more than declared, or another owner.
info: worth knowing; nothing of ours is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping

from console.migration.difference import OUTSIDERS, Drift
from console.migration.expected import Expected
from console.migration.model import CatalogObject, DriftState, Key, Severity

GUARDS = frozenset({"public.auto_redact_telemetry()", "private.refuse_log_change()"})
"""Trigger functions that keep telemetry redacted and the transparency log immutable."""

_RANK = (Severity.INFO, Severity.WARNING, Severity.ERROR, Severity.CRITICAL)


def judge(drift: Drift, expected: Expected, live: Mapping[Key, CatalogObject]) -> Severity:
    """Returns the severity of a drift: its own, or that of the worst that went with it.

    What hangs on an extra object counts only where it opens something: that anybody may run
    an overload is no news, that anybody may run a definer is.
    """
    own = _judge(drift, expected, live)
    folded = [judge(part, expected, live) for part in drift.folded]
    if drift.state is DriftState.EXTRA:
        folded = [severity for severity in folded if severity is Severity.CRITICAL]
    return max((own, *folded), key=_RANK.index)


def rank(severity: Severity) -> int:
    """Returns how severe it is, 0 for the most severe."""
    return len(_RANK) - 1 - _RANK.index(severity)


def _judge(drift: Drift, expected: Expected, live: Mapping[Key, CatalogObject]) -> Severity:
    extra = drift.state is DriftState.EXTRA
    guarded = drift.item.table in expected.zero_trust
    match drift.item.kind:
        case "policy" | "rule":
            return Severity.CRITICAL
        case "default privileges" | "column order":
            return Severity.INFO
        case "comment":
            return Severity.WARNING
        case "publication":
            return Severity.CRITICAL if guarded else Severity.INFO
        case "table":
            return _table(drift)
        case "trigger":
            if extra:
                return Severity.ERROR if guarded else Severity.WARNING
            watches = drift.item.definition["function"] in GUARDS
            return Severity.CRITICAL if watches else Severity.ERROR
        case "function":
            return _function(drift)
        case "grant":
            return _grant(drift, guarded, expected, live)
        case "role":
            return _role(drift)
        case "schema" if drift.changed == {"owner"}:
            return Severity.WARNING
        case "extension" if drift.changed == {"version"}:
            return Severity.INFO
        case _:
            return Severity.WARNING if extra else Severity.ERROR


def _table(drift: Drift) -> Severity:
    if drift.expected is not None and drift.actual is not None:
        for name in ("row_security", "force_row_security"):
            if drift.expected.definition[name] and not drift.actual.definition[name]:
                return Severity.CRITICAL
    return Severity.WARNING if drift.changed == {"owner"} else Severity.ERROR


def _function(drift: Drift) -> Severity:
    sides = [item.definition for item in (drift.expected, drift.actual) if item is not None]
    definer = any(side.get("security_definer") for side in sides)
    match drift.state:
        case DriftState.MISSING:
            return Severity.ERROR
        case DriftState.EXTRA:
            pinned = any(str(s).startswith("search_path=") for s in _list(sides[0], "settings"))
            return Severity.CRITICAL if definer and not pinned else Severity.WARNING
    if definer:
        return Severity.CRITICAL
    return Severity.WARNING if drift.changed == {"owner"} else Severity.ERROR


def _grant(
    drift: Drift, guarded: bool, expected: Expected, live: Mapping[Key, CatalogObject]
) -> Severity:
    definition = drift.item.definition
    if drift.state is DriftState.MISSING:
        return Severity.ERROR
    if definition["to"] not in OUTSIDERS:
        return Severity.WARNING
    kind, _, identity = str(definition["on"]).partition(" ")
    function = expected.objects.get((kind, identity)) or live.get((kind, identity))
    definer = kind == "function" and function and function.definition.get("security_definer")
    return Severity.CRITICAL if guarded or definer else Severity.ERROR


def _role(drift: Drift) -> Severity:
    if drift.expected is None or drift.actual is None:
        return Severity.ERROR
    wanted, found = drift.expected.definition, drift.actual.definition
    powers = any(found[name] and not wanted[name] for name in ("superuser", "bypass_rls"))
    joined = set(_list(found, "member_of")) - set(_list(wanted, "member_of"))
    return Severity.CRITICAL if powers or joined else Severity.ERROR


def _list(definition: object, name: str) -> list[object]:
    value = definition.get(name) if isinstance(definition, dict) else None
    return value if isinstance(value, list) else []
