"""Prize tables: who gets what, exact to the minor unit.

Prizes go by place (1st, 2nd, 3rd in board order), so a dense rank never pays twice. Players of one rank share the
places they stand on by the table's tie rule. What shares of the pool leave over by cutting goes by the remainder rule;
places that nobody may claim stay with the house. Nothing is ever rounded up.
"""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

from pitboss.kernel.money import MAX_MINOR
from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.scoring.checks import SAFE_INT, Checker
from pitboss.scoring.model import BASIS_POINTS, Award, Pool, Ranked

KINDS = ("cash", "bonus", "free_rounds")
PRIZE_TIES = ("split_places", "all_get_higher", "earliest_wins", "drop_to_lower")
REMAINDERS = ("to_first", "next", "house")
MAX_LINES = 500
MAX_PLACE = 100_000
MAX_VALID_HOURS = 24 * 366


def check_prizes(document: Any) -> list[FieldError]:
    """Every fault of a prize table; [] if it can be paid by."""
    check = Checker()
    if not check.fields("", document, ("schema", "lines"), ("ties", "remainder", "minScore")):
        return check.faults
    check.integer("schema", document["schema"], 1, 1)
    ties = check.choice("ties", document.get("ties", "split_places"), PRIZE_TIES)
    check.choice("remainder", document.get("remainder", "to_first"), REMAINDERS)
    check.optional_integer(document, "", "minScore", -SAFE_INT, SAFE_INT)
    lines = document["lines"]
    if not isinstance(lines, list) or not 1 <= len(lines) <= MAX_LINES:
        check.fault("lines", f"must be a list of 1 to {MAX_LINES} lines")
        return check.faults
    for i, line in enumerate(lines):
        _check_line(check, f"lines[{i}]", line, ties)
    if not check.faults:
        _check_overlap(check, lines)
        if ties == "drop_to_lower":
            _check_falling(check, lines)
        total = sum(line.get("shareBps", 0) for line in lines)
        if total > BASIS_POINTS:
            check.fault("lines", f"the shares add up to {total} of 10000 basis points")
    return check.faults


def _check_line(check: Checker, path: str, line: Any, ties: str | None) -> None:
    kind = line.get("kind") if isinstance(line, Mapping) else None
    own = ("count", "value", "game", "validHours") if kind == "free_rounds" else ()
    either = () if own else ("amount", "shareBps")
    if not check.fields(path, line, ("from", "to", "kind", *own), either):
        return
    first = check.integer(f"{path}.from", line["from"], 1, MAX_PLACE)
    last = check.integer(f"{path}.to", line["to"], 1, MAX_PLACE)
    if first is not None and last is not None and last < first:
        check.fault(f"{path}.to", "is before from")
    if check.choice(f"{path}.kind", kind, KINDS) is None:
        return
    if kind == "free_rounds":
        check.integer(f"{path}.count", line["count"], 1, 100_000)
        check.integer(f"{path}.value", line["value"], 1, MAX_MINOR)
        check.text(f"{path}.game", line["game"])
        check.integer(f"{path}.validHours", line["validHours"], 1, MAX_VALID_HOURS)
        return
    if ("amount" in line) == ("shareBps" in line):
        check.fault(path, "takes either amount or shareBps")
        return
    check.optional_integer(line, path, "amount", 1, MAX_MINOR)
    check.optional_integer(line, path, "shareBps", 1, BASIS_POINTS)
    if "shareBps" in line and ties == "all_get_higher":
        check.fault(
            f"{path}.shareBps",
            "one share of the pool cannot be paid to several; use amounts or another tie rule",
        )


def _check_overlap(check: Checker, lines: Sequence[Mapping[str, Any]]) -> None:
    for kind in KINDS:
        rows = sorted((line["from"], line["to"], i) for i, line in enumerate(lines) if line["kind"] == kind)
        for (_, end, _), (start, _, i) in pairwise(rows):
            if start <= end:
                check.fault(f"lines[{i}]", f"overlaps another line of {kind} at place {start}")


def _check_falling(check: Checker, lines: Sequence[Mapping[str, Any]]) -> None:
    """Tied players all take the lowest of their places: were that one dearer, the pool would not suffice."""
    for kind in KINDS:
        place, before = 1, Fraction(1)
        rows = [(line["from"], i, line) for i, line in enumerate(lines) if line["kind"] == kind]
        for start, i, line in sorted((row for row in rows if "shareBps" in row[2]), key=lambda row: row[0]):
            share = _share_of_place(line)
            if start != place or share > before:
                check.fault(
                    f"lines[{i}]", "with drop_to_lower, shares run from place 1 without a gap and never rise"
                )
            place, before = line["to"] + 1, share


def _share_of_place(line: Mapping[str, Any]) -> Fraction:
    """A line's share of the pool is divided equally among the places of its range."""
    return Fraction(line.get("shareBps", 0), BASIS_POINTS * (line["to"] - line["from"] + 1))


class _Parcel(NamedTuple):
    """Prizes of one kind on one place, or on the tied places together; `share` is a part of the pool (0 to 1)."""

    kind: str
    value: int
    game: str
    valid_hours: int
    amount: int
    share: Fraction
    rounds: int


def split_prizes(
    prize_table: Mapping[str, Any], ranked: Sequence[Ranked], pool: int, exponent: int, currency: str
) -> list[Award]:
    """Awards in board order; a player may get several, one of each kind of prize.

    Args:
        prize_table: a document that `check_prizes` has nothing against (PRIZES_INVALID otherwise).
        ranked: the board as `rank` made it; those without a rank or below `minScore` get nothing.
        pool: the net pool in minor units of `currency`, never negative.

    The sum of `from_pool` never exceeds the pool, and `unpaid` says what stays: nothing, if every place is claimed,
    the shares make 10,000 basis points and the remainder rule is not "house". Parts of a free round are dropped.
    """
    faults = check_prizes(prize_table)
    if faults:
        raise Refusal("PRIZES_INVALID", "The prize table is not valid; see errors.", errors=faults)
    if pool < 0:
        raise ValueError("a pool is never negative")
    rule = prize_table.get("remainder", "to_first")
    awards: list[Award] = []
    sharing: list[int] = []  # positions in `awards` of those that hold a share of the pool
    promised, given = Fraction(0), 0
    for group, parcels, ways in _deals(prize_table, ranked):
        fixed = [_parts(parcel.amount, ways, rule) for parcel in parcels]
        shares = [_parts(int(pool * parcel.share), ways, rule) for parcel in parcels]
        for i, player in enumerate(group):
            for parcel, amounts, cuts in zip(parcels, fixed, shares, strict=True):
                share = cuts[i % ways]
                if parcel.share:
                    sharing.append(len(awards))
                awards.append(
                    _award(
                        player,
                        parcel,
                        amounts[i % ways],
                        share,
                        ways=ways,
                        exponent=exponent,
                        currency=currency,
                    )
                )
        copies = len(group) // ways
        promised += copies * sum(parcel.share for parcel in parcels)
        given += copies * sum(int(pool * parcel.share) for parcel in parcels)
    _hand_out(awards, sharing, int(pool * promised) - given, rule)
    return [award for award in awards if award.amount or award.free_rounds]


def _hand_out(awards: list[Award], sharing: Sequence[int], left: int, rule: str) -> None:
    """Units that rounding left over go to those who hold a share, in the order of the remainder rule."""
    if not sharing:
        return
    for i, extra in enumerate(_parts(left, len(sharing), rule, whole=True)):
        if extra:
            award = awards[sharing[i]]
            awards[sharing[i]] = award._replace(
                amount=award.amount + extra, from_pool=award.from_pool + extra
            )


def _deals(
    table: Mapping[str, Any], ranked: Sequence[Ranked]
) -> Iterator[tuple[Sequence[Ranked], list[_Parcel], int]]:
    """(players of one rank, what they get, among how many it is divided: all of them, or 1 when each gets it whole)."""
    ties = table.get("ties", "split_places")
    least = table.get("minScore", -SAFE_INT * SAFE_INT)
    players = [row for row in ranked if row.rank and row.score >= least]
    prizes = _by_place(table["lines"], len(players))
    at = 0
    while at < len(prizes):
        end = at + 1
        while ties != "earliest_wins" and end < len(players) and players[end].rank == players[at].rank:
            end += 1
        group = players[at:end]
        if ties == "split_places" and len(group) > 1:
            together = [parcel for place in prizes[at:end] for parcel in place]
            yield group, _merged(together), len(group)
        elif ties == "drop_to_lower":
            yield group, prizes[end - 1] if end <= len(prizes) else [], 1
        else:
            yield group, prizes[at], 1
        at = end


def _by_place(lines: Sequence[Mapping[str, Any]], players: int) -> list[list[_Parcel]]:
    """The parcels of every place that is both paid and taken."""
    places: list[list[_Parcel]] = [[] for _ in range(min(players, max(line["to"] for line in lines)))]
    for line in sorted(lines, key=lambda row: KINDS.index(row["kind"])):
        parcel = _Parcel(
            line["kind"],
            line.get("value", 0),
            line.get("game", ""),
            line.get("validHours", 0),
            line.get("amount", 0),
            _share_of_place(line),
            line.get("count", 0),
        )
        for place in range(line["from"] - 1, min(line["to"], len(places))):
            places[place].append(parcel)
    return places


def _merged(parcels: Sequence[_Parcel]) -> list[_Parcel]:
    """Parcels of the same kind (for free rounds: of the same game, value and validity) put together."""
    found: dict[tuple[Any, ...], _Parcel] = {}
    for parcel in parcels:
        old = found.get(parcel[:4])
        found[parcel[:4]] = (
            parcel
            if old is None
            else old._replace(
                amount=old.amount + parcel.amount,
                share=old.share + parcel.share,
                rounds=old.rounds + parcel.rounds,
            )
        )
    return sorted(found.values(), key=lambda parcel: KINDS.index(parcel.kind))


def _parts(total: int, ways: int, rule: str, *, whole: bool = False) -> list[int]:
    """`total` in `ways` parts, in board order: equal ones (none if `whole`: all of it is a remainder), and what
    cannot be divided to the first, or one unit each to the next in turn, or to nobody ("house")."""
    base = 0 if whole else total // ways
    rest = total - base * ways
    if rule == "to_first":
        return [base + rest] + [base] * (ways - 1)
    if rule == "next":
        each, few = divmod(rest, ways)
        return [base + each + (1 if i < few else 0) for i in range(ways)]
    return [base] * ways


def _award(
    player: Ranked, parcel: _Parcel, amount: int, share: int, *, ways: int, exponent: int, currency: str
) -> Award:
    return Award(
        player.entry_id,
        player.brand_id,
        player.player_id,
        player.rank,
        parcel.kind,
        amount + share,
        share,
        currency,
        exponent,
        parcel.rounds // ways,
        parcel.value,
        parcel.game,
        parcel.valid_hours,
    )


def unpaid(awards: Sequence[Award], pool: int) -> int:
    """What of the pool nobody got: unclaimed places, shares that were never promised, and the remainder."""
    return pool - sum(award.from_pool for award in awards)


def pool_of(
    entries: int,
    buy_in: int,
    guarantee: int = 0,
    seed: int = 0,
    *,
    rebuys: int = 0,
    rebuy: int = 0,
    add_ons: int = 0,
    add_on: int = 0,
) -> Pool:
    """net = max(guarantee, seed + collected); overlay is what the house adds to get there. All minor units, rake
    apart; refunded entries are not counted in."""
    if min(entries, buy_in, guarantee, seed, rebuys, rebuy, add_ons, add_on) < 0:
        raise ValueError("pool figures are never negative")
    collected = entries * buy_in + rebuys * rebuy + add_ons * add_on
    net = max(guarantee, seed + collected)
    return Pool(collected, net - seed - collected, net)
