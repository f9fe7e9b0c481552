"""Rounds, pages and segments as compact bytes: columns with a table of repeated strings, JSON, then deflate.

Columns, because values of a kind stand together: they deflate better than rows, a column of one value is written once, and
they are turned into records without a line of Python per round. Formats carry a number in front, so that a later format
can live beside this one. Times are differences to the row before. Random bits (hashes) follow the deflated text as they are.
"""

import json
import struct
import zlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate, chain, repeat
from operator import sub
from typing import Any

from pitboss.kernel.ids import is_ulid, ulid_bytes, ulid_text
from pitboss.rounds.model import (
    SEPARATOR,
    Arrival,
    Page,
    Recorded,
    States,
    fingerprint,
    player_key,
    round_hash,
)
from pitboss.scoring.public import Round, Seat, Stint

FORMAT = 2
PAGE_FORMAT = 3
# Short numbers with few long repeats: the filtered strategy is 3 % smaller than the default one here, and faster.
LEVEL, STRATEGY = 5, zlib.Z_FILTERED
BRAND_ID, CURRENCY = Round._fields.index("brand_id"), Round._fields.index("currency")
STARTED, SETTLED = Round._fields.index("started_at"), Round._fields.index("settled_at")
WIDTH = len(Round._fields)
JUDGED = len(Recorded._fields) - 3  # columns of a record beside its round, hash and fingerprint

# What a seat can be, by the number it is stored as: new ones come last.
SEATED = ("active", "withdrawn", "disqualified", "declined", "refunded")

# What is encoded was built here, so that looking for cycles finds none.
_encode = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode


def _pack(document: list[Any], form: int = FORMAT) -> bytes:
    deflate = zlib.compressobj(LEVEL, strategy=STRATEGY)
    return deflate.compress(_encode([form, *document]).encode()) + deflate.flush()


def _unpack(data: bytes, form: int = FORMAT) -> list[Any]:
    found: Any
    document: list[Any]
    found, *document = json.loads(zlib.decompress(data))
    if found != form:
        raise ValueError(f"unknown format {found}")
    return document


def _framed(text: bytes, bits: bytes) -> bytes:
    return len(text).to_bytes(4, "big") + text + bits


def _unframed(data: bytes) -> tuple[bytes, bytes]:
    end = 4 + int.from_bytes(data[:4], "big")
    return data[4:end], data[end:]


def _thin(column: Sequence[Any]) -> Any:
    """A column, or its only value."""
    first = column[0]
    return first if column.count(first) == len(column) else column


def _wide(column: Any, length: int) -> Sequence[Any]:
    return column if isinstance(column, list) else [column] * length


def _columns(rounds: Sequence[Round]) -> list[Any]:
    """[number of rounds, base, strings, column...] with strings as their numbers and times as differences."""
    columns: list[Sequence[Any]] = list(zip(*rounds, strict=True))
    base = columns[SETTLED][0]
    columns[STARTED] = [end - start for start, end in zip(columns[STARTED], columns[SETTLED], strict=True)]
    columns[SETTLED] = list(map(sub, columns[SETTLED], (base, *columns[SETTLED])))
    texts = columns[BRAND_ID : CURRENCY + 1]
    numbers = {text: n for n, text in enumerate(dict.fromkeys(chain.from_iterable(texts)))}
    columns[BRAND_ID : CURRENCY + 1] = [list(map(numbers.__getitem__, column)) for column in texts]
    return [len(rounds), base, list(numbers), *map(_thin, columns)]


def _rounds(document: list[Any]) -> list[Round]:
    """The inverse of `_columns`."""
    length, base, strings = document[:3]
    columns = [_wide(column, length) for column in document[3 : 3 + WIDTH]]
    for n in range(BRAND_ID, CURRENCY + 1):
        columns[n] = list(map(strings.__getitem__, columns[n]))
    columns[SETTLED] = list(accumulate(columns[SETTLED], initial=base))[1:]
    columns[STARTED] = [end - took for took, end in zip(columns[STARTED], columns[SETTLED], strict=True)]
    return list(map(Round._make, zip(*columns, strict=True)))


def encode_batch(rounds: Sequence[Round]) -> bytes:
    """The rounds of one request, in order."""
    return _pack(_columns(rounds))


def decode_batch(data: bytes, integration_id: str) -> list[Arrival]:
    """Rounds with their hash and fingerprint, which follow from content and so need no room in the item."""
    return [
        Arrival(r, round_hash(integration_id, r.brand_id, r.player_id, r.round_id), fingerprint(r))
        for r in _rounds(_unpack(data))
    ]


def encode_records(records: Sequence[Recorded], states: States | None = None) -> bytes:
    """The records of one flush, and the states of a keyframe."""
    n = len(records)
    beside = [] if states is None else [_listed(states)]
    if not n:
        return _framed(_pack([0, *beside]), b"")
    rounds, hashes, prints, *rest = zip(*records, strict=True)
    text = _pack([*_columns(rounds), *map(_thin, rest), *beside])
    return _framed(text, struct.pack(f"<{n}Q{n}I", *hashes, *prints))


def decode_records(data: bytes) -> tuple[list[Recorded], States | None]:
    """The inverse of `encode_records`."""
    text, bits = _unframed(data)
    document = _unpack(text)
    n = document[0]
    after = 3 + WIDTH + JUDGED if n else 1
    states = _states(document[after]) if len(document) > after else None
    if not n:
        return [], states
    numbers = struct.unpack(f"<{n}Q{n}I", bits)
    rest = [_wide(column, n) for column in document[3 + WIDTH : after]]
    rows = zip(_rounds(document), numbers[:n], numbers[n:], *rest, strict=True)
    return list(map(Recorded._make, rows)), states


def _listed(states: States) -> list[Any]:
    return [[k, [[n, s] for n, s in sorted(of.items())]] for k, of in sorted(states.items())]


def _states(listed: list[Any]) -> States:
    return {k: {n: s for n, s in of} for k, of in listed}  # noqa: C416 - pairs come as lists


def encode_page(page: Page) -> bytes:
    """States and hashes; version, head and seal are attributes of the item, since conditions look at them."""
    states = _listed(page.states)
    shape, revised = [], []
    hashes: list[int] = []
    prints: list[int] = []
    for bucket, of in sorted(page.recent.items()):
        shape.append([bucket, len(of)])
        hashes += of
        for hash_, (revision, print_) in of.items():
            prints.append(print_)
            if revision:
                revised.append([bucket, hash_, revision])
    orphans = [[h, *known] for h, known in sorted(page.orphans.items())]
    lineage = [list(split) for split in page.lineage]
    slots = _slots_out(page.slots)
    more = [lineage, page.mapped, slots, page.early]
    text = _pack([page.horizon, states, shape, revised, orphans, page.updated_at, *more], PAGE_FORMAT)
    n = len(hashes)
    return _framed(text, struct.pack(f"<{n}Q{n}I", *hashes, *prints))


def decode_page(data: bytes, version: int, head: str, *, sealed: bool, span: int = 0) -> Page:
    """The inverse of `encode_page`."""
    text, bits = _unframed(data)
    horizon, states, shape, revised, orphans, updated_at, lineage, mapped, slots, early = _unpack(
        text, PAGE_FORMAT
    )
    n = len(bits) // 12
    numbers = struct.unpack(f"<{n}Q{n}I", bits)
    known = list(zip(repeat(0), numbers[n:]))
    recent: dict[int, dict[int, tuple[int, int]]] = {}
    at = 0
    for bucket, count in shape:
        recent[bucket] = dict(zip(numbers[at : at + count], known[at : at + count], strict=True))
        at += count
    for bucket, hash_, revision in revised:
        recent[bucket][hash_] = (revision, recent[bucket][hash_][1])
    return Page(
        version=version,
        head=head,
        sealed=sealed,
        horizon=horizon,
        states=_states(states),
        recent=recent,
        orphans={h: (r, f) for h, r, f in orphans},
        updated_at=updated_at,
        span=span,
        lineage=tuple((v, n) for v, n in lineage),
        mapped=mapped,
        slots=_slots_in(slots),
        early=early,
        raw=data,
    )


def _slots_out(slots: dict[int, list[list[int]]]) -> list[Any]:
    """Slots in order as steps: how many slots further, and of each run how many versions further and how many long."""
    out, at, version = [], 0, 0
    for slot, runs in sorted(slots.items()):
        out.append(slot - at)
        at = slot
        out.append(len(runs))
        for first, last in runs:
            out += [first - version, last - first]
            version = first
    return out


def _slots_in(steps: list[int]) -> dict[int, list[list[int]]]:
    """The inverse of `_slots_out`."""
    slots: dict[int, list[list[int]]] = {}
    numbers = iter(steps)
    slot = version = 0
    for step in numbers:
        slot += step
        runs = slots[slot] = []
        for _ in range(next(numbers)):
            version += next(numbers)
            runs.append([version, version + next(numbers)])
    return slots


def seat_document(seat: Seat) -> bytes:
    """A seat as an attribute of its roster page, the same for the same seat, since conditions compare it. Brand and player
    are the attribute's name.

    A registration rewrites its whole roster page, so each byte is paid for 64 times: status, id and joining in 23 bytes
    and the name; the stints are said only where there is more than the first. What does not fit that form is JSON.
    """
    plain = seat.stints == (Stint(1, seat.joined_at),)
    fits = is_ulid(seat.entry_id) and seat.status in SEATED and 0 <= seat.joined_at < 1 << 48
    if not fits or not plain:
        return _encode([seat.entry_id, *seat[3:]]).encode()
    head = bytes([SEATED.index(seat.status)])
    return head + ulid_bytes(seat.entry_id) + seat.joined_at.to_bytes(6, "big") + seat.display_name.encode()


# A scorer reads the same rosters at every flush; a seat that did not change is not taken apart again.
@lru_cache(maxsize=1 << 15)
def seat_from(key: str, document: bytes) -> Seat:
    """The inverse of `seat_document`, with the player key."""
    brand_id, player_id = key.split(SEPARATOR)
    if document[:1] == b"[":
        entry_id, name, status, joined_at, stints = json.loads(document)
        return Seat(entry_id, brand_id, player_id, name, status, joined_at, tuple(Stint(*s) for s in stints))
    at = int.from_bytes(document[17:23], "big")
    return Seat(
        ulid_text(document[1:17]),
        brand_id,
        player_id,
        document[23:].decode(),
        SEATED[document[0]],
        at,
        (Stint(1, at),),
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
