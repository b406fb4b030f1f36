"""What stands under `--help`: commands to try as they are, one a line. A test parses them all."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "": (
        "rowsight demo",
        "rowsight postgresql://you@db.example:5432/app",
        "rowsight -d billing migrate verify",
        "rowsight access why --as ada@example.com --table workflows --key id=7",
        "rowsight logs --follow",
    ),
    "demo": (
        "rowsight demo",
        "rowsight demo --keep ~/rowsight-demo --rows 1000000",
        "rowsight demo --serve",
    ),
    "migrate": (
        "rowsight -d billing migrate verify",
        "rowsight -d billing migrate plan",
        "rowsight -d billing migrate apply",
    ),
    "migrate verify": (
        "rowsight -d billing migrate verify --strict",
        "rowsight -d billing migrate verify --json",
    ),
    "migrate plan": (
        "rowsight -d billing migrate plan",
        "rowsight -d billing migrate plan --set-aside --replace-policies",
    ),
    "migrate apply": (
        "rowsight -d billing migrate apply --dry-run",
        "rowsight -d billing migrate apply --yes --lock-timeout 10",
    ),
    "migrate history": ("rowsight -d billing migrate history",),
    "tables": ("rowsight -d billing tables", "rowsight -d billing tables --json"),
    "rows": (
        "rowsight rows workflow_runs --where 'status=failed created_at>-1h'",
        "rowsight rows users --columns id,email --order createdAt:desc --limit 20",
        "rowsight rows workflows --as ada@example.com --xray",
        "rowsight rows events --limit 1000000 --format csv > events.csv",
    ),
    "health": (
        "rowsight -d billing health",
        "rowsight health --limit connections=0.7,0.9 --json",
        "rowsight health --cancel 4711",
    ),
    "retention": ("rowsight -d billing retention plan", "rowsight -d billing retention run"),
    "retention plan": ("rowsight -d billing retention plan --json",),
    "retention run": (
        "rowsight -d billing retention run --policy audit_logs",
        "rowsight -d billing retention run --yes --telemetry --batch 5000",
    ),
    "retention set": ("rowsight retention set audit_logs --days 90 --enabled yes",),
    "access": (
        "rowsight access who ada",
        "rowsight access matrix --as ada@example.com --as anon",
        "rowsight access why --as ada@example.com --table workflows --key id=7",
    ),
    "access who": ("rowsight access who ada",),
    "access matrix": (
        "rowsight access matrix --as ada@example.com --as bert@example.com",
        "rowsight access matrix --as role:authenticated --table workflows",
    ),
    "access why": (
        "rowsight access why --as ada@example.com --table workflows --key id=7",
        "rowsight access why --as ada@example.com --table workflows --key id=7 "
        "--command update --set '{\"isActive\": false}'",
        'rowsight access why --as anon --table workflows --command insert --row \'{"name": "x"}\'',
    ),
    "access compare": ("rowsight access compare --as ada@example.com --as bert@example.com",),
    "access whatif": (
        "rowsight access whatif --as ada@example.com --table workflows "
        "--policy workflows_select --using '\"isActive\"'",
    ),
    "access lint": ("rowsight -d billing access lint",),
    "access snapshot": ("rowsight access snapshot --as ada@example.com --as anon > access.toml",),
    "access check": ("rowsight access check access.toml",),
    "analytics": ("rowsight analytics show --from 2026-11-01",),
    "analytics show": ("rowsight analytics show --from 2026-11-01 --to 2026-11-30",),
    "analytics recompute": ("rowsight analytics recompute --from 2026-11-01 --to 2026-11-30",),
    "analytics import": ("rowsight analytics import --into spend spend.csv --check",),
    "logs": (
        "rowsight logs --since -1h",
        "rowsight logs --follow --action 'workflow.*'",
        "rowsight logs --user ada@example.com --limit 50 --json",
    ),
    "connections": (
        "rowsight connections list",
        "rowsight connections add billing -d postgresql://ops@db.example/billing --test",
    ),
    "connections list": ("rowsight connections list",),
    "connections add": (
        "rowsight connections add billing -d postgresql://ops@db.example/billing --test",
        "rowsight connections add app --supabase abcdefghijklmnopqrst --region eu-central-1 "
        "--way session --environment prod",
    ),
    "connections remove": ("rowsight connections remove billing",),
    "connections test": ("rowsight connections test billing",),
    "doctor": ("rowsight doctor", "rowsight -d billing doctor --json"),
    "completion": (
        "rowsight completion bash > ~/.local/share/bash-completion/completions/rowsight",
        "rowsight completion zsh > ~/.zfunc/_rowsight",
        "rowsight completion fish > ~/.config/fish/completions/rowsight.fish",
    ),
    "man": ("rowsight man > ~/.local/share/man/man1/rowsight.1", "rowsight man | man -l -"),
}


def commands(
    parser: argparse.ArgumentParser, path: str = ""
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Yields every command with its parser, those above first; the program itself is ''."""
    yield path, parser
    for action in parser._actions:  # noqa: SLF001 - argparse has no public way to look inside
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for name, below in action.choices.items():
                yield from commands(below, f"{path} {name}".strip())


def under(path: str) -> str | None:
    """Returns what stands under the help of a command; None where there is nothing."""
    lines = EXAMPLES.get(path)
    return "\n".join(["examples:", *(f"  {line}" for line in lines)]) if lines else None
