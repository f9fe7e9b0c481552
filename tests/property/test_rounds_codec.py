"""Whatever is encoded comes back the same, and a stored item stays an item."""

import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pitboss.kernel.ids import ulid, ulid_bytes, ulid_text
from pitboss.kernel.money import MAX_MINOR
from pitboss.rounds import accepting, store
from pitboss.rounds.codec import (
    SEATED,
    decode_batch,
    decode_page,
    decode_records,
    encode_batch,
    encode_page,
    encode_records,
    seat_document,
    seat_from,
)
from pitboss.rounds.model import Arrival, Page, Recorded, fingerprint, player_key, round_hash
from pitboss.scoring.public import Round, Seat, Stint
from pitboss.tournaments.model import ACTIVE, DECLINED, DISQUALIFIED, REFUNDED, WITHDRAWN

pytestmark = pytest.mark.property

ids = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)
money, small = st.integers(0, MAX_MINOR), st.integers(0, 3)
instants = st.integers(946_684_800_000, 7_258_032_000_000)
u64, u32 = st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1)
rounds = st.builds(
    Round,
    round_id=ids,
    revision=st.integers(0, 1_000_000),
    status=small,
    brand_id=ids,
    player_id=ids,
    game=ids,
    round_type=ids,
    currency=st.sampled_from(["EUR", "JPY", "BTC"]),
    exponent=st.integers(0, 8),
    bet=money,
    win=money,
    bet_bonus=money,
    win_bonus=money,
    jackpot=money,
    started_at=instants,
    settled_at=instants,
    seq=st.integers(0, 2**53),
)
records = st.builds(
    Recorded,
    round=rounds,
    hash=u64,
    fingerprint=u32,
    content_revision=st.integers(-1, 1_000_000),
    entry_no=st.integers(0, 50),
    points=st.integers(-(10**14), 10**14),
    reason=st.sampled_from(["counted", "paused", "tombstone", "rolled_back", ""]),
)
states = st.recursive(st.integers(-(10**18), 10**18), lambda inner: st.lists(inner, max_size=4), max_leaves=9)
known = st.tuples(st.integers(0, 1_000_000), u32)


@given(st.lists(rounds, min_size=1, max_size=20))
def test_a_batch_comes_back_with_its_hashes(batch: list[Round]) -> None:
    expected = [
        Arrival(r, round_hash("main", r.brand_id, r.player_id, r.round_id), fingerprint(r)) for r in batch
    ]
    assert decode_batch(encode_batch(batch), "main") == expected


entries = st.dictionaries(
    ids, st.dictionaries(st.integers(1, 60), st.lists(states, max_size=5), max_size=3), max_size=4
)
runs = st.lists(st.tuples(st.integers(1, 10**7), st.integers(0, 500)), min_size=1, max_size=4)


@given(st.lists(records, max_size=20), st.none() | entries)
def test_a_segment_comes_back_with_its_keyframe(
    segment: list[Recorded], before: dict[str, dict[int, list[object]]] | None
) -> None:
    assert decode_records(encode_records(segment, before)) == (segment, before)


@given(
    entries,
    st.dictionaries(st.integers(0, 10**9), st.dictionaries(u64, known, min_size=1, max_size=6), max_size=5),
    st.dictionaries(u64, known, max_size=4),
    instants,
    st.dictionaries(st.integers(0, 10**9), runs, max_size=9),
    st.lists(st.tuples(st.integers(1, 10**7), st.integers(0, 30_000)), max_size=3),
)
def test_a_page_comes_back(
    of: dict[str, dict[int, list[object]]],
    recent: dict[int, dict[int, tuple[int, int]]],
    orphans: dict[int, tuple[int, int]],
    at: int,
    slots: dict[int, list[tuple[int, int]]],
    lineage: list[tuple[int, int]],
) -> None:
    page = Page(7, "head", False, at, of, recent, orphans, at + 1, span=6, lineage=tuple(lineage), mapped=at)
    page.slots = {slot: [[first, first + long] for first, long in of_slot] for slot, of_slot in slots.items()}
    page.early = [[1, 2, at]]
    assert decode_page(encode_page(page), 7, "head", sealed=False, span=6) == page


ulids = st.builds(ulid, st.integers(0, (1 << 48) - 1), st.binary(min_size=10, max_size=10))
statuses = st.sampled_from(
    ("active", "withdrawn", "disqualified", "declined", "refunded", "pending_payment", "")
)


@given(
    st.one_of(ulids, ids, st.just("E" * 26)),
    ids,
    st.one_of(ids, st.sampled_from(("", "[", "[]", "\x00"))),
    statuses,
    st.one_of(st.none(), st.lists(st.tuples(st.integers(1, 9), instants, small, small), max_size=4)),
    st.one_of(instants, st.sampled_from((0, (1 << 48) - 1, 1 << 48))),
)
def test_a_seat_comes_back(
    entry: str, brand: str, name: str, status: str, stints: list[tuple[int, int, int, int]] | None, at: int
) -> None:
    held = (Stint(1, at),) if stints is None else tuple(Stint(*s) for s in stints)
    seat = Seat(entry, brand, "player", name, status, at, held)
    assert seat_from(player_key(brand, "player"), seat_document(seat)) == seat


@given(ulids)
def test_a_ulid_is_sixteen_bytes_and_comes_back(text: str) -> None:
    assert len(ulid_bytes(text)) == 16
    assert ulid_text(ulid_bytes(text)) == text


def test_every_status_of_an_entry_that_a_seat_can_have_has_its_number() -> None:
    # The numbers are part of what is stored: in this order for ever.
    assert SEATED == (ACTIVE, WITHDRAWN, DISQUALIFIED, DECLINED, REFUNDED)


def test_five_hundred_rounds_with_the_longest_ids_are_written_in_items(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = random.Random(1)
    alphabet = [chr(c) for c in range(0x4E00, 0x9FFF)] + list(string.ascii_letters)

    def text() -> str:
        return "".join(rng.choices(alphabet, k=100))

    def one() -> Round:
        at = rng.randrange(10**12, 2 * 10**12)
        amounts = [rng.randrange(MAX_MINOR) for _ in range(5)]
        return Round(
            text(), 0, 0, text(), text(), text(), text(), "EUR", 2, *amounts, at, at, rng.randrange(2**53)
        )

    sent = [one() for _ in range(500)]
    written: list[store.InboxItem] = []
    monkeypatch.setattr(store.dynamo, "apply", lambda op: written.append(op["Put"]["Item"]))
    monkeypatch.setenv("ARENA_TABLE", "arena")
    accepting._write("tenant", "main", sent, 1_800_000_000_000)
    assert len(written) > 1
    data = [item["data"]["B"] for item in written]
    assert all(len(d) <= accepting.ITEM_BYTES for d in data)
    assert [a.round for d in data for a in decode_batch(d, "main")] == sent
    assert len({item["sk"]["S"] for item in written}) == len(written)
