"""The ranking run: all pages of a tournament, sorted, published as a snapshot. Keeps no state, so it cannot drift."""

import gzip
import hashlib
import json
import secrets
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from pitboss.platform.clock import now_ms
from pitboss.platform.observe import count, took
from pitboss.platform.worker import worker
from pitboss.rounds import board_store, gateway, layout_store, store
from pitboss.rounds.boards import LISTED, Snapshot, row_of, snapshot
from pitboss.rounds.model import Live, Sheet
from pitboss.rounds.sorting import Entries, in_order
from pitboss.scoring.public import Rules, compile_rules

FINALITY = {"closing": "provisional", "provisional": "provisional", "review": "provisional"}
# Readers take the newest board and then its rows: so many ticks they have for it.
KEPT_OBJECTS = 10
FINAL = ("final", "paying", "settled")


def finality_of(live: Live) -> str:
    """live while rounds may still come, provisional until the result is final."""
    return "final" if live.status in FINAL else FINALITY.get(live.status, "live")


def rank_now(tenant_id: str, tournament_id: str) -> Snapshot | None:
    """Rank a tournament and publish the board, if it says anything new; None when there is nothing live. Repeating is
    harmless."""
    live = store.live_one(tenant_id, tournament_id)
    if live is None:
        return None
    lost = ""
    while True:
        before = board_store.read_board(tenant_id, tournament_id)
        was = before["seq"] if before else 0
        older = objects_before(before)
        # It may be ours that is there: a put whose answer was lost is repeated by the client, and refused then.
        if lost and lost.rpartition("/")[2] not in older:
            gateway.delete_objects([lost])
        made, body = build(live, was + 1)
        item = item_of(made)
        if body is not None:
            item["digest"] = hashlib.blake2b(body, digest_size=16).digest()
        if before is not None and says_the_same(item, before):
            count("boards_unchanged")
            return board_from(before)
        if body is not None:
            gateway.put_object(made.key, body)
        item |= {"older": older[-KEPT_OBJECTS:]} if older else {}
        if board_store.put_board(tenant_id, tournament_id, item, was):
            count("boards_published")
            # After the board that no longer names them. Should we die here they stay behind, and do no harm.
            gateway.delete_objects([f"{folder_of(live)}{name}" for name in older[:-KEPT_OBJECTS]])
            return made
        lost = made.key


def says_the_same(item: dict[str, Any], before: dict[str, Any]) -> bool:
    """Whether a board would only be given another number and moment (and its rows in S3 another name; their digest tells).
    A casino sends all its rounds, and most flushes concern nobody of most tournaments: such a board need not be written."""
    told = [name for name in item if name not in ("seq", "as_of", "key")]
    return ("key" in item) == ("key" in before) and all(item[name] == before.get(name) for name in told)


def folder_of(live: Live) -> str:
    """Where a tournament's large boards are."""
    return f"boards/{live.tenant_id}/{live.tournament_id}/"


def objects_before(board: dict[str, Any] | None) -> list[str]:
    """Names in S3 of the board that is superseded now and of those before it that are still there, oldest first."""
    if board is None:
        return []
    own = [board["key"].rpartition("/")[2]] if board.get("key") else []
    return [*board.get("older", []), *own]


def build(live: Live, seq: int) -> tuple[Snapshot, bytes | None]:
    """Read and rank; nothing is written."""
    rules = compile_rules(live.rules)
    as_of = now_ms()
    entries = gather(rules, layout_store.sheets(live.tenant_id, live.tournament_id, live.pages))
    # Its own name for every attempt: of two that make the same number, one must not overwrite the other's rows.
    key = f"{folder_of(live)}{seq:010d}-{secrets.token_hex(4)}"
    board = in_order(entries, live.ranking)
    return snapshot(board, seq=seq, as_of=as_of, finality=finality_of(live), decimals=rules.decimals, key=key)


def gather(rules: Rules, sheets: Iterable[Sheet]) -> Entries:
    """The board's entries. No more than a sheet is held."""
    entries = Entries()
    for sheet in sheets:
        states = sheet.page.states
        for key, seat in sheet.seats.items():
            if seat.status in LISTED:
                entries.add(row_of(rules, seat, states.get(key, {})), seat.display_name)
    return entries


def item_of(made: Snapshot) -> dict[str, Any]:
    """The board item of a snapshot."""
    document = asdict(made)
    data = document.pop("data")
    document["packed"] = gzip.compress(
        json.dumps({"top": document.pop("top"), "directory": document.pop("directory")}).encode(), 6, mtime=0
    )
    return {**{k: v for k, v in document.items() if v != ""}, "data": data or None}


def board_from(record: dict[str, Any]) -> Snapshot:
    """The inverse of `item_of`."""
    packed = json.loads(gzip.decompress(bytes(record["packed"])))
    return Snapshot(
        record["seq"],
        record["as_of"],
        record["finality"],
        record["total"],
        record["decimals"],
        packed["top"],
        packed["directory"],
        bytes(record.get("data") or b""),
        record.get("key", ""),
    )


@worker
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """SQS FIFO batch of {tenantId, tournamentId}; failures are reported one by one, in order within a tournament."""
    failures: list[dict[str, str]] = []
    done: set[tuple[str, str]] = set()
    stuck: set[str] = set()
    for record in event["Records"]:
        message = json.loads(record["body"])
        place = message["tenantId"], message["tournamentId"]
        if place in done:
            continue
        try:
            if place[1] in stuck:
                raise RuntimeError("an earlier message of this tournament failed")  # keeps the group's order
            rank_now(*place)
        except Exception:  # noqa: BLE001 - one tournament must not hold up the others of the batch
            from pitboss.platform.observe import logger

            logger.exception("ranking failed", tournamentId=place[1])
            stuck.add(place[1])
            failures.append({"itemIdentifier": record["messageId"]})
        else:
            done.add(place)
            # From the scorer's wish to the board that shows it.
            sent = int(record.get("attributes", {}).get("SentTimestamp", 0))
            if sent:
                took("board_delay_ms", max(0, now_ms() - sent))
    return {"batchItemFailures": failures}
