"""Who gets which prize, for devtools/recompute.py: the pool and the prize table of docs/scoring.md, done by hand.

Everything is read from the public API's own words: amounts in major units as exact fractions, places one by one.
"""

from fractions import Fraction
from typing import Any

Document = dict[str, Any]
# What a player gets: (kind, game, value, valid hours) -> minor units, or the number of free rounds.
type Prizes = dict[tuple[str, str, str, int], int]
KINDS = ("cash", "bonus", "free_rounds")


def minor(amount: Any, exponent: int) -> int:
    """A decimal string as minor units."""
    exact = Fraction(str(amount)) * 10**exponent
    if exact.denominator != 1:
        raise ValueError(f"{amount} has more than {exponent} decimals")
    return int(exact)


def pool_of(tournament: Document, players: list[Document], exponent: int) -> Document:
    """What was collected and what there is to win, in minor units, from terms and entries."""
    entry = tournament["entry"]

    def sold(price: str, name: str, count: str) -> int:
        fee = minor((entry[name] or {"fee": "0", "rake": "0"})[price], exponent)
        return sum(fee * p[count] for p in players if p["status"] in ("active", "disqualified"))

    seated = sum(p["status"] in ("active", "disqualified") for p in players)
    more = (("rebuy", "rebuys"), ("addOn", "addOns"))
    collected = seated * minor(entry["buyIn"], exponent) + sum(sold("fee", *one) for one in more)
    rake = seated * minor(entry["rake"], exponent) + sum(sold("rake", *one) for one in more)
    seed, guarantee = minor(tournament["seed"], exponent), minor(tournament["guarantee"], exponent)
    net = max(guarantee, seed + collected)
    return {"collected": collected, "rake": rake, "net": net, "overlay": net - seed - collected}


def handed_out(parts: int, left: int, rule: str) -> list[int]:
    """What a remainder comes to for each of so many: all to the first, one each in turn, or nothing."""
    if rule == "house":
        return [0] * parts
    if rule == "to_first":
        return [left] + [0] * (parts - 1)
    return [sum(1 for unit in range(left) if unit % parts == i) for i in range(parts)]


def divided(total: int, ways: int, rule: str) -> list[int]:
    """Equal parts, and what cannot be divided by the remainder rule."""
    return [total // ways + extra for extra in handed_out(ways, total % ways, rule)]


def of_place(table: Document, place: int, exponent: int) -> list[Document]:
    """The prizes of one place."""
    found = []
    for line in table["lines"]:
        places = line.get("rankTo", line["rankFrom"]) - line["rankFrom"] + 1
        if not line["rankFrom"] <= place < line["rankFrom"] + places:
            continue
        kind = line.get("kind", "cash")
        free = kind == "free_rounds"
        found.append(
            {
                "key": (kind, line["gameSlug"], line["value"], line["validHours"])
                if free
                else (kind, "", "", 0),
                "fixed": minor(line["amount"], exponent) if "amount" in line else 0,
                "share": Fraction(line.get("shareBps", 0), 10_000 * places),
                "rounds": line["count"] if free else 0,
            }
        )
    return sorted(found, key=lambda prize: KINDS.index(prize["key"][0]))


def together(prizes: list[Document]) -> list[Document]:
    """Prizes of the same sort as one."""
    out: list[Document] = []
    for key in sorted({p["key"] for p in prizes}, key=lambda key: KINDS.index(key[0])):
        same = [p for p in prizes if p["key"] == key]
        out.append(
            {"key": key, **{name: sum(p[name] for p in same) for name in ("fixed", "share", "rounds")}}
        )
    return out


def groups_of(rows: list[Document], ties: str) -> list[list[Document]]:
    """Players of one rank, in board order; each for himself where the earliest wins."""
    groups: list[list[Document]] = []
    for row in rows:
        if groups and ties != "earliest_wins" and groups[-1][0]["rank"] == row["rank"]:
            groups[-1].append(row)
        else:
            groups.append([row])
    return groups


def prizes_of(table: Document, board: list[Document], net: int, exponent: int) -> dict[str, Prizes]:
    """Prizes by entry id; `board` is in order, with rank (0 = none), score and entryId."""
    ties, rule = table.get("ties") or "split_places", table.get("remainder") or "to_first"
    least = table.get("minScore")
    rows = [r for r in board if r["rank"] and (least is None or r["score"] >= least)]
    won: dict[str, Prizes] = {}
    sharing: list[tuple[str, tuple[str, str, str, int]]] = []
    promised, cut, first = Fraction(0), 0, 1

    def give(row: Document, key: tuple[str, str, str, int], what: int) -> None:
        mine = won.setdefault(row["entryId"], {})
        mine[key] = mine.get(key, 0) + what

    for group in groups_of(rows, ties):
        places = range(first, first + len(group))
        first += len(group)
        if ties == "split_places" and len(group) > 1:
            ways, prizes = len(group), together([p for n in places for p in of_place(table, n, exponent)])
        else:
            place = places[-1] if ties == "drop_to_lower" else places[0]
            ways, prizes = 1, of_place(table, place, exponent)
        for prize in prizes:
            share = int(net * prize["share"])
            fixed, shares = divided(prize["fixed"], ways, rule), divided(share, ways, rule)
            for i, row in enumerate(group):
                give(row, prize["key"], fixed[i % ways] + shares[i % ways] + prize["rounds"] // ways)
            copies = len(group) // ways
            promised, cut = promised + copies * prize["share"], cut + copies * share
        sharing += [(row["entryId"], p["key"]) for row in group for p in prizes if p["share"]]
    if sharing:
        for (entry_id, key), extra in zip(
            sharing, handed_out(len(sharing), int(net * promised) - cut, rule), strict=True
        ):
            won[entry_id][key] += extra
    return {entry: {k: v for k, v in mine.items() if v} for entry, mine in won.items() if any(mine.values())}


def published(winners: list[Document], exponent: int) -> dict[str, Prizes]:
    """The prizes of a published result, by entry id."""
    out: dict[str, Prizes] = {}
    for row in winners:
        for prize in row["prizes"]:
            mine = out.setdefault(row["playerId"], {})
            if prize["kind"] == "free_rounds":
                mine["free_rounds", prize["gameSlug"], prize["value"], prize["validHours"]] = prize["count"]
            else:
                mine[prize["kind"], "", "", 0] = minor(prize["amount"], exponent)
    return out


def prize_differences(
    tournament: Document, players: list[Document], board: list[Document], result: Document, exponent: int
) -> list[str]:
    """What differs between a published result's pool and prizes and these; [] if nothing."""
    pool = pool_of(tournament, players, exponent)
    shown = {name: minor(result["prizePool"][name], exponent) for name in pool}
    out = [
        f"pool: {name} is {pool[name]} here, {shown[name]} there"
        for name in pool
        if pool[name] != shown[name]
    ]
    mine = prizes_of(tournament["prizes"], board, pool["net"], exponent) if tournament["prizes"] else {}
    theirs = published(result["winners"], exponent)
    return out + [
        f"prizes of {entry}: {mine.get(entry)} here, {theirs.get(entry)} there"
        for entry in sorted({*mine, *theirs})
        if mine.get(entry) != theirs.get(entry)
    ]
