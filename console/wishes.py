"""How a person wants the console, looked through without opening it."""

from __future__ import annotations

from console.errors import UsageError


def refused() -> list[str]:
    """Says what of `[ui]`, `[keys]` and the colour schemes keeps the console from starting."""
    from console.ui import settings, themes

    try:
        chosen = settings.load()
    except UsageError as error:
        return [error.message]
    own, wrong = themes.Folder(settings.themes_folder()).news()
    known = [scheme.name for scheme in [*themes.shipped(), *own]]
    if chosen.theme is not None and chosen.theme not in known:
        return [themes.missing(chosen.theme, known, wrong).message]
    return []


def passed_over() -> list[str]:
    """Says what the console starts without: keys that can't be, schemes that are none.

    Raises:
        UsageError: The file holds what it should not.
    """
    from console.ui import settings, themes

    _, wrong = themes.Folder(settings.themes_folder()).news()
    found = [error.message for error in wrong]
    if keys := settings.load().keys:
        from console.ui.keymap import complaints

        found += [f"[keys] {complaint}" for complaint in complaints(keys)]
    return found


def least_size() -> tuple[int, int]:
    """Returns the columns and rows a terminal needs."""
    from console.ui.toosmall import LEAST

    return LEAST.width, LEAST.height
