"""Times, ids and the byte form of documents."""

from typing import Any

import pytest
from pitboss.kernel.canonical import canonical_json, digest
from pitboss.kernel.ids import derive_ulid, is_ulid, ulid, ulid_instant
from pitboss.kernel.instants import MAX_INSTANT, MIN_INSTANT, format_instant, parse_instant

pytestmark = pytest.mark.unit
NOON = 1_769_860_800_000  # 2026-01-31T12:00:00Z


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-01-31T12:00:00Z", NOON),
        ("2026-01-31t12:00:00z", NOON),
        ("2026-01-31T12:00:00+00:00", NOON),
        ("2026-01-31T14:30:00+02:30", NOON),
        ("2026-01-31T07:00:00-05:00", NOON),
        ("2026-01-31T12:00:00.5Z", NOON + 500),
        ("2026-01-31T12:00:00.123999999Z", NOON + 123),
        ("2000-01-01T00:00:00Z", MIN_INSTANT),
        ("2199-12-31T00:00:00Z", MAX_INSTANT),
    ],
)
def test_times_that_are_read(text: str, instant: int) -> None:
    assert parse_instant(text) == instant
    assert parse_instant(format_instant(instant)) == instant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-01-31",
        "2026-01-31 12:00:00Z",
        "2026-01-31T12:00:00",
        "2026-01-31T12:00Z",
        "2026-02-30T12:00:00Z",
        "2026-01-31T24:00:00Z",
        "2026-01-31T12:60:00Z",
        "2026-01-31T12:00:60Z",
        "2026-01-31T12:00:00+24:00",
        "2026-01-31T12:00:00+02:60",
        "2026-01-31T12:00:00.Z",
        "2026-01-31T12:00:00,5Z",
        "２０２６-01-31T12:00:00Z",
        "1999-12-31T23:59:59Z",
        "2199-12-31T00:00:01Z",
        "2000-01-01T00:00:00+00:01",
        "2026-01-31T12:00:00Z\n",
        "1769860800",
    ],
)
def test_times_that_are_not(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_instant(text)


def test_the_fraction_is_written_only_where_there_is_one() -> None:
    assert format_instant(NOON) == "2026-01-31T12:00:00Z"
    assert format_instant(NOON + 7) == "2026-01-31T12:00:00.007Z"


def test_ulids_sort_by_time_and_carry_it() -> None:
    early, late = ulid(NOON, b"\xff" * 10), ulid(NOON + 1, b"\x00" * 10)
    assert early < late
    assert ulid_instant(early) == NOON
    assert is_ulid(early)
    assert ulid((1 << 48) - 1, b"\xff" * 10) == "7" + "Z" * 25
    assert ulid(0, bytes(10)) == "0" * 26


@pytest.mark.parametrize(
    ("instant", "noise"), [(-1, bytes(10)), (1 << 48, bytes(10)), (0, bytes(9)), (0, bytes(11))]
)
def test_what_makes_no_ulid(instant: int, noise: bytes) -> None:
    with pytest.raises(ValueError, match="ULID"):
        ulid(instant, noise)


@pytest.mark.parametrize(
    "text", ["", "0" * 25, "0" * 27, "8" + "0" * 25, "I" * 26, "0" * 25 + "u", "0" * 25 + "-"]
)
def test_what_is_no_ulid(text: str) -> None:
    assert not is_ulid(text)


def test_the_time_of_something_else_is_refused() -> None:
    with pytest.raises(ValueError, match="26"):
        ulid_instant("short")
    with pytest.raises(ValueError, match="substring"):
        ulid_instant("U" * 26)


def test_an_attempt_names_the_same_things_again_and_others_differently() -> None:
    seed = ulid(NOON, b"0123456789")
    debit, seat = derive_ulid(seed, "debit"), derive_ulid(seed, "seat")
    assert debit == derive_ulid(seed, "debit")
    assert len({seed, debit, seat, derive_ulid(ulid(NOON, b"1123456789"), "debit")}) == 4
    assert is_ulid(debit)
    assert ulid_instant(debit) == NOON


def test_equal_documents_have_equal_bytes() -> None:
    one = {"b": [1, True, None, {"y": "ü", "x": ""}], "a": "1"}
    other = {"a": "1", "b": [1, True, None, {"x": "", "y": "ü"}]}
    assert (
        canonical_json(one)
        == canonical_json(other)
        == '{"a":"1","b":[1,true,null,{"x":"","y":"ü"}]}'.encode()
    )
    assert digest(one) == digest(other)
    assert digest(one) != digest({**one, "a": 1})
    assert digest({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


@pytest.mark.parametrize(
    "document", [1.5, [0.0], {"a": {"b": (1, 2.0)}}, {1: "a"}, {"a": [{None: 1}]}, {"a": {1, 2}}]
)
def test_what_has_no_canonical_form(document: Any) -> None:
    with pytest.raises(TypeError):
        canonical_json(document)
