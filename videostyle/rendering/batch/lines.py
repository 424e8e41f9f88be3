"""Where the names of a TOML file stand, which tomllib does not say."""

import re


def lines_of(text: str) -> dict[tuple[str, str], int]:
    """(section, dotted name) -> line, from 1; sections are ``defaults``, ``job 0``, ``job 1``...; name "": the header.

    Good enough for messages: a line inside a text of several lines may be taken for a key.
    """
    lines: dict[tuple[str, str], int] = {}
    section, prefix, count = "", "", -1
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*(\[{1,2})\s*([^\[\]]+?)\s*\]", line):
            parts = _keys(header[2])
            count += header[1] == "[[" and parts == ["job"]
            section, prefix = f"job {count}" if parts[0] == "job" else parts[0], "".join(f"{p}." for p in parts[1:])
            lines.setdefault((section, prefix.rstrip(".")), number)
            lines.setdefault((parts[0], ""), number)
        elif key := re.match(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""", line):
            lines.setdefault((section, prefix + ".".join(_keys(key[1]))), number)
    return lines


def _keys(dotted: str) -> list[str]:
    return [part.strip().strip("\"'") for part in dotted.split(".")]
