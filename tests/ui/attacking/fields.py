"""Every place of the interface that makes something to type into, found by reading its code."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from textual.widgets import Input, TextArea

from console import ui
from console.ui.app import RowsightApp
from console.ui.connect import form

HOME = Path(ui.__file__).parent
Made = tuple[str, type, str]
"""Who makes it (a class, or a function of a module), what it is, and the id it is given."""


def named(kind: Any) -> str:
    """Returns a class or function of the interface by a short name: `tables.recall.Recall`."""
    return f"{kind.__module__}.{kind.__qualname__}".removeprefix("console.ui.")


def _modules() -> Iterator[tuple[ModuleType, ast.Module]]:
    for path in sorted(HOME.rglob("*.py")):
        parts = path.relative_to(HOME.parent.parent).with_suffix("").parts
        module = import_module(".".join(part for part in parts if part != "__init__"))
        yield module, ast.parse(path.read_text(encoding="utf-8"))


def _names(module: ModuleType, tree: ast.Module) -> dict[str, Any]:
    """Returns what names mean in a module, those too that only a function of it imports."""
    found = dict(vars(module))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("console.ui"):
            source = import_module(node.module or "")
            for alias in node.names:
                inner = f"{source.__name__}.{alias.name}"
                value = getattr(source, alias.name, None) or import_module(inner)
                found.setdefault(alias.asname or alias.name, value)
    return found


def _meant(callee: ast.expr, names: dict[str, Any], owner: Any) -> Any:
    match callee:
        case ast.Name(name):
            return names.get(name)
        case ast.Attribute(ast.Name("self" | "cls"), name):
            return getattr(owner, name, None)
        case ast.Attribute(value, name):
            return getattr(_meant(value, names, owner), name, None)
    return None


@cache
def makings() -> tuple[Made, ...]:
    """Returns each call in the interface's code that makes an object of a class."""
    found = []
    for module, tree in _modules():
        names = _names(module, tree)
        for top in tree.body:
            owner = getattr(module, getattr(top, "name", ""), None)
            maker = named(owner) if owner is not None else module.__name__
            for node in ast.walk(top):
                if isinstance(node, ast.Call) and inspect.isclass(
                    kind := _meant(node.func, names, owner)
                ):
                    ids = [k.value for k in node.keywords if k.arg == "id"]
                    own = str(ids[0].value) if ids and isinstance(ids[0], ast.Constant) else ""
                    found.append((maker, kind, own))
    return tuple(found)


def fields() -> list[str]:
    """Returns each place that makes a field or an editor: `tables.dialogs.Goto#goto:Field`."""
    made = [
        f"{maker}#{own}:{kind.__name__}" if own else f"{maker}:{kind.__name__}"
        for maker, kind, own in makings()
        if issubclass(kind, Input | TextArea)
    ]
    if RowsightApp.ENABLE_COMMAND_PALETTE:
        made.append("textual.command.CommandPalette:CommandInput")
    return made


def ways() -> set[tuple[str, str]]:
    """Returns who makes what makes a field: `logs.pane.LogsPane`, `logs.stream.StreamView`."""
    makers = {re.split("[#:]", field)[0] for field in fields()}
    return {(maker, named(kind)) for maker, kind, _ in makings() if named(kind) in makers}


def rows_of_forms() -> set[str]:
    """Returns the rows of every form that are typed into: `ProfileForm_host`."""
    kinds = [k for k in vars(form).values() if inspect.isclass(k) and issubclass(k, form.Form)]
    return {f"{k.__name__}_{s.key}" for k in kinds for s in k.specs if not s.choices}
