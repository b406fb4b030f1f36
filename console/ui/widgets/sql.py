"""SQL in colour: keywords, strings, numbers and comments, nothing more."""

from __future__ import annotations

import re

from textual.content import Content, Span

from console.visible import visible_lines

_KEYWORDS = """
add all alter and any array as asc authenticated begin between by cascade case check column
comment commit concurrently constraint create cross current database default deferrable definer
delete desc disable distinct do drop each else enable end exclude execute exists extension
false for force foreign from full function grant group having if immutable in index inherit
inner insert instead into invoker is isolation join key language left level like limit local
lock materialized not null of offset on only or order outer owner partition permissive policy
primary privileges procedure read references rename replace restrict restrictive return
returning returns revoke right role row schema security select sequence set setof stable strict
table then to trigger true truncate type union unique update using validate values view volatile
when where with write
"""

_TOKEN = re.compile(
    r"(?P<comment>--[^\n]*|/\*.*?\*/)"
    r"|(?P<string>'(?:[^']|'')*')"
    r"|(?P<quote>\$\w*\$)"  # what stands between dollar quotes is mostly code: coloured as such
    r'|(?P<name>"(?:[^"]|"")*")'
    r"|(?P<number>\b\d+(?:\.\d+)?\b)"
    rf"|(?P<keyword>\b(?:{'|'.join(_KEYWORDS.split())})\b)",
    re.IGNORECASE | re.DOTALL,
)
_STYLES = {
    "comment": "$sql-comment italic",
    "string": "$sql-string",
    "quote": "$sql-string",
    "number": "$sql-number",
    "keyword": "$sql-keyword",
}


def highlighted(sql: str) -> Content:
    """Returns SQL as safe, coloured content; unfinished or odd SQL stays plain where it is."""
    text = visible_lines(sql)
    spans = [
        Span(match.start(), match.end(), _STYLES[match.lastgroup])
        for match in _TOKEN.finditer(text)
        if match.lastgroup in _STYLES
    ]
    return Content(text, spans)
