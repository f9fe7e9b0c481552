"""Standings from the raw rounds, by a program that shares nothing with the product but its documentation.

    python -m devtools.recompute tournament.json rounds.jsonl[.gz] [--expect standings.json]

`tournament.json` holds {ruleSet, ranking, window: {startAt, endAt, pauses: [[from, to]]}, seats: [{entryId, brandId,
playerId, status, joinedAt, stints: [{entryNo, from, roundsExtra, pointsExtra}]}]}; times are RFC 3339 or milliseconds.
`rounds.jsonl` holds round messages as they were sent, one a line, repeats and corrections included. Everything here is
done in the most naive way (docs/scoring.md, word by word): take the distinct rounds, throw out what may not count, sort,
and look at all of them again for each question. Slow on purpose; standard library only.
"""

import argparse
import gzip
import hashlib
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from math import floor, trunc
from pathlib import Path
from typing import Any

Document = dict[str, Any]
NEVER = 2**53 - 1
LARGEST = 10**14
SINGLE = (
    *("total_wagered", "total_won", "net_win", "round_count", "win_count", "wins_at_least"),
    *("sum_multipliers", "bet_points", "win_points"),
)
ISO_ZERO, ISO_THREE = (
    {"JPY", "KRW", "VND", "CLP", "ISK", "XAF", "XOF", "UGX"},
    {"BHD", "KWD", "JOD", "OMR", "TND"},
)


def millis(when: Any) -> int:
    """RFC 3339 or milliseconds to milliseconds; finer digits are cut."""
    if isinstance(when, int):
        return when
    moment = datetime.fromisoformat(when)
    whole = moment.replace(microsecond=0)
    return int(whole.timestamp()) * 1000 + moment.microsecond // 1000


def digits_of(currency: str, rules: Document) -> int:
    """Decimals of a currency: as the rule set states them, else ISO 4217."""
    if currency == rules["base"]["currency"]:
        return int(rules["base"]["exponent"])
    if currency in rules.get("rates", {}):
        return int(rules["rates"][currency]["exponent"])
    return 0 if currency in ISO_ZERO else 3 if currency in ISO_THREE else 2


def read_round(message: Document, rules: Document, place: int) -> Document:
    """A message as it is used here: amounts as exact fractions of major units, times in milliseconds."""
    money = {
        k: Fraction(Decimal(str(message.get(k, 0))))
        for k in ("bet", "win", "betBonus", "winBonus", "jackpot")
    }
    return {
        **message,
        **money,
        "player": (message["brandId"], message["playerId"]),
        "revision": message.get("revision", 0),
        "status": message.get("status", "settled"),
        "started": millis(message["startedAt"]) if message.get("startedAt") else millis(message["settledAt"]),
        "settled": millis(message["settledAt"]),
        "order": (millis(message["settledAt"]), message.get("seq") or 0, order_key(message)),
        "digits": digits_of(message["currency"], rules),
        "place": place,
    }


def order_key(message: Document) -> int:
    """Last word on the order of two rounds of a player settled in one millisecond without a `seq`."""
    if "key" in message:
        return int(message["key"])
    text = f"{message['roundId']}\x1f{message.get('revision', 0)}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def distinct(rounds: Iterable[Document]) -> list[Document]:
    """The highest revision of each round; of one sent twice the first; rolled back ones as they last stood."""
    every: dict[Any, list[Document]] = defaultdict(list)
    for row in rounds:
        every[row["player"], row["roundId"]].append(row)
    out = []
    for rows in every.values():
        revisions: dict[int, Document] = {}
        for row in sorted(rows, key=lambda r: r["place"]):
            revisions.setdefault(row["revision"], row)
        newest = revisions[max(revisions)]
        if newest["status"] != "rolled_back":
            out.append(newest)
            continue
        stood = [r for r in revisions.values() if r["status"] != "rolled_back"]
        if stood:
            out.append({**max(stood, key=lambda r: r["revision"]), "status": "rolled_back"})
    return out


def to_base(amount: Fraction, row: Document, rules: Document) -> int:
    """Minor units of the base currency, cut down."""
    base = rules["base"]
    rate = {"num": 1, "den": 1} if row["currency"] == base["currency"] else rules["rates"][row["currency"]]
    return floor(amount * Fraction(rate["num"], rate["den"]) * int(10 ** base["exponent"]))


def entry_of(row: Document, seat: Document | None, window: Document, rules: Document) -> int:
    """The entry number a round counts for, 0 for none."""
    allowed = rules.get("eligibility", {})
    games = allowed.get("games", {})
    at = row["started"] if allowed.get("timestamp") == "started" else row["settled"]
    currency = row["currency"]
    if seat is None or seat["status"] != "active" or at < millis(seat["joinedAt"]):
        return 0
    if at < millis(window["startAt"]) or at >= millis(window["endAt"]):
        return 0
    if any(millis(a) <= at < (NEVER if b is None else millis(b)) for a, b in window.get("pauses", [])):
        return 0
    excluded = (
        ("include" in games and row["gameId"] not in games["include"])
        or row["gameId"] in games.get("exclude", [])
        or ("brands" in allowed and row["brandId"] not in allowed["brands"])
        or ("roundTypes" in allowed and row.get("roundType", "regular") not in allowed["roundTypes"])
        or ("currencies" in allowed and currency not in allowed["currencies"])
        or (currency != rules["base"]["currency"] and currency not in rules.get("rates", {}))
    )
    if excluded:
        return 0
    real = allowed.get("funds") == "real"
    bet = row["bet"] - (row["betBonus"] if real else 0)
    if real and row["betBonus"] and bet <= 0:
        return 0
    if currency in allowed.get("betLimits", {}):
        own, unit = allowed["betLimits"][currency], 10 ** digits_of(currency, rules)
        good = bet * unit >= own.get("min", 0) and ("max" not in own or bet * unit <= own["max"])
    else:
        base = to_base(bet, row, rules)
        good = base >= allowed.get("minBet", 0) and ("maxBet" not in allowed or base <= allowed["maxBet"])
    entries = [s["entryNo"] for s in seat["stints"] if at >= millis(s["from"])]
    return int(entries[-1]) if good and entries else 0


def amounts(row: Document, rules: Document) -> tuple[int, int, Fraction]:
    """(bet, win, weight) that count: base-currency minor units and the game's weight."""
    allowed = rules.get("eligibility", {})
    bet, win = row["bet"], row["win"]
    if allowed.get("funds") == "real":
        bet, win = bet - row["betBonus"], win - row["winBonus"]
    if allowed.get("jackpot") is False:
        win -= row["jackpot"]
    weight = Fraction(allowed.get("games", {}).get("weights", {}).get(row["gameId"], 10_000), 10_000)
    return to_base(bet, row, rules), to_base(max(win, Fraction(0)), row, rules), weight


def decimals_of(metric: Document, rules: Document) -> int:
    """Digits of a metric's score behind the point."""
    name = metric["metric"]
    if name in ("total_wagered", "total_won", "net_win", "biggest_win"):
        return int(rules["base"]["exponent"])
    if name in ("sum_multipliers", "biggest_multiplier") or metric.get("value") == "multiples":
        return 4
    return decimals_of(metric["of"], rules) if "of" in metric else int(metric.get("decimals", 0))


def value_of(metric: Document, row: Document, rules: Document) -> int:
    """What one round is worth under a metric that looks at single rounds."""
    bet, win, weight = amounts(row, rules)
    unit = 10 ** metric.get("decimals", 0)
    name = metric["metric"]
    if name in ("bet_points", "win_points"):
        amount = Fraction(bet if name == "bet_points" else win, metric["per"])
        plain = (
            floor(amount) * metric["points"]
            if metric.get("mode", "step") == "step"
            else floor(amount * metric["points"])
        )
    else:
        plain = {
            "total_wagered": bet,
            "total_won": win,
            "net_win": win - bet,
            "round_count": unit,
            "win_count": unit * (win > 0),
            "wins_at_least": unit
            * (bet > 0 and Fraction(win, max(bet, 1)) >= Fraction(metric.get("multiple", 0), 10_000)),
            "sum_multipliers": floor(Fraction(win * 10_000, bet)) if bet > 0 else 0,
        }[name]
    most = min(rules.get("maxPointsPerRound", LARGEST), LARGEST)
    return int(max(-most, min(most, trunc(plain * weight))))


def score_of(metric: Document, rows: list[Document], rules: Document) -> tuple[int, int]:
    """(score, reachedAt) of rounds in event order."""
    name = metric["metric"]
    if name == "weighted":
        return weighted(metric, rows, rules)
    if name == "consecutive_wins":
        return streak(metric, rows, rules)
    inner = {"biggest_win": {"metric": "total_won"}, "biggest_multiplier": {"metric": "sum_multipliers"}}.get(
        name
    )
    values = [(value_of(inner or metric.get("of") or metric, row, rules), row["settled"]) for row in rows]
    if inner:
        best = max([v for v, _ in values if v > 0], default=0)
        return best, min([at for v, at in values if v == best and best], default=0)
    if name == "best_n":
        chosen = sorted([pair for pair in values if pair[0] > 0], key=lambda pair: (-pair[0], pair[1]))[
            : metric["n"]
        ]
        return sum(v for v, _ in chosen), max([at for _, at in chosen], default=0)
    if name == "best_n_consecutive":
        n = metric["n"]
        sums = [
            (sum(v for v, _ in values[max(0, i - n + 1) : i + 1]), values[i][1]) for i in range(len(values))
        ]
        return first_best(sums)
    if name == "first_to_target":
        for i in range(len(values)):
            if sum(v for v, _ in values[: i + 1]) >= metric["target"]:
                return metric["target"], values[i][1]
    return sum(v for v, _ in values), max([at for v, at in values if v], default=0)


def first_best(sums: list[tuple[int, int]]) -> tuple[int, int]:
    """The highest positive value and the earliest moment it was had."""
    best = max([v for v, _ in sums if v > 0], default=0)
    return best, next((at for v, at in sums if best and v == best), 0)


def streak(metric: Document, rows: list[Document], rules: Document) -> tuple[int, int]:
    """Best run of wins; every stretch that ends at each round is looked at."""
    need, strict = Fraction(metric.get("multiple", 10_000), 10_000), metric.get("strict", True)
    by_length = metric.get("value", "length") == "length"
    unit = (
        {"metric": "round_count", "decimals": metric.get("decimals", 0)}
        if by_length
        else {"metric": "sum_multipliers"}
    )

    def wins(row: Document) -> bool:
        bet, win, _ = amounts(row, rules)
        return (
            bet > 0 and win > 0 and (Fraction(win, bet) > need or (not strict and Fraction(win, bet) == need))
        )

    sums = []
    for end in range(len(rows)):
        run: list[Document] = []
        for row in reversed(rows[: end + 1]):
            if not wins(row):
                break
            run.append(row)
        if len(run) >= metric.get("minLength", 1) and run:
            sums.append((sum(value_of(unit, row, rules) for row in run), rows[end]["settled"]))
    return first_best(sums)


def weighted(metric: Document, rows: list[Document], rules: Document) -> tuple[int, int]:
    """Parts of single rounds are weighed and cut round by round, the others by their score."""
    scale = 10 ** metric.get("decimals", 0)
    most = min(rules.get("maxPointsPerRound", LARGEST), LARGEST)

    def weigh(value: int, part: Document) -> int:
        return trunc(
            value * Fraction(part["weight"], 10_000) * Fraction(scale, 10 ** decimals_of(part["rule"], rules))
        )

    by_round = [p for p in metric["parts"] if p["rule"]["metric"] in SINGLE]
    whole = [p for p in metric["parts"] if p["rule"]["metric"] not in SINGLE]
    points = []
    for row in rows:
        value = sum(weigh(value_of(p["rule"], row, rules), p) for p in by_round)
        points.append((max(-most, min(most, value)), row["settled"]))
    ends = [max([at for v, at in points if v], default=0)]
    total = sum(v for v, _ in points)
    for part in whole:
        score, reached = score_of(part["rule"], rows, rules)
        total += weigh(score, part)
        ends.append(reached)
    return total, max(ends)


def entry_standing(stint: Document, rows: list[Document], rules: Document) -> Document:
    """Score of one entry from its rounds: the first N only where the rules say so."""
    rows = sorted(rows, key=lambda r: r["order"])
    limit = rules.get("firstN")
    if limit:
        if limit.get("refill"):
            rows = [r for r in rows if r["status"] != "rolled_back"]
        rows = rows[: limit["rounds"] + stint.get("roundsExtra", 0)]
    rows = [r for r in rows if r["status"] != "rolled_back"]
    score, reached = score_of(rules["scoring"], rows, rules)
    score += stint.get("pointsExtra", 0)
    need = rules.get("minRoundsToRank", 1)
    return {"score": score, "reachedAt": reached, "rounds": len(rows), "qualified": len(rows) >= need}


def player_standing(entries: list[Document], rules: Document) -> Document:
    """One standing of a player's several entries."""
    how = rules.get("entries", "best")
    if how == "last" or len(entries) == 1:
        return entries[-1]
    if how == "best":
        return min(entries, key=lambda e: (not e["qualified"], -e["score"], e["reachedAt"] or NEVER))
    rounds = sum(e["rounds"] for e in entries)
    return {
        "score": sum(e["score"] for e in entries),
        "reachedAt": max(e["reachedAt"] for e in entries),
        "rounds": rounds,
        "qualified": rounds >= rules.get("minRoundsToRank", 1),
    }


def ranked(rows: list[Document], ranking: Document) -> list[Document]:
    """Board order with ranks (0 = none): a rank is one more than the number of rows, or of values, above."""
    rows = sorted(rows, key=lambda r: (r["out"], -r["score"], r["reachedAt"] or NEVER, r["entryId"]))
    shared, style = ranking.get("ties") == "shared", ranking.get("style", "competition")

    def mark(row: Document) -> tuple[int, ...]:
        return (-row["score"],) if shared else (-row["score"], row["reachedAt"] or NEVER)

    inside = [r for r in rows if not r["out"]]
    for place, row in enumerate(inside, 1):
        above = [mark(r) for r in inside if mark(r) < mark(row)]
        row["rank"] = {"unique": place, "dense": len(set(above)) + 1}.get(style, len(above) + 1)
    return [{"rank": 0, **r} for r in rows]


def standings(tournament: Document, messages: Iterable[Document]) -> list[Document]:
    """The whole board: [{rank, entryId, brandId, playerId, score, reachedAt, rounds, status, qualified}]."""
    rules = tournament["ruleSet"]
    seats = {(s["brandId"], s["playerId"]): s for s in tournament["seats"]}
    counted: dict[Any, list[Document]] = defaultdict(list)
    for row in distinct([read_round(m, rules, i) for i, m in enumerate(messages)]):
        entry = entry_of(row, seats.get(row["player"]), tournament["window"], rules)
        if entry:
            counted[row["player"], entry].append(row)
    rows = []
    for player, seat in seats.items():
        entries = [entry_standing(s, counted[player, s["entryNo"]], rules) for s in seat["stints"]]
        row = player_standing(entries, rules)
        out = 2 if seat["status"] != "active" else 0 if row["qualified"] else 1
        who = {k: seat[k] for k in ("entryId", "brandId", "playerId", "status")}
        rows.append({**row, **who, "out": out})
    return ranked(rows, tournament.get("ranking", {}))


def differences(mine: list[Document], theirs: list[Document]) -> list[str]:
    """What differs between two boards in rank, player and score of those who have a rank; [] if nothing."""
    fields: tuple[Callable[[Document], Any], ...] = (
        lambda r: r["rank"],
        lambda r: r["brandId"],
        lambda r: r["playerId"],
        lambda r: int(r["score"]),
    )
    left = [tuple(f(r) for f in fields) for r in mine if r["rank"]]
    right = [tuple(f(r) for f in fields) for r in theirs if r["rank"]]
    out = [
        f"place {i}: {a} here, {b} there"
        for i, (a, b) in enumerate(zip(left, right, strict=False), 1)
        if a != b
    ]
    return out + ([f"{len(left)} ranked here, {len(right)} there"] if len(left) != len(right) else [])


def compare_with_result(
    hub: Callable[..., Any], tournament_id: str, sent: list[Document], result: Document
) -> bool:
    """Whether the published result is what the messages sent make of it; says what differs if not.

    `hub(method, path)` calls the public API. The proof of a result states everything a stranger needs: ruleSet,
    ranking, window and seats as they were at the end, and the standings they gave.
    """
    proof = hub("GET", f"/tournaments/{tournament_id}/results/proof")
    if proof["resultHash"] != result["resultHash"]:
        print("the proof is of another version of the result")
        return False
    found = differences(standings(proof, sent), proof["standings"])
    print("\n".join(found[:20]), end="\n" if found else "")
    return not found


def read_lines(path: Path) -> list[Document]:
    """Messages of a JSONL file, gzip or plain; numbers with a fraction stay exact."""
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode("utf-8")
    return [json.loads(line, parse_float=Decimal) for line in text.splitlines() if line.strip()]


def main(arguments: list[str] | None = None) -> int:
    """Print the board, or compare it: exit 0 if identical, 1 if not."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("tournament", type=Path)
    parser.add_argument("rounds", type=Path)
    parser.add_argument(
        "--expect", type=Path, help="a board to compare with: a list of rank, brandId, playerId, score"
    )
    options = parser.parse_args(arguments)
    board = standings(json.loads(options.tournament.read_text("utf-8")), read_lines(options.rounds))
    if options.expect is None:
        print(json.dumps(board, indent=1))
        return 0
    found = differences(board, json.loads(options.expect.read_text("utf-8")))
    print("identical" if not found else "\n".join(found[:20]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
