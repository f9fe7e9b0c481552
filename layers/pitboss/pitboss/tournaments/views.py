"""Tournaments, entries and results as answers: camelCase, decimal strings, RFC 3339."""

from typing import Any

from pitboss.kernel.instants import format_instant
from pitboss.kernel.money import format_amount
from pitboss.scoring.public import MAX_INSTANT, compile_rules
from pitboss.tournaments.entry_rules import check_open
from pitboss.tournaments.model import (
    FINAL,
    NEVER,
    PAYING,
    SETTLED,
    Entry,
    Purchase,
    Spec,
    Tournament,
)
from pitboss.tournaments.results import Result, pool_of_result
from pitboss.tournaments.ruleforms import shown_prizes, worst_cost

HOW = (
    "resultHash is SHA-256 over the canonical JSON (RFC 8785) of header without resultHash. rowsRoot is the Merkle root "
    "of the rows: a leaf is SHA-256 of byte 00 and the row's canonical JSON, a node of byte 01, left and right."
)


def _when(instant: int) -> str | None:
    return format_instant(instant) if 0 < instant < NEVER else None


def _purchase(purchase: Purchase | None, exponent: int) -> dict[str, Any] | None:
    if purchase is None:
        return None
    return {
        "fee": format_amount(purchase.fee, exponent),
        "rake": format_amount(purchase.rake, exponent),
        "max": purchase.most,
        "until": format_instant(purchase.until) if purchase.until else None,
        "effect": purchase.effect,
        "gives": purchase.gives,
    }


def worst_case(spec: Spec) -> str | None:
    """The most that the prizes can cost the house, null if there is no bound."""
    cost = worst_cost(spec.prizes, guarantee=spec.guarantee, seed=spec.seed, players=spec.max_players)
    return None if cost is None else format_amount(cost, spec.exponent)


def _terms(spec: Spec) -> dict[str, Any]:
    def show(minor: int) -> str:
        return format_amount(minor, spec.exponent)

    return {
        "gameSlug": spec.games[0] if len(spec.games) == 1 else None,
        "games": list(spec.games),
        "brands": list(spec.brands),
        "currency": spec.currency,
        "maxPlayers": spec.max_players or None,
        "minPlayers": spec.min_players or None,
        "onShort": spec.on_short,
        "entryFee": show(spec.buy_in),
        "entry": {
            "buyIn": show(spec.buy_in),
            "rake": show(spec.rake),
            "collect": spec.collect,
            "rebuy": _purchase(spec.rebuy, spec.exponent),
            "addOn": _purchase(spec.add_on, spec.exponent),
        },
        "guarantee": show(spec.guarantee),
        "seed": show(spec.seed),
        "rules": spec.rules,
        "ranking": spec.ranking,
        "prizes": shown_prizes(spec.prizes, show),
        "worstCasePrizeCost": worst_case(spec),
        "graceSeconds": spec.grace_ms // 1000,
        "approval": spec.approval,
    }


def tournament_view(tournament: Tournament, warnings: list[str] | None = None) -> dict[str, Any]:
    """The whole tournament."""
    spec = tournament.spec
    body: dict[str, Any] = {
        "tournamentId": tournament.tournament_id,
        "name": spec.name,
        "status": tournament.status,
        "version": tournament.version,
        "startTime": format_instant(spec.start_at),
        "endTime": format_instant(spec.end_at),
        "registrationOpensAt": format_instant(spec.opens_at),
        "lateRegistrationUntil": format_instant(spec.late_until),
        "graceUntil": format_instant(tournament.grace_until),
        **_terms(spec),
        "ruleSetHash": tournament.rule_set_hash or None,
        "prizeTableHash": tournament.prize_table_hash or None,
        "playerCount": tournament.players,
        "entryCount": tournament.entries,
        "seatsTaken": tournament.seats,
        "pauses": [
            {
                "since": format_instant(start),
                "until": None if end == MAX_INSTANT else format_instant(end),
            }
            for start, end in tournament.pauses
        ],
        "resultVersion": tournament.result_version,
        "reason": tournament.reason or None,
        "voidPolicy": tournament.void_policy or None,
        "externalRef": spec.external_ref or None,
        "clonedFrom": tournament.cloned_from or None,
        "createdAt": format_instant(tournament.created_at),
        "publishedAt": _when(tournament.published_at),
        "startedAt": _when(tournament.started_at),
        "endedAt": _when(tournament.ended_at),
        "settledAt": _when(tournament.settled_at),
    }
    if warnings is not None:
        body["warnings"] = warnings
    return body


def status_view(tournament: Tournament, now: int) -> dict[str, Any]:
    """How a tournament stands."""
    spec = tournament.spec
    return {
        "tournamentId": tournament.tournament_id,
        "status": tournament.status,
        "version": tournament.version,
        "startTime": format_instant(spec.start_at),
        "endTime": format_instant(spec.end_at),
        "graceUntil": format_instant(tournament.grace_until),
        "registrationOpen": _open(tournament, now),
        "playerCount": tournament.players,
        "entryCount": tournament.entries,
        "maxPlayers": spec.max_players or None,
        "seatsLeft": max(0, spec.max_players - tournament.seats) if spec.max_players else None,
        "resultVersion": tournament.result_version,
        "serverTime": format_instant(now),
    }


def _open(tournament: Tournament, now: int) -> bool:
    from pitboss.kernel.refusal import Refusal

    try:
        check_open(tournament, now)
    except Refusal:
        return False
    return not tournament.spec.max_players or tournament.seats < tournament.spec.max_players


def player_view(tournament: Tournament, entry: Entry) -> dict[str, Any]:
    """A player's entry."""
    spec = tournament.spec
    return {
        "playerId": entry.entry_id,
        "entryId": entry.entry_id,
        "tournamentId": entry.tournament_id,
        "userId": entry.player_id,
        "brandId": entry.brand_id,
        "displayName": entry.display_name,
        "status": entry.status,
        "entryCount": len(entry.stints),
        "rebuys": entry.count("rebuy"),
        "addOns": entry.count("add_on"),
        "totalPaid": format_amount(entry.total_paid, spec.exponent),
        "currency": spec.currency,
        "pendingPayment": entry.pending.kind if entry.pending else None,
        "registeredAt": format_instant(entry.registered_at),
        "joinedAt": _when(entry.joined_at),
        "reason": entry.reason or None,
        "country": entry.country or None,
        "stints": [
            {
                "entryNo": stint.entry_no,
                "from": format_instant(stint.from_ms),
                "roundsExtra": stint.rounds_extra,
                "pointsExtra": stint.points_extra,
            }
            for stint in entry.stints
        ],
    }


def event_view(record: dict[str, Any]) -> dict[str, Any]:
    """A history item."""
    return {
        "eventId": record["eventId"],
        "type": record["type"],
        "occurredAt": format_instant(record["occurredAt"]),
        "actor": record["actor"],
        "requestId": record["requestId"],
        "data": record["data"],
    }


def pool_view(tournament: Tournament, result: Result | None, *, collected: int, rake: int) -> dict[str, Any]:
    """The prize money, as it stands or as the result fixed it."""
    spec = tournament.spec

    def show(minor: int) -> str:
        return format_amount(minor, spec.exponent)

    if result is not None:
        collected, rake = result.header["pool"]["collected"], result.header["pool"]["rake"]
    pool = pool_of_result(tournament, collected)
    lines = []
    for line in (shown_prizes(spec.prizes, show) or {"lines": []})["lines"]:
        row = dict(line)
        if "shareBps" in row:
            row["amount"] = show(pool.net * row["shareBps"] // 10_000)
        lines.append(row)
    return {
        "tournamentId": tournament.tournament_id,
        "status": tournament.status,
        "currency": spec.currency,
        "collected": show(collected),
        "seed": show(spec.seed),
        "guarantee": show(spec.guarantee),
        "overlay": show(pool.overlay),
        "total": show(pool.net),
        "rake": show(rake),
        "entries": tournament.entries,
        "final": tournament.status in (FINAL, PAYING, SETTLED),
        "distribution": lines,
        "worstCasePrizeCost": worst_case(spec),
    }


def results_view(
    tournament: Tournament, result: Result, rows: list[dict[str, Any]], next_cursor: str | None
) -> dict[str, Any]:
    """A version of the result, or a page of it."""
    header, spec = result.header, tournament.spec

    def show(minor: int) -> str:
        return format_amount(minor, spec.exponent)

    pool = header["pool"]
    return {
        "tournamentId": tournament.tournament_id,
        "name": spec.name,
        "status": tournament.status,
        "version": header["version"],
        "versions": tournament.result_version,
        "finality": "final" if tournament.status in (FINAL, PAYING, SETTLED) else "provisional",
        "completedAt": format_instant(header["endAt"]),
        "totalPlayers": header["players"],
        "totalEntries": header["entries"],
        "currency": spec.currency,
        "prizePool": {name: show(minor) for name, minor in pool.items()},
        "ruleSetHash": header["ruleSetHash"],
        "prizeTableHash": header["prizeTableHash"],
        "segmentLogHash": header["segmentLogHash"],
        "resultHash": header["resultHash"],
        "previousHash": header["previousHash"],
        "counts": header["counts"],
        "winners": [_winner(row, spec.exponent, compile_rules(spec.rules).decimals) for row in rows],
        "nextCursor": next_cursor,
    }


def _winner(row: dict[str, Any], exponent: int, decimals: int) -> dict[str, Any]:
    amount = sum(prize["amount"] for prize in row["prizes"])
    prizes = []
    for prize in row["prizes"]:
        shown: dict[str, Any] = {"kind": prize["kind"]}
        if prize["kind"] == "free_rounds":
            shown |= {
                "count": prize["count"],
                "value": format_amount(prize["value"], exponent),
                "gameSlug": prize["game"],
                "validHours": prize["validHours"],
            }
        else:
            shown["amount"] = format_amount(prize["amount"], exponent)
        prizes.append(shown)
    return {
        "position": row["rank"] or None,
        "tied": row["tied"],
        "playerId": row["entryId"],
        "userId": row["playerId"],
        "brandId": row["brandId"],
        "displayName": row["displayName"],
        "status": row["status"],
        "qualified": row["qualified"],
        "finalScore": row["score"],
        "score": format_amount(row["score"], decimals),
        "reachedAt": _when(row["reachedAt"]),
        "rounds": row["rounds"],
        "entryCount": row["entryCount"],
        "totalPaid": format_amount(row["paid"], exponent),
        "prizeAmount": format_amount(amount, exponent),
        "netWinnings": format_amount(amount - row["paid"], exponent),
        "prizes": prizes,
    }


def proof_view(tournament: Tournament, result: Result) -> dict[str, Any]:
    """What fixes a version of the result."""
    return {
        "tournamentId": tournament.tournament_id,
        "version": result.header["version"],
        "resultHash": result.header["resultHash"],
        "rowsRoot": result.header["rowsRoot"],
        "header": result.header,
        "how": HOW,
    }
