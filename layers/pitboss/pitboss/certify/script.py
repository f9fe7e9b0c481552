"""The little language of cases.json: one line, one step. Pure.

    bet t1 10 -> OK 990                      a call, and the answers that are right
    win w1 20 ref=t1 session=old -> OK       options say what differs from the usual
    bet t2 10 !drop-reply -> LOST            faults on our side of the wire begin with !
    batch bet t1 10 + win w1 25 ref=t1 -> OK 1015      one atomic list
    race x10 bet t1 10 -> 1 OK + 9 REPLAY    ten at once; each is repeated while the answer says retryable
    race x100 rollback r# of=t# + bet t# 10  pairs at once; # is the number of the pair
    balance -> 990                           what the wallet says now
    until balance -> 1000                    the same, asked again until a deadline

An amount is sent as a decimal string; `=` before it sends the JSON as written (`=10.0`, `=true`, `=missing`).
"""

import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any

from pitboss.certify.model import TARGETS, Act, Case, Play, Step, Target, Wanted

CALLS = ("bet", "win", "rollback", "end", "balance", "authenticate")
MANY = ("batch", "race", "until")
_WHERE: Mapping[str, tuple[Target, ...]] = {
    "all": TARGETS,
    "hub": ("transfer", "seamless"),
    **{target: (target,) for target in TARGETS},
}


class ScriptError(ValueError):
    """A line of cases.json that cannot be read."""


def read_act(text: str) -> Act:
    """One call or control with its words, options and faults."""
    verb, *rest = text.split()
    words, options, wire = [], {}, {}
    for part in rest:
        if part.startswith("!"):
            name, _, value = part[1:].partition("=")
            wire[name] = value
        elif "=" in part[1:] and not part.startswith("="):
            name, _, value = part.partition("=")
            options[name] = value
        else:
            words.append(part)
    return Act(verb, tuple(words), options, wire)


def _number(text: str, line: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ScriptError(f"{line!r}: {text!r} is no balance") from None


def read_wanted(text: str, line: str) -> Wanted:
    """`OK 990`, `9 REPLAY`, `REPLAY 990 now=980`, or a bare balance."""
    parts = text.split()
    times = int(parts.pop(0)) if len(parts) > 1 and parts[0].isdigit() and parts[1].isupper() else 0
    now = None
    if parts and parts[-1].startswith("now="):
        now = _number(parts.pop()[4:], line)
    if not parts:
        raise ScriptError(f"{line!r}: an empty expectation")
    if len(parts) == 1 and not parts[0][0].isalpha():
        return Wanted("OK", _number(parts[0], line), now, times)
    if len(parts) > 2 or not parts[0].replace("_", "").isalnum():
        raise ScriptError(f"{line!r}: cannot read {text!r}")
    return Wanted(parts[0], _number(parts[1], line) if len(parts) == 2 else None, now, times)


def read_step(line: str) -> Step:
    """One line. Raises ScriptError."""
    body, arrow, wanted = line.partition(" -> ")
    if line.rstrip().endswith("->") or not body.strip():
        raise ScriptError(f"{line!r}: something is missing")
    verb, _, rest = body.strip().partition(" ")
    repeat = 1
    if verb == "race":
        count, _, rest = rest.partition(" ")
        if not count.startswith("x") or not count[1:].isdigit():
            raise ScriptError(f"{line!r}: race x<how many> <calls>")
        repeat = int(count[1:])
    acts = tuple(read_act(part) for part in rest.split(" + ")) if verb in MANY and rest else (read_act(body),)
    split = " + " if verb == "race" else " | "
    expected = tuple(read_wanted(part, line) for part in wanted.split(split)) if arrow else ()
    return Step(line, verb, acts, repeat, expected)


def _read_play(row: Mapping[str, Any]) -> Play:
    known = {"on", "if", "steps", "skip", "how"}
    if set(row) - known or bool(row.get("steps")) == bool(row.get("skip")):
        raise ScriptError(f"a play has steps or a reason to skip: {sorted(row)}")
    return Play(
        targets=_WHERE[row.get("on", "all")],
        switches=dict(row.get("if", {})),
        steps=tuple(read_step(line) for line in row.get("steps", ())),
        skip=row.get("skip", ""),
        how=row.get("how", ""),
    )


def read_case(row: Mapping[str, Any]) -> Case:
    """One row of cases.json."""
    return Case(
        number=row["number"],
        title=row["title"],
        group=row["group"],
        rule=row["rule"],
        source=row["source"],
        level=row["level"],
        causes=tuple(row["causes"]),
        plays=tuple(_read_play(play) for play in row["plays"]),
    )


@cache
def cases() -> tuple[Case, ...]:
    """Every case in order."""
    rows = json.loads(Path(__file__).with_name("cases.json").read_text("utf-8"))["cases"]
    return tuple(read_case(row) for row in rows)


@cache
def profiles() -> Mapping[str, Mapping[str, Any]]:
    """All switches of each profile that speaks the hub's own protocol, `default` first. A row of the table names what differs
    from the default; a test holds the table equal to the hub's (docs/profiles.md)."""
    document = json.loads(Path(__file__).with_name("cases.json").read_text("utf-8"))
    rows: Mapping[str, Mapping[str, Any]] = document["profiles"]
    return {name: {**rows["default"], **row} for name, row in rows.items()}
