"""Tells a deliberate key from a held one, and from text that was pasted.

A person who means it presses one key and waits for the answer. A held key repeats and a
paste brings its characters in a burst, so a key counts only with silence around it.
"""

from __future__ import annotations

SILENCE = 0.4
"""Seconds without any key before and after one that counts; key repeat is faster."""


class Deliberate:
    """Watches the times of key presses; starts out as if a key had just been pressed."""

    def __init__(self, now: float) -> None:
        self._last = now
        self._candidate: float | None = None

    def press(self, now: float, *, meant: bool) -> bool:
        """Notes a key press.

        Args:
            now: Seconds on a clock that only goes forward.
            meant: Whether it is the key that confirms.

        Returns:
            Whether to ask again, with `settled`, after `SILENCE`.
        """
        alone = now - self._last >= SILENCE
        self._last = now
        self._candidate = now if meant and alone else None
        return self._candidate is not None

    def settled(self, now: float) -> bool:
        """Tells whether the key that confirms was pressed, and nothing since."""
        return self._candidate is not None and now - self._candidate >= SILENCE * 0.95
