"""Numbers as people read them."""

import pytest

from console.cli.tables import size
from console.ui import words


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (999, "999"), (2154, "2,154"), (10_000_000, "10,000,000")],
)
def test_exact_numbers_carry_no_mark(number: int, text: str) -> None:
    assert words.count(number) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "~0"),
        (840, "~840"),
        (9_999, "~9,999"),
        (12_300, "~12.3 k"),
        (999_949, "~999.9 k"),
        (999_950, "~1.0 M"),
        (1_234_567, "~1.2 M"),
        (10_000_000, "~10.0 M"),
        (3_000_000_000, "~3.0 G"),
    ],
)
def test_estimates_are_marked(number: int, text: str) -> None:
    assert words.estimate(number) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0004, "0.4 ms"),
        (0.00994, "9.9 ms"),
        (0.0412, "41 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.0 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 0 s"),
        (125.2, "2 min 5 s"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert words.duration(seconds) == text


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (8192, "8.0 kB"),
        (327_680, "320 kB"),
        (1_395_864_371, "1.3 GB"),
        (5_497_558_138_880, "5.0 TB"),
    ],
)
def test_sizes(octets: int, text: str) -> None:
    assert words.size(octets) == text


def test_plurals() -> None:
    assert words.plural(1, "policy", "policies") == "1 policy"
    assert words.plural(1200, "row") == "1,200 rows"


@pytest.mark.parametrize("octets", [1, 900, 20_480, 114_688, 40 << 20, 7 << 30])
def test_a_size_is_the_same_on_the_screen_and_in_a_table(octets: int) -> None:
    told, unit = words.size(octets).split()
    assert size(octets).split()[1] == unit
    assert float(size(octets).split()[0]) == pytest.approx(float(told), abs=0.5)
