"""Files that a person names."""

from __future__ import annotations

import contextlib
from pathlib import Path

from console.errors import UsageError


def path_of(text: str) -> Path:
    """Returns the path that was typed; `~` is a home, and there may be no such file yet.

    Raises:
        UsageError: No file can be called that, or it may not even be looked at.
    """
    try:
        path = Path(text.strip()).expanduser()
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            path.lstat()
    except OSError as error:
        raise UsageError(f"{text.strip()}: {error.strerror}", hint="name another file") from error
    except RuntimeError as error:
        raise UsageError("nobody here has a home of that name", hint="write it out") from error
    except ValueError as error:
        raise UsageError("no file can be called that", hint="name another one") from error
    return path
