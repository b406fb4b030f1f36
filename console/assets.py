"""Finds the files shipped beside the code: `schema/` and `themes/`.

An installed wheel carries them inside the package, a checkout beside it.
"""

from __future__ import annotations

from pathlib import Path

from console.errors import ConsoleError

_PACKAGE = Path(__file__).resolve().parent

MASTER_MIGRATION = "99999999999999_master_consolidated_schema.sql"
EXPECTED_CATALOG = "expected_catalog.json"
PLAIN_POSTGRES = "plain_postgres.sql"
SAMPLE_DATA = "sample_data.sql"
TRAFFIC = "traffic.sql"


def _find(folder: str, name: str) -> Path:
    for base in (_PACKAGE, _PACKAGE.parent):
        path = base / folder / name
        if path.is_file():
            return path
    raise ConsoleError(
        f"the file {folder}/{name} is missing from this installation",
        hint="install rowsight again",
    )


def schema_file(name: str) -> Path:
    """Returns the path of a file of `schema/`.

    Raises:
        ConsoleError: The installation is incomplete.
    """
    return _find("schema", name)


def theme_file(name: str) -> Path:
    """Returns the path of a file of `themes/`.

    Raises:
        ConsoleError: The installation is incomplete.
    """
    return _find("themes", name)
