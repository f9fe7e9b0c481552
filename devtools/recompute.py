"""Standings from the raw rounds, by a program that shares nothing with the product but its documentation.

    python -m devtools.recompute tournament.json rounds.jsonl[.gz] [--expect standings.json]

`tournament.json` holds {integrationId, ruleSet, ranking, window: {startAt, endAt, pauses: [[from, to]]}, seats: [{entryId, brandId,
playerId, status, stints: [{entryNo, from, roundsExtra, pointsExtra}]}], games: [its games, none for all]}; times are RFC 3339
or milliseconds.
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
from pathlib import Path
from typing import Any

from devtools.recompute_metrics import score_of, to_base
from devtools.recompute_prizes import prize_differences

Document = dict[str, Any]
NEVER = 2**53 - 1


def millis(when: Any) -> int:
    """RFC 3339 or milliseconds to milliseconds; finer digits are cut."""
    if isinstance(when, int):
        return when
    moment = datetime.fromisoformat(when.upper())  # RFC 3339 takes t and z as well
    whole = moment.replace(microsecond=0)
    return int(whole.timestamp()) * 1000 + moment.microsecond // 1000


def digits_of(currency: str, rules: Document) -> int:
    """Decimals of a currency that takes part, as the rule set states them."""
    base = rules["base"]
    return int(base["exponent"] if currency == base["currency"] else rules["rates"][currency]["exponent"])


def parts(amount: Any) -> Document:
    """An amount in major units, plain or by funds, as its total and the parts that rules may leave out."""
    rows = amount if isinstance(amount, dict) else {"real": amount}
    exact = {name: Fraction(Decimal(str(value))) for name, value in rows.items()}
    bonus = sum((exact.get(name, Fraction(0)) for name in ("bonus", "locked", "freeRound")), Fraction(0))
    return {
        "total": sum(exact.values(), Fraction(0)),
        "bonus": bonus,
        "jackpot": exact.get("jackpot", Fraction(0)),
    }


def read_round(message: Document, place: int, integration: str) -> Document:
    """A message as it is used here: amounts as exact fractions of major units, times in milliseconds."""
    bet, win = parts(message["bet"]), parts(message["win"])
    settled = millis(message["settledAt"])
    status = message.get("status", "settled")
    return {
        **message,
        "bet": bet["total"],
        "win": win["total"],
        "betBonus": bet["bonus"],
        "winBonus": win["bonus"],
        "jackpot": win["jackpot"],
        "player": (message["brandId"], message["playerId"]),
        # docs/rounds.md: a correction without a number is the first one.
        "revision": message.get("revision", 0 if status == "settled" else 1),
        "status": status,
        "started": millis(message["startedAt"]) if message.get("startedAt") else settled,
        "settled": settled,
        "order": (settled, message.get("seq", 0), order_key(message, integration)),
        "place": place,
    }


def order_key(message: Document, integration: str) -> int:
    """Last word on the order of two rounds of a player settled in one millisecond without a `seq`."""
    names = (
        message.get("integrationId", integration),
        *(message[k] for k in ("brandId", "playerId", "roundId")),
    )
    whole = hashlib.blake2b("\x1f".join(names).encode(), digest_size=8, key=b"pitboss-round-1")
    return int.from_bytes(whole.digest(), "big")


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


def entry_of(row: Document, seat: Document | None, window: Document, rules: Document) -> int:
    """The entry number a round counts for, 0 for none."""
    allowed = rules.get("eligibility", {})
    games = allowed.get("games", {})
    at = row["started"] if allowed.get("timestamp") == "started" else row["settled"]
    currency = row["currency"]
    if seat is None:
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
    rules, source = tournament["ruleSet"], tournament.get("integrationId", "")
    seats = {(s["brandId"], s["playerId"]): s for s in tournament["seats"]}
    games = tournament.get("games") or ()
    concern = (m for m in messages if not games or m["gameId"] in games)
    counted: dict[Any, list[Document]] = defaultdict(list)
    for row in distinct([read_round(m, i, source) for i, m in enumerate(concern)]):
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


def pages(hub: Callable[..., Any], path: str, member: str) -> list[Document]:
    """Every row of a paginated answer of the public API."""
    rows: list[Document] = []
    page: Document = {}
    while not rows or page.get("nextCursor"):
        page = hub("GET", path, **({"cursor": page["nextCursor"]} if page else {}))
        rows += page[member]
        if not page[member]:
            break
    return rows


def compare_with_result(
    hub: Callable[..., Any], tournament_id: str, sent: list[Document], result: Document, integration: str = ""
) -> bool:
    """Whether the published result is what the messages sent make of it; says what differs if not.

    `hub(method, path, **query)` calls the public API: rules from the tournament, times from the proof, entries from
    its players, and the ranks, scores, pool and prizes it published from the result's pages.
    """
    path = f"/tournaments/{tournament_id}"
    terms = hub("GET", path)
    proof = hub("GET", f"{path}/results/proof")
    header = proof["header"]
    if proof["resultHash"] != result["resultHash"]:
        print("the proof is of another version of the result")
        return False
    players = pages(hub, f"{path}/players", "players")
    tournament = {
        "integrationId": integration,
        "ruleSet": terms["rules"],
        "ranking": header["ranking"],
        "window": header,
        "games": terms.get("games"),
        "seats": [{**p, "playerId": p["userId"]} for p in players if p["stints"]],
    }
    winners = pages(hub, f"{path}/results", "winners")
    published = [
        {
            "rank": w["position"] or 0,
            "brandId": w["brandId"],
            "playerId": w["userId"],
            "score": w["finalScore"],
        }
        for w in winners
    ]
    board = standings(tournament, sent)
    found = differences(board, published)
    if not found:  # of another board the prizes must differ as well
        found = prize_differences(terms, players, board, {**result, "winners": winners}, header["exponent"])
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
