"""What the libraries below remember of all that was ever painted."""

from __future__ import annotations

from rich.segment import Segment
from textual._styles_cache import StylesCache


def forget() -> None:
    """Lets go of what widgets painted that are gone, and of the texts that their edges cut.

    Textual remembers two colours by the object that holds all lines of a widget, a thousand
    times; Rich remembers each text that it cut in two, sixteen thousand times.
    """
    StylesCache.get_inner_outer.cache_clear()
    Segment._split_cells.cache_clear()  # noqa: SLF001 - there is no public way
