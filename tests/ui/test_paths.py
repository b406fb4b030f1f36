"""Files that a person names, possible or not."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.errors import UsageError
from console.ui.paths import path_of


def test_a_home_is_found_and_a_file_may_be_there_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "there").touch()
    assert path_of(" ~/there ") == tmp_path / "there"
    assert path_of("~/nowhere/x.csv") == tmp_path / "nowhere" / "x.csv"
    assert path_of(str(tmp_path / "there" / "x.csv")) == tmp_path / "there" / "x.csv"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("~nobody-by-this-name/x.csv", "home"),
        ("x" * 300, "File name too long"),
        ("x\0.csv", "no file can be called that"),
        ("\ud800.csv", "no file can be called that"),
    ],
)
def test_what_can_be_no_file_is_refused(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        path_of(text)
