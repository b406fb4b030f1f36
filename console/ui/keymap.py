"""Keys in place of the usual ones, as `[keys]` of the configuration names them.

Textual has a keymap, but it drops every binding of a key when one of them moves away, and
`esc` has several here. So the bindings of a widget are changed when it is mounted.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib import import_module

from textual.binding import Binding, BindingsMap
from textual.dom import DOMNode
from textual.keys import Keys, _character_to_key
from textual.screen import ModalScreen

EVERYWHERE = "everywhere"


def group_of(kind: type[DOMNode]) -> str:
    """Returns the first part of a key's name: where the key works."""
    title = getattr(kind, "BINDING_GROUP_TITLE", None) or kind.__name__
    return str(title).lower().replace(" ", "-")


def name_of(kind: type[DOMNode], binding: Binding) -> str:
    """Returns what `[keys]` calls a binding: `tables.filter`, `everywhere.show(0)`."""
    return f"{group_of(kind)}.{binding.action}"


def remap(node: DOMNode, keys: Mapping[str, tuple[str, ...]]) -> None:
    """Gives a widget's actions the keys that a person has chosen for them."""
    before = node._bindings  # noqa: SLF001 - there is no public way to change keys at run time
    changed = _remapped(type(node), before, keys)
    if changed is not None:
        node._bindings = changed  # noqa: SLF001


def _remapped(
    kind: type[DOMNode], before: BindingsMap, keys: Mapping[str, tuple[str, ...]]
) -> BindingsMap | None:
    """Returns the bindings with new keys, or None where none of them is meant."""
    kept: list[Binding] = []
    moved: dict[str, Binding] = {}
    for bindings in before.key_to_bindings.values():
        for binding in bindings:
            name = name_of(kind, binding)
            if any(map(_is_key, keys.get(name, ()))):
                moved.setdefault(name, binding)
            else:
                kept.append(binding)
    if not moved:
        return None
    new = [
        replace(binding, key=_long(key), key_display=None)
        for name, binding in moved.items()
        for key in keys[name]
        if _is_key(key)
    ]
    made: dict[str, list[Binding]] = {}
    for binding in [*new, *kept]:  # a chosen key wins over one that was there
        made.setdefault(binding.key, []).append(binding)
    return BindingsMap.from_keys(made)


def _long(key: str) -> str:
    """Returns a key as Textual spells it: `?` is `question_mark`, `F5` is `f5`."""
    if len(key) == 1:
        return _character_to_key(key)
    *modifiers, last = key.split("+")
    last = _character_to_key(last) if len(last) == 1 else last.lower()
    return "+".join([*map(str.lower, modifiers), last])


_NAMED = {key.value for key in Keys} | {_character_to_key(chr(code)) for code in range(33, 127)}


def _is_key(key: str) -> bool:
    return bool({_long(key), _long(key).rpartition("+")[2]} & _NAMED)


def complaints(keys: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Tells what is wrong with the chosen keys: no such action, no such key, one key twice.

    Imports every part of the screen, to know all that can be pressed.
    """
    found: dict[str, dict[str, set[str]]] = {}
    for kind in kinds():
        if issubclass(kind, ModalScreen):
            continue  # while one is open, nothing below it hears a key
        merged = kind._merged_bindings or BindingsMap()  # noqa: SLF001
        group = found.setdefault(group_of(kind), {})
        for key, bindings in merged.key_to_bindings.items():
            for binding in bindings:
                group.setdefault(binding.action, set()).add(key)
    return [*_unknown(keys, found), *_clashes(keys, found)]


def _unknown(
    keys: Mapping[str, tuple[str, ...]], found: Mapping[str, Mapping[str, set[str]]]
) -> Iterator[str]:
    for name, chosen in keys.items():
        group, _, action = name.partition(".")
        if action not in found.get(group, {}):
            yield f"{name} is no action"
        for key in chosen:
            if not _is_key(key):
                yield f"{name}: {key} is no key"


def _clashes(
    keys: Mapping[str, tuple[str, ...]], found: Mapping[str, Mapping[str, set[str]]]
) -> Iterator[str]:
    """Compares a chosen key with its own group and everywhere, one for everywhere with all."""
    told: set[frozenset[str]] = set()
    for name, chosen in keys.items():
        group, _, action = name.partition(".")
        places = found if group == EVERYWHERE else dict.fromkeys((group, EVERYWHERE))
        usual = found.get(group, {}).get(action, set())
        for key in map(_long, chosen):
            for place in places:
                for other, usually in found.get(place, {}).items():
                    full = f"{place}.{other}"
                    now = set(map(_long, keys[full])) if full in keys else usually
                    if other == action or key not in now or (key in usual and full not in keys):
                        continue  # what is shipped so is meant so
                    if frozenset((name, full)) not in told:
                        told.add(frozenset((name, full)))
                        yield f"{name} and {full} are both {key}"


def kinds() -> Iterator[type[DOMNode]]:
    """Yields every class of the console's own that keys can belong to."""
    import console.ui

    for module in pkgutil.walk_packages(console.ui.__path__, "console.ui."):
        import_module(module.name)
    waiting: list[type[DOMNode]] = [DOMNode]
    seen: set[type[DOMNode]] = set()
    while waiting:
        kind = waiting.pop()
        for below in kind.__subclasses__():
            if below not in seen:
                seen.add(below)
                waiting.append(below)
                if below.__module__.startswith("console.ui"):
                    yield below
