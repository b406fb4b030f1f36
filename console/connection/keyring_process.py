"""Asks the system's keyring, in a process of its own.

Started as a script and imported by nobody: a backend may wait for ever on a window nobody
sees, write warnings to the terminal, or ask on it. A process can be ended, has no terminal,
and its words go nowhere; the console itself draws on stderr, so that stream can't be
captured within it.

Reads one JSON object on stdin: `action` ("get", "set", "delete" or "look"), `service`,
`user` and for "set" `password`. Writes one: `backend`, and `password` (or null) for "get".
"""

import json
import os
import sys
from typing import Any


def usable(backend: Any) -> bool:
    """Tells whether a backend keeps secrets: not nowhere, and not as plain text."""
    kind = type(backend)
    names = " ".join(base.__name__ for base in kind.__mro__).lower()
    return (
        backend.priority > 0
        and not kind.__module__.startswith(("keyring.backends.fail", "keyring.backends.null"))
        and not kind.__module__.startswith("keyrings.alt")
        and "plaintext" not in names
    )


def chosen() -> Any:
    """Returns the backend to use, or None; of a chain the first that keeps secrets."""
    import keyring

    backend = keyring.get_keyring()
    chain = getattr(backend, "backends", None)
    candidates = [backend] if chain is None else list(chain)
    return next((each for each in candidates if usable(each)), None)


def answer(request: dict[str, str]) -> dict[str, str | None]:
    """Does what is asked; raises whatever the backend raises."""
    backend = chosen()
    if backend is None:
        return {"backend": None}
    name = {"backend": f"{type(backend).__module__}.{type(backend).__qualname__}"}
    entry = (request.get("service", ""), request.get("user", ""))
    match request["action"]:
        case "get":
            return {**name, "password": backend.get_password(*entry)}
        case "set":
            backend.set_password(*entry, request["password"])
            return {**name, "password": backend.get_password(*entry)}
        case "delete":
            backend.delete_password(*entry)
    return {**name}


def main() -> None:
    """Answers one request; whatever goes wrong is told by the exception's name alone."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as out:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        request = json.loads(sys.stdin.read())
        try:
            result: dict[str, str | None] = answer(request)
        except BaseException as error:  # noqa: BLE001 - backends raise anything at all
            result = {"failed": type(error).__name__}
        json.dump(result, out)
        out.flush()
        os._exit(0)  # no thread of a backend may hold this up


if __name__ == "__main__":
    main()
