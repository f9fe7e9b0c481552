"""Instants are integers: milliseconds since 1970 in UTC. Text appears only at the edge, as RFC 3339."""

import re
from datetime import UTC, datetime

_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:([Zz])|([+-])(\d\d):(\d\d))", re.ASCII
)


def parse_instant(text: str) -> int:
    """RFC 3339 with an explicit offset to milliseconds; finer digits are cut. ValueError says what is wrong."""
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError("not an RFC 3339 time with offset, such as 2026-01-31T20:00:00Z")
    year, month, day, hour, minute, second = (int(g) for g in match.groups()[:6])
    fraction, zulu, sign, off_hour, off_minute = match.groups()[6:]
    offset = 0
    if zulu is None:
        if int(off_hour) > 23 or int(off_minute) > 59:
            raise ValueError("the offset is out of range")
        offset = (int(off_hour) * 60 + int(off_minute)) * (1 if sign == "+" else -1)
    whole = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    millis = int((fraction or "0").ljust(3, "0")[:3])
    instant = int(whole.timestamp()) * 1000 + millis - offset * 60_000
    if not MIN_INSTANT <= instant <= MAX_INSTANT:
        raise ValueError("the time is outside the years 2000 to 2199")
    return instant


MIN_INSTANT = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp()) * 1000
MAX_INSTANT = int(datetime(2199, 12, 31, tzinfo=UTC).timestamp()) * 1000


def format_instant(instant_ms: int) -> str:
    """Milliseconds to RFC 3339 in UTC; the fraction appears only where there is one."""
    moment = datetime.fromtimestamp(instant_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    millis = instant_ms % 1000
    return f"{moment}.{millis:03d}Z" if millis else f"{moment}Z"
