"""Every scheme is readable, and whole."""

from __future__ import annotations

import itertools
import math
import re
from pathlib import Path

import pytest
from rich._palettes import STANDARD_PALETTE
from textual.color import Color
from textual.theme import Theme

from console.assets import theme_file
from console.connection.profile import Environment, Profile
from console.errors import UsageError
from console.ui import themes
from console.ui.app import RowsightApp
from console.ui.sheets import SHEETS
from console.ui.status import Link, Status
from tests.ui.screen import lines, until

SCHEMES = themes.shipped()
READABLE = 4.5
"""Least contrast of text, WCAG 2 level AA."""

SURFACES = ("background", "surface", "panel")
TEXTS = (
    *("foreground", "muted", "primary", "accent", "success", "warning", "error"),
    *("null", "sql-keyword", "sql-string", "sql-number", "sql-comment", "removed", "added"),
)
PAIRS = [
    *itertools.product(TEXTS, SURFACES),
    *itertools.product(("foreground", "muted", "null", "success", "warning"), ("cursor",)),
    *itertools.product(("foreground", "muted", "null"), ("cursor-blurred",)),
    ("cursor-text", "cursor-cell"),
    ("background", "primary"),  # the active tab
    *((f"env-{name}-text", f"env-{name}") for name in Environment),
    *itertools.product(
        ("header-text", "header-muted", "success", "warning", "error"),
        [f"env-{name}-bar" for name in Environment],
    ),
]


def luminance(color: Color) -> float:
    def linear(part: float) -> float:
        return part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(part / 255) for part in color.rgb)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, two: str) -> float:
    darker, lighter = sorted(luminance(Color.parse(name)) for name in (one, two))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_computed_as_the_standard_says() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: scheme.name)
def test_text_can_be_read_on_what_it_stands_on(scheme: Theme) -> None:
    colors = {**scheme.to_color_system().generate(), **scheme.variables}
    faint = {
        f"{text} on {ground}": round(ratio, 2)
        for text, ground in PAIRS
        if (ratio := contrast(colors[text], colors[ground])) < READABLE
    }
    assert faint == {}


def test_high_contrast_is_higher() -> None:
    (scheme,) = (scheme for scheme in SCHEMES if scheme.name == "high-contrast")
    colors = {**scheme.to_color_system().generate(), **scheme.variables}
    assert {pair for pair in PAIRS if contrast(colors[pair[0]], colors[pair[1]]) < 7} == set()


def seen_by_a_deuteranope(name: str) -> tuple[float, float, float]:
    """Returns a colour in CIE Lab as eyes without M cones see it (Machado et al., 2009)."""
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (value / 255 for value in Color.parse(name).rgb)
    ]
    matrix = (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    )
    red, green, blue = (
        sum(weight * part for weight, part in zip(row, linear, strict=True)) for row in matrix
    )
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089
    x, y, z = (
        max(part, 0) ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116
        for part in (x, y, z)
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def test_colours_that_mean_something_differ_without_red_and_green() -> None:
    (scheme,) = (scheme for scheme in SCHEMES if scheme.name == "colour-blind-safe")
    colors = {**scheme.to_color_system().generate(), **scheme.variables}
    meanings = ("success", "warning", "error"), ("added", "removed")
    environments = tuple(f"env-{name}" for name in Environment if name != "unknown")
    for group in (*meanings, environments):
        for one, other in itertools.combinations(group, 2):
            pair = seen_by_a_deuteranope(colors[one]), seen_by_a_deuteranope(colors[other])
            assert math.dist(*pair) > 20, (one, other)


def test_the_scheme_for_sixteen_colours_uses_no_other() -> None:
    (scheme,) = (scheme for scheme in SCHEMES if scheme.name == themes.SIXTEEN)
    colors = {**scheme.variables, **{name: getattr(scheme, name) for name in TEXTS[:1] + SURFACES}}
    levels = {0x00, 0x55, 0xAA, 0xFF}
    used = {tuple(Color.parse(color).rgb) for color in colors.values()}
    assert {part for color in used for part in color} <= levels
    standard = {tuple(triplet) for triplet in STANDARD_PALETTE._colors}
    assert used <= standard


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: scheme.name)
def test_a_scheme_says_every_variable(scheme: Theme) -> None:
    assert scheme.variables.keys() == SCHEMES[0].variables.keys()


def test_sheets_and_code_use_no_variable_that_no_scheme_has() -> None:
    known = {*SCHEMES[0].to_color_system().generate(), *SCHEMES[0].variables}
    package = Path(themes.__file__).parent
    sources = [theme_file(f"{sheet}.tcss") for sheet in SHEETS] + sorted(package.rglob("*.py"))
    for source in sources:
        text = source.read_text(encoding="utf-8")
        used = set(re.findall(r"\$([a-z][a-z0-9-]+)", text))
        # `$env-{environment}` and the like are put together at run time.
        assert {name for name in used if name not in known and not name.endswith("-")} == set()


def test_a_scheme_that_leaves_things_out_gets_the_default_ones(unreachable: Profile) -> None:
    app = RowsightApp(unreachable)
    app.register_theme(Theme(name="bare", primary="#336699"))
    app.theme = "bare"
    assert app.get_css_variables()["env-prod"] == SCHEMES[0].variables["env-prod"]


@pytest.mark.parametrize(
    "text", ["", "name = 1", 'name = "x"\ndark = true', "[colors", '[colors]\nprimary = "#fff"']
)
def test_what_is_no_scheme_is_refused_in_words(text: str, tmp_path: Path) -> None:
    path = tmp_path / "odd.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"odd\.toml is not a colour scheme"):
        themes.load(path)


async def test_without_colour_everything_is_still_told(
    unreachable: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = RowsightApp(unreachable)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        strips = app.screen._compositor.render_strips()
        for strip in strips:
            for segment in strip:
                for color in (segment.style.color, segment.style.bgcolor) if segment.style else ():
                    triplet = color.triplet if color else None
                    assert triplet is None or triplet.red == triplet.green == triplet.blue
        header = lines(app)[0]
        assert header.split()[0] == "PROD"
        assert "READ-ONLY" in header


@pytest.mark.parametrize("environment", list(Environment))
async def test_the_environment_is_a_word_first(
    unreachable: Profile, environment: Environment
) -> None:
    app = RowsightApp(unreachable)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "not connected")
        workspace = app._workspace
        profile = Profile("x", unreachable.parameters, environment)
        workspace.status = Status(profile, link=Link.LOST, write_mode=True)
        await pilot.pause()
        word = "DATABASE" if environment is Environment.UNKNOWN else environment.upper()
        header = lines(app)[0].split()
        assert header[:3] == [word, "ada@127.0.0.1:1/shop", "WRITE"]
        assert header[-2:] == ["lost", "✕"]
