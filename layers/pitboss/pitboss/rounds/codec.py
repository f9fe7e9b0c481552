"""Rounds, pages and segments as compact bytes: arrays with a table of repeated strings, JSON, then deflate.

Formats carry a number in front, so that a later format can live beside this one. Times are differences to a base.
"""

import json
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

from pitboss.rounds.model import Arrival, Page, Recorded, fingerprint, player_key, round_hash
from pitboss.scoring.public import Round, Seat, Stint

FORMAT = 1
LEVEL = 6


class _Strings:
    """Numbers for strings that repeat."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def __call__(self, text: str) -> int:
        return self.numbers.setdefault(text, len(self.numbers))


def _pack(document: Any) -> bytes:
    return zlib.compress(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode(), LEVEL)


def _unpack(data: bytes) -> Any:
    document = json.loads(zlib.decompress(data))
    if document[0] != FORMAT:
        raise ValueError(f"unknown format {document[0]}")
    return document


def _row(r: Round, s: _Strings, base: int) -> list[Any]:
    """A round as an array; the tail of zeros (bonus parts, seq) is cut."""
    row = [
        r.round_id,
        s(r.brand_id),
        s(r.player_id),
        s(r.game),
        s(r.round_type),
        s(r.currency),
        r.exponent,
        r.bet,
        r.win,
        r.settled_at - base,
        r.settled_at - r.started_at,
        r.status,
        r.revision,
        r.bet_bonus,
        r.win_bonus,
        r.jackpot,
        r.seq,
    ]
    while row[-1] == 0 and len(row) > 11:
        row.pop()
    return row


def _round(row: Sequence[Any], t: Sequence[str], base: int) -> Round:
    n = len(row)
    settled = base + row[9]
    return Round(
        row[0],
        row[12] if n > 12 else 0,
        row[11] if n > 11 else 0,
        t[row[1]],
        t[row[2]],
        t[row[3]],
        t[row[4]],
        t[row[5]],
        row[6],
        row[7],
        row[8],
        row[13] if n > 13 else 0,
        row[14] if n > 14 else 0,
        row[15] if n > 15 else 0,
        settled - row[10],
        settled,
        row[16] if n > 16 else 0,
    )


def encode_batch(rounds: Sequence[Round]) -> bytes:
    """The rounds of one request, in order."""
    strings = _Strings()
    base = rounds[0].settled_at
    rows = [_row(r, strings, base) for r in rounds]
    return _pack([FORMAT, base, list(strings.numbers), rows])


def decode_batch(data: bytes, integration_id: str) -> list[Arrival]:
    """Rounds with their hash and fingerprint, which follow from content and so need no room in the item."""
    _, base, strings, rows = _unpack(data)
    arrivals = []
    for row in rows:
        r = _round(row, strings, base)
        arrivals.append(
            Arrival(r, round_hash(integration_id, r.brand_id, r.player_id, r.round_id), fingerprint(r))
        )
    return arrivals


def encode_records(records: Sequence[Recorded]) -> bytes:
    """The records of one flush."""
    strings = _Strings()
    base = records[0].round.settled_at
    rows = [
        [
            r.hash,
            r.fingerprint,
            r.content_revision,
            r.entry_no,
            r.points,
            strings(r.reason),
            *_row(r.round, strings, base),
        ]
        for r in records
    ]
    return _pack([FORMAT, base, list(strings.numbers), rows])


def decode_records(data: bytes) -> list[Recorded]:
    """The inverse of `encode_records`."""
    _, base, strings, rows = _unpack(data)
    return [
        Recorded(_round(row[6:], strings, base), row[0], row[1], row[2], row[3], row[4], strings[row[5]])
        for row in rows
    ]


def encode_page(page: Page) -> bytes:
    """States and hashes; version, head and seal are attributes of the item, since conditions look at them."""
    states = [[k, [[n, s] for n, s in sorted(of.items())]] for k, of in sorted(page.states.items())]
    recent = b"".join(
        hash_.to_bytes(8, "big") + print_.to_bytes(4, "big") + min(revision, 255).to_bytes(1, "big")
        for _, hashes in sorted(page.recent.items())
        for hash_, (revision, print_) in hashes.items()
    )
    shape = [[b, len(h)] for b, h in sorted(page.recent.items())]
    big = [[h, r] for of in page.recent.values() for h, (r, _) in of.items() if r >= 255]
    orphans = [[h, *known] for h, known in sorted(page.orphans.items())]
    text = _pack([FORMAT, page.horizon, states, shape, big, orphans, page.updated_at])
    # The hashes are random bytes: deflating them only costs time.
    return len(text).to_bytes(4, "big") + text + recent


def decode_page(data: bytes, version: int, head: str, *, sealed: bool) -> Page:
    """The inverse of `encode_page`."""
    size = int.from_bytes(data[:4], "big")
    _, horizon, states, shape, big, orphans, updated_at = _unpack(data[4 : 4 + size])
    recent: dict[int, dict[int, tuple[int, int]]] = {}
    at = 4 + size
    for bucket, count in shape:
        of = recent[bucket] = {}
        for _ in range(count):
            of[int.from_bytes(data[at : at + 8], "big")] = (
                data[at + 12],
                int.from_bytes(data[at + 8 : at + 12], "big"),
            )
            at += 13
    for hash_, revision in big:
        for of in recent.values():
            if hash_ in of:
                of[hash_] = (revision, of[hash_][1])
    return Page(
        version=version,
        head=head,
        sealed=sealed,
        horizon=horizon,
        states={k: {n: s for n, s in of} for k, of in states},  # noqa: C416 - pairs come as lists
        recent=recent,
        orphans={h: (r, f) for h, r, f in orphans},
        updated_at=updated_at,
    )


def seat_document(seat: Seat) -> dict[str, Any]:
    """A seat as an attribute of its roster page."""
    return {
        "e": seat.entry_id,
        "b": seat.brand_id,
        "p": seat.player_id,
        "n": seat.display_name,
        "s": seat.status,
        "j": seat.joined_at,
        "t": [list(stint) for stint in seat.stints],
    }


def seat_from(document: dict[str, Any]) -> Seat:
    """The inverse of `seat_document`."""
    return Seat(
        document["e"],
        document["b"],
        document["p"],
        document["n"],
        document["s"],
        document["j"],
        tuple(Stint(*stint) for stint in document["t"]),
    )


def key_of(round_: Round) -> str:
    """The player key of a round."""
    return player_key(round_.brand_id, round_.player_id)


def players_in(arrivals: Iterable[Arrival]) -> set[str]:
    """The players of a batch."""
    return {key_of(a.round) for a in arrivals}


__all__ = [
    "decode_batch",
    "decode_page",
    "decode_records",
    "encode_batch",
    "encode_page",
    "encode_records",
    "key_of",
    "players_in",
    "seat_document",
    "seat_from",
]
