"""CSV as RFC 4180 has it, harmless in a spreadsheet. Pure."""

from collections.abc import Iterable

END = "\r\n"
# What a spreadsheet would take for a formula, also behind white space that it trims.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def text(value: str) -> str:
    """A cell of text that somebody else chose: what would be run as a formula gets an apostrophe in front."""
    if value.startswith(_FORMULA) or value.lstrip(" ").startswith(_FORMULA):
        value = "'" + value
    return _quoted(value)


def number(value: int | str | None) -> str:
    """A cell of a number of ours (an integer, or a formatted amount), "" for None: a minus sign is a minus sign."""
    return "" if value is None else _quoted(str(value))


def _quoted(value: str) -> str:
    if any(c in value for c in ',"\r\n') or value != value.strip(" "):
        return '"' + value.replace('"', '""') + '"'
    return value


def line(cells: Iterable[str]) -> str:
    """A record with its end."""
    return ",".join(cells) + END
