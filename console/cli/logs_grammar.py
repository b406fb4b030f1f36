"""The grammar of `rowsight logs`."""

from __future__ import annotations

import re

from console.cli.parser import AddCommand


def add(command: AddCommand) -> None:
    """Adds the command with its options."""
    from console.cli.parser import count

    logs = command("logs", "the audit and transparency logs, live with --follow", "logs")
    # `--since -1h` is a time and no option, as -1 is a number.
    logs._negative_number_matcher = re.compile(r"-\d+[a-z]*$", re.IGNORECASE)  # noqa: SLF001
    logs.add_argument("--follow", "-f", action="store_true", help="go on, over any reconnect")
    logs.add_argument("--since", metavar="TIME", default="", help="such as -1h or 2026-11-20 16:58")
    logs.add_argument("--until", metavar="TIME", default="", help="likewise; UTC unless it says so")
    logs.add_argument(
        "--source",
        metavar="LOG,…",
        default="",
        help="of audit_logs, audit_log, privacy_transparency_log; default: all",
    )
    logs.add_argument("--user", metavar="U", default="", help="an e-mail or an id")
    logs.add_argument("--action", metavar="GLOB", default="", help="such as 'login*'")
    logs.add_argument("--resource", metavar="GLOB", default="", help="such as workflows")
    logs.add_argument("--text", metavar="TEXT", default="", help="stands in the metadata")
    logs.add_argument(
        "--limit",
        metavar="N",
        type=count,
        help="the newest N stored entries; default: 200, or all with --since",
    )
    logs.add_argument(
        "--format", choices=("text", "jsonl"), help="default: text, or with --json one document"
    )
