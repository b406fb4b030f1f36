"""The rows that both forms have: what a connection is called, and how it is treated."""

from __future__ import annotations

from console.connection.profile import Audit
from console.ui.connect.fields import Spec

NAME = Spec("name", "name", "What -d takes and the list shows.", example="billing")
TREATMENT = (
    Spec(
        "environment",
        "environment",
        "Shown on every screen. On prod, and where nothing is said, destruction is confirmed"
        " by typing the database's name.",
        ("unknown", "dev", "staging", "prod", "demo"),
    ),
    Spec(
        "mode",
        "mode",
        "Read-only is enforced by the server, and write mode is asked for when it is wanted.",
        ("read-only", "write"),
    ),
    Spec(
        "password_command",
        "password by",
        "A program that prints the password, such as: op read op://vault/db/password, or pass db."
        " Run without a shell, never logged. Empty: .pgpass, the keyring, or you are asked.",
        example="command, or empty",
    ),
    Spec(
        "keyring",
        "keyring",
        "Whether the system's keyring may be asked for the password, and may keep it.",
        ("yes", "no"),
    ),
    Spec(
        "preview_user",
        "preview login",
        "A role that may only become anon and authenticated: looking as somebody starts from it,"
        " so that nothing run there can get further.",
        example="empty: the same user",
    ),
    Spec(
        "audit",
        "audit",
        "Whether actions, and as whom somebody looked, also go into the database's audit_logs;"
        " the journal on this machine has every action in any case.",
        tuple(Audit),
    ),
)
CERTIFICATE = Spec(
    "sslrootcert",
    "root certificate",
    "A file to check the server by, with verify-ca or verify-full; `system` for this machine's.",
    example="/path/to/root.crt",
)
