"""The grammar of `rowsight connections`."""

from __future__ import annotations

from console.cli.parser import AddCommand
from console.connection.profile import Audit, Environment


def add(command: AddCommand) -> None:
    """Adds the command with its steps and options."""
    connections = command(
        "connections", "profiles, service entries, and whether they work", "connections"
    )
    steps = connections.add_subparsers(metavar="STEP", dest="step", required=True)
    command("list", "every database this machine knows of", "connections", steps)

    new = command("add", "write a profile, or change one", "connections", steps)
    new.add_argument("name", metavar="NAME", help="what -d will take")
    new.add_argument("--supabase", metavar="REF", help="a Supabase project instead of -d")
    new.add_argument("--region", metavar="R", default="", help="such as eu-central-1")
    new.add_argument(
        "--way",
        choices=("direct", "session", "transaction"),
        default="session",
        help="how to reach the project; default: session",
    )
    new.add_argument(
        "--environment", choices=tuple(map(str, Environment)), help="shown on every screen"
    )
    new.add_argument(
        "--writable",
        action="store_true",
        help="begin in write mode; on prod, be asked for it first",
    )
    new.add_argument("--sslmode", metavar="MODE", help="such as require or verify-full")
    new.add_argument("--sslrootcert", metavar="FILE", help="certificate to check the server by")
    new.add_argument(
        "--password-command", metavar="COMMAND", help="prints the password; run without a shell"
    )
    new.add_argument(
        "--audit",
        choices=tuple(map(str, Audit)),
        help="where actions are put on record: here alone, or in audit_logs as well",
    )
    new.add_argument("--test", action="store_true", help="save only what works")
    new.add_argument("--replace", action="store_true", help="change the profile of that name")

    remove = command("remove", "take a profile out of the configuration", "connections", steps)
    remove.add_argument("name", metavar="NAME", help="the profile")
    remove.add_argument("--yes", action="store_true", help="do not ask")

    test = command("test", "try a connection and show every step", "connections", steps)
    test.add_argument("name", metavar="TARGET", nargs="?", help="instead of -d")
