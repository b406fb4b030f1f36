"""Rows of every table that retention may delete from."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

from console.operations.rules import RULES

Database = psycopg.Connection[Any]

ADA = "00000000-0000-4000-8000-000000000001"
FLOW = "00000000-0000-4000-8000-000000000002"
ROWS: dict[str, dict[str, Any]] = {
    "events": {"userId": ADA, "filePath": "/a", "eventType": "created"},
    "utm_tracks": {"userId": ADA},
    "audit_logs": {"action": "x"},
    "telemetry_events": {"userId": ADA, "appId": "a", "eventType": "b"},
    "audit_log": {"action": "x"},
    "metrics_log": {"source": "x", "metric": "{}"},
    "analytics_events": {"event_name": "x"},
    "sessions": {"userId": ADA, "token": "#"},
    "mfa_enforced_sessions": {"userId": ADA, "sessionToken": "#"},
    "workflow_executions": {"workflowId": FLOW, "startedAt": "2001-01-01"},
    "workflow_runs": {"user_id": ADA, "workflow_id": "w", "status": "failed"},
    "spend": {"platform": "x"},
    "metrics_daily": {},
    "patterns": {"userId": ADA, "fileExtension": "#"},
    "relationships": {
        "userId": ADA,
        "sourceFile": "#",
        "targetFile": "y",
        "relationType": "z",
    },
}
"""What a row of each table needs beside its time; `#` becomes unique."""


def add(database: Database, table: str, time: str | None) -> None:
    values = {name: time if value == "#" else value for name, value in ROWS[table].items()}
    values[RULES[table].column] = time
    database.execute(
        sql.SQL("insert into {} ({}) values ({})").format(
            sql.Identifier("public", table),
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join(map(sql.Literal, values.values())),
        )
    )
