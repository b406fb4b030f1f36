"""Only a key with silence around it confirms."""

import random

from console.ui.quiet import SILENCE, Deliberate


def confirms(presses: list[tuple[float, bool]]) -> bool:
    """Feeds key presses (seconds, is it the key that confirms) and asks once all is silent."""
    watch = Deliberate(0.0)
    for index, (at, meant) in enumerate(presses):
        asked = watch.press(at, meant=meant)
        following = presses[index + 1][0] if index + 1 < len(presses) else at + 10
        if asked and following > at + SILENCE and watch.settled(at + SILENCE):
            return True
    return False


def test_one_key_by_itself_confirms() -> None:
    assert confirms([(1.0, True)])


def test_another_key_does_not() -> None:
    assert not confirms([(1.0, False)])


def test_a_key_that_was_already_down_does_not() -> None:
    held = [(0.03 * n, True) for n in range(1, 200)]
    assert not confirms(held)


def test_a_key_held_from_the_silence_on_does_not() -> None:
    # The first press stands alone until the terminal starts to repeat it, 0.25 s later.
    held = [(1.0, True), *((1.25 + 0.03 * n, True) for n in range(200))]
    assert not confirms(held)


def test_a_paste_does_not() -> None:
    characters = random.Random(1).choices("yn \n", k=500)
    assert not confirms([(1.0 + n / 10_000, c == "y") for n, c in enumerate(characters)])


def test_a_key_after_a_slip_confirms_once_it_stands_alone() -> None:
    assert confirms([(1.0, False), (1.1, True), (2.0, True)])
    assert not confirms([(1.0, False), (1.1, True)])
