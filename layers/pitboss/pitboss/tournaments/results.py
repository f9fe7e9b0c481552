"""The result of a tournament as a document: ranks, prizes, pool, hashes, receipts; and the money that follows from it.

A version of the result is fixed by `resultHash`, the hash of its header; the header holds the Merkle root of the rows,
so one row can be proved with the header and its path alone. Pure: everything comes in as arguments.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from pitboss.kernel.canonical import digest
from pitboss.kernel.ids import derive_ulid
from pitboss.scoring.public import Award, Pool, Ranked, split_prizes, unpaid
from pitboss.tournaments import merkle
from pitboss.tournaments.model import Entry, Spec, Tournament

SCHEMA = 1


class Result(NamedTuple):
    """A version of the result: `header` (with `resultHash`) and its rows in board order."""

    header: dict[str, Any]
    rows: list[dict[str, Any]]


class Diff(NamedTuple):
    """A prize that one version of the result gives beyond the version before (negative: less). For cash and bonus
    `amount` is in minor units; for free rounds `free_count` rounds of `value` each."""

    entry_id: str
    brand_id: str
    player_id: str
    kind: str
    amount: int
    free_count: int
    value: int
    game: str
    valid_hours: int
    rank: int

    @property
    def ref(self) -> str:
        """A label that is the same whenever this difference is computed."""
        return f"{self.kind}|{self.game}|{self.value}|{self.valid_hours}"


def pool_of_result(tournament: Tournament, collected: int) -> Pool:
    """net = max(guarantee, seed + collected); the overlay is what the house adds to get there."""
    return pool_of_collected(tournament.spec, collected)


def pool_of_collected(spec: Spec, collected: int) -> Pool:
    """The same from the terms alone."""
    net = max(spec.guarantee, spec.seed + collected)
    return Pool(collected, net - spec.seed - collected, net)


def make_result(
    tournament: Tournament,
    version: int,
    ranked: Sequence[Ranked],
    entries: Mapping[str, Entry],
    *,
    collected: int,
    rake: int,
    segment_log_hash: str,
    counts: Mapping[str, int],
    previous_hash: str = "",
) -> Result:
    """The result document.

    Args:
        ranked: every seat in board order. entries: by entry id, for names and payments.
        collected, rake: minor units, as the ledger confirmed them.
        segment_log_hash: over the rounds that the ranking was computed from. counts: what was counted.
    """
    spec = tournament.spec
    pool = pool_of_result(tournament, collected)
    awards: list[Award] = (
        split_prizes(spec.prizes, ranked, pool.net, spec.exponent, spec.currency) if spec.prizes else []
    )
    by_entry: dict[str, list[Award]] = {}
    for award in awards:
        by_entry.setdefault(award.entry_id, []).append(award)
    rows = [_row(row, entries.get(row.entry_id), by_entry.get(row.entry_id, ())) for row in ranked]
    header: dict[str, Any] = {
        "schema": SCHEMA,
        "tournamentId": tournament.tournament_id,
        "version": version,
        "previousHash": previous_hash,
        "currency": spec.currency,
        "exponent": spec.exponent,
        "startAt": spec.start_at,
        "endAt": spec.end_at,
        "pauses": [list(pause) for pause in tournament.pauses],
        "ruleSetHash": tournament.rule_set_hash,
        "prizeTableHash": tournament.prize_table_hash,
        "ranking": spec.ranking,
        "segmentLogHash": segment_log_hash,
        "counts": dict(sorted(counts.items())),
        "players": len(rows),
        "entries": sum(row["entryCount"] for row in rows),
        "pool": _pool_section(spec, pool, awards, rake),
        "rowsRoot": merkle.root(rows),
    }
    header["resultHash"] = digest(header)
    return Result(header, rows)


def _pool_section(spec: Spec, pool: Pool, awards: Sequence[Award], rake: int) -> dict[str, int]:
    money = [award for award in awards if award.kind != "free_rounds"]
    from_pool = sum(award.from_pool for award in money)
    return {
        "collected": pool.collected,
        "seed": spec.seed,
        "guarantee": spec.guarantee,
        "overlay": pool.overlay,
        "net": pool.net,
        "rake": rake,
        "awarded": from_pool,
        "remainder": unpaid(awards, pool.net),
        "fixed": sum(award.amount for award in money) - from_pool,
    }


def _row(ranked: Ranked, entry: Entry | None, awards: Iterable[Award]) -> dict[str, Any]:
    return {
        "rank": ranked.rank,
        "tied": ranked.tied,
        "entryId": ranked.entry_id,
        "brandId": ranked.brand_id,
        "playerId": ranked.player_id,
        "displayName": entry.display_name if entry else "",
        "status": ranked.status,
        "qualified": ranked.qualified,
        "score": ranked.score,
        "reachedAt": ranked.reached_at,
        "rounds": ranked.rounds,
        "entryCount": len(entry.stints) if entry else 1,
        "paid": entry.total_paid if entry else 0,
        "prizes": [
            {
                "kind": award.kind,
                "amount": award.amount,
                "fromPool": award.from_pool,
                "count": award.free_rounds,
                "value": award.value,
                "game": award.game,
                "validHours": award.valid_hours,
            }
            for award in awards
        ],
    }


def header_hash(header: Mapping[str, Any]) -> str:
    """What `resultHash` must be: the hash of the header without it."""
    return digest({k: v for k, v in header.items() if k != "resultHash"})


def diffs(new: Sequence[Mapping[str, Any]], old: Sequence[Mapping[str, Any]]) -> list[Diff]:
    """What the rows of a version give beyond the rows of the one before ([] for the first), in board order."""
    totals: dict[tuple[str, str, str, int, int], list[int]] = {}
    who: dict[str, tuple[str, str, int]] = {}
    for sign, rows in ((-1, old), (1, new)):
        for row in rows:
            who[row["entryId"]] = (row["brandId"], row["playerId"], row["rank"])
            for prize in row["prizes"]:
                key = (row["entryId"], prize["kind"], prize["game"], prize["value"], prize["validHours"])
                total = totals.setdefault(key, [0, 0])
                total[0] += sign * prize["amount"]
                total[1] += sign * prize["count"]
    found = []
    for (entry_id, kind, game, value, hours), (amount, count) in totals.items():
        if amount or count:
            brand, player, rank = who[entry_id]
            found.append(Diff(entry_id, brand, player, kind, amount, count, value, game, hours, rank))
    return sorted(found, key=lambda d: (d.rank or 1 << 60, d.entry_id, d.ref))


def payout_ref(tournament_id: str, version: int, diff: Diff) -> str:
    """The payout's reference: of tournament, entry, prize and result version, so never two for one prize."""
    return derive_ulid(diff.entry_id, f"payout|{tournament_id}|{version}|{diff.ref}")


def postings(
    tournament_id: str,
    operator: Mapping[str, str],
    pool_account: str,
    payable_account: str,
    new: Mapping[str, Any],
    old: Mapping[str, Any] | None,
    changes: Sequence[Diff],
) -> list[tuple[str, str, dict[str, int]]]:
    """(cause, kind, amounts) of the postings of a version: first what the house adds to the pool, then what leaves it.

    `operator` maps overlay, remainder and clawback to their accounts. After them the pool stands at zero:
    the sum of payouts and the remainder is what was in it.
    """
    version = new["version"]
    before = old["pool"] if old else {"seed": 0, "overlay": 0, "fixed": 0, "remainder": 0}
    after = new["pool"]
    added = sum(after[name] - before[name] for name in ("seed", "overlay", "fixed"))
    given = sum(d.amount for d in changes if d.kind != "free_rounds" and d.amount > 0)
    back = sum(-d.amount for d in changes if d.kind != "free_rounds" and d.amount < 0)
    left = after["remainder"] - before["remainder"]
    return [
        (
            f"FUND#{tournament_id}#{version}",
            "pool_funded",
            {operator["overlay"]: -added, pool_account: added},
        ),
        (
            f"AWARD#{tournament_id}#{version}",
            "prizes_awarded",
            {
                pool_account: -(given - back + left),
                payable_account: given,
                operator["clawback"]: -back,
                operator["remainder"]: left,
            },
        ),
    ]


def receipt(result: Result, index: int) -> dict[str, Any]:
    """What proves one row: the row, its path, the root, and the header that the root is in."""
    return {
        "row": result.rows[index],
        "index": index,
        "path": merkle.path(result.rows, index),
        "rowsRoot": result.header["rowsRoot"],
        "resultHash": result.header["resultHash"],
    }
