"""What is being typed survives, unless it holds a secret."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from console.browse.draft import Draft
from console.errors import ConsoleError


def test_a_draft_is_found_again_by_its_database_alone(tmp_path: Path) -> None:
    draft = Draft("ada here shop", tmp_path)
    assert draft.text == ""
    draft.text = "select 'é' -- \ud800 half"
    assert draft.keep()
    assert Draft("ada here shop", tmp_path).text == "select 'é' -- ? half"
    assert Draft("ada there shop", tmp_path).text == ""
    assert stat.S_IMODE(draft.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(draft.path.parent.stat().st_mode) == 0o700
    assert [path.name for path in draft.path.parent.iterdir()] == [draft.path.name]


def test_a_secret_is_kept_in_memory_only(tmp_path: Path) -> None:
    draft = Draft("shop", tmp_path)
    draft.text = "select 1"
    draft.keep()
    draft.text = "select dblink('postgresql://ada:geheim@db/x', 'select 1')"
    assert not draft.keep()
    assert not draft.path.exists()
    assert "geheim" in draft.text
    draft.text = ""
    assert draft.keep()
    assert Draft("shop", tmp_path).text == ""


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "drafts").write_text("not a folder")
    draft = Draft("shop", tmp_path)
    draft.text = "select 1"
    with pytest.raises(ConsoleError, match="can't be kept"):
        draft.keep()
    assert draft.text == "select 1"
