"""Money out, decided: lives, answers, retries, undoing, messages."""

import itertools
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pitboss.delivery import rules
from pitboss.delivery.model import (
    AT_REST,
    LIVES,
    STATES,
    Attempt,
    FreeRounds,
    Movement,
    PayoutLine,
    Reply,
    Terms,
    fingerprint,
    terms_document,
    terms_from,
)

pytestmark = pytest.mark.unit

NOW = 1_767_225_600_000
TERMS = Terms("e1", "aurora", "p1", 1000, 100, "EUR", 2)
EVENTS = sorted({event for life in LIVES.values() for _, event in life})


def debit(state: str = "unknown", **more: Any) -> Movement:
    return replace(Movement("t1", "T", "debit", "ref-1", "buy_in", state, TERMS, NOW, due_at=NOW), **more)


def payout(state: str = "approved", **more: Any) -> Movement:
    return replace(Movement("t1", "T", "payout", "ref-1", "cash", state, TERMS, NOW, due_at=NOW), **more)


def attempt(movement: Movement, verdict: Any, now: int = NOW, **more: Any) -> Movement:
    return rules.after_attempt(rules.claim(movement, now), Reply(verdict, **more), now + 100)


# ---------------------------------------------------------------- lives
@pytest.mark.parametrize("family", ["debit", "payout", "refund"])
def test_every_pair_of_state_and_event_is_decided(family: Any) -> None:
    for state, event in itertools.product(STATES[family], EVENTS):
        expected = LIVES[family].get((state, event))
        if expected is None:
            with pytest.raises(rules.NotPossibleError) as caught:
                rules.step(family, state, event)
            assert (caught.value.state, caught.value.event) == (state, event)
        else:
            assert rules.step(family, state, event) == expected
            assert expected in STATES[family]


@pytest.mark.parametrize("family", ["debit", "payout"])
def test_every_state_can_be_reached_and_none_that_moves_by_itself_is_a_dead_end(family: Any) -> None:
    life = LIVES[family]
    reached = {"unknown"} if family == "debit" else {"planned"}
    while fresh := {after for (state, _), after in life.items() if state in reached} - reached:
        reached |= fresh
    assert reached == set(STATES[family])
    for state in set(STATES[family]) - AT_REST - {"planned"}:
        assert (state, "claim") in life


def test_nobody_leaves_confirmed_but_to_be_given_back() -> None:
    assert {e for s, e in LIVES["payout"] if s == "confirmed"} == set()
    assert {e for s, e in LIVES["debit"] if s == "confirmed"} == {"undo"}
    assert {e for s, e in LIVES["debit"] if s == "declined"} == set()


# ---------------------------------------------------------------- answers
@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (200, {"status": "confirmed"}, "confirmed"),
        (201, {"status": "ok", "transactionId": "x"}, "confirmed"),
        (200, {"status": "ok", "ref": "ref-1"}, "confirmed"),
        (200, {"status": "declined", "reason": "LIMIT"}, "declined"),
        (402, {"status": "declined"}, "declined"),
        (402, {"name": "BALANCE_NOT_ENOUGH"}, "declined"),
        (409, {"status": "declined"}, "declined"),
        (409, {"code": 1027}, "conflict"),
        (409, {"status": "confirmed"}, "conflict"),
        (200, {"status": "pending"}, "unknown"),
        (200, {"status": True}, "unknown"),
        (200, {"status": "CONFIRMED"}, "unknown"),
        (200, {}, "unknown"),
        (200, {"status": "ok", "ref": "another"}, "unknown"),
        (200, ["confirmed"], "unknown"),
        (202, {"status": "accepted"}, "unknown"),
        (302, {"status": "ok"}, "unknown"),
        (400, {"status": "declined"}, "unknown"),
        (401, {"status": "declined"}, "unknown"),
        (404, {"detail": "no such route"}, "unknown"),
        (429, {"status": "declined"}, "unknown"),
        (500, {"status": "confirmed"}, "unknown"),
        (503, {"status": "declined"}, "unknown"),
    ],
)
def test_only_a_plain_yes_or_no_is_one(status: int, body: Any, verdict: str) -> None:
    assert rules.read_reply(status, json.dumps(body).encode(), ref="ref-1").verdict == verdict


@pytest.mark.parametrize(
    "raw",
    [b"", b"<html>ok</html>", b'{"status": "confir', b"\xff\xfe", b"[" * 5000, b"NaN", b'"ok"', b"1" * 5000],
)
@pytest.mark.parametrize("status", [200, 402, 409, 500])
def test_what_is_no_json_object_is_unknown_whatever_the_status(status: int, raw: bytes) -> None:
    assert rules.read_reply(status, raw, ref="ref-1").verdict == "unknown"


def test_an_answer_cut_at_the_limit_is_not_read() -> None:
    assert rules.read_reply(200, b'{"status":"ok"}', ref="ref-1", cut=True).verdict == "unknown"


def test_what_the_operator_says_is_kept_but_tamed() -> None:
    reply = rules.read_reply(
        200, json.dumps({"status": "declined", "reason": "a\nb\x00" + "c" * 999}).encode(), ref="r"
    )
    assert reply.detail.startswith("abccc")
    assert len(reply.detail) <= rules.DETAIL_MAX
    assert rules.read_reply(200, b'{"status":"ok","transactionId":77}', ref="r").transaction_id == "77"
    assert rules.read_reply(200, b'{"status":"ok","transactionId":"\\ud800x"}', ref="r").transaction_id == "x"
    assert rules.read_reply(200, b'{"status":"ok","transactionId":{"a":1}}', ref="r") == Reply(
        "confirmed", 200
    )


@given(st.integers(100, 599), st.binary(max_size=60))
def test_no_answer_breaks_the_reader(status: int, raw: bytes) -> None:
    assert rules.read_reply(status, raw, ref="r").verdict in ("unknown", "confirmed", "declined", "conflict")


# ---------------------------------------------------------------- retries
def test_the_schedule_is_the_stated_one_and_ends_after_a_day() -> None:
    movement, now, gaps = payout(), NOW, []
    while movement.state not in ("manual", "confirmed"):
        assert rules.may_claim(movement, now)
        movement = attempt(movement, "unknown", now)
        if movement.due_at is not None and movement.state == "unknown":
            gaps.append(movement.due_at - now)
            now = movement.due_at
    stated = [5, 30, 120, 600, 1800, 3600, *[7200] * 11]
    for gap, base in zip(gaps[:-1], stated, strict=False):
        assert base * 900 <= gap - 100 <= base * 1100
    assert now - NOW == rules.GIVE_UP_AFTER_MS
    assert movement.state == "manual"
    assert len(movement.attempts) == len(gaps) + 1 == movement.tries
    assert len(gaps) >= 16


@given(st.text(min_size=1, max_size=30), st.integers(1, 40), st.integers(0, 10**6))
def test_jitter_and_advice_stay_within_bounds(ref: str, tries: int, advised: int) -> None:
    movement = payout(ref=ref, tries=tries, sent_since=NOW)
    due = rules.next_due(movement, NOW, advised)
    base = rules.RETRY_DELAYS_S[min(tries, 17) - 1] * 1000
    assert due is not None
    assert base * 9 // 10 <= due - NOW <= base * 2
    assert due == rules.next_due(movement, NOW, advised)


def test_jitter_spreads_the_payouts_of_one_ending() -> None:
    dues = {rules.next_due(payout(ref=f"r{n}", tries=3, sent_since=NOW), NOW) for n in range(200)}
    assert len(dues) > 100


def test_a_sender_that_died_is_followed_and_a_live_one_is_not_overtaken() -> None:
    claimed = rules.claim(payout(), NOW)
    assert not rules.may_claim(claimed, NOW + rules.LEASE_MS - 1)
    assert rules.may_claim(claimed, NOW + rules.LEASE_MS)
    again = rules.claim(claimed, NOW + rules.LEASE_MS)
    assert [a.outcome for a in again.attempts] == ["open", "open"]
    assert again.sent_since == NOW


@pytest.mark.parametrize("state", ["planned", "confirmed", "rejected", "manual", "reversed"])
def test_nothing_is_sent_that_waits_or_has_ended(state: str) -> None:
    assert not rules.may_claim(payout(state), NOW)


def test_a_lease_outlasts_an_attempt() -> None:
    from pitboss.delivery import gateway

    assert gateway.TOTAL_TIMEOUT_S * 1000 * 3 < rules.LEASE_MS


# ---------------------------------------------------------------- after an attempt
@pytest.mark.parametrize(
    ("movement", "verdict", "state"),
    [
        (debit(), "confirmed", "confirmed"),
        (debit(), "declined", "declined"),
        (debit(), "conflict", "manual"),
        (debit(), "unknown", "unknown"),
        (debit(), "unsent", "declined"),
        (debit(attempts=(Attempt(NOW, "unsent"),)), "unsent", "declined"),
        (debit(attempts=(Attempt(NOW, "unknown"),)), "unsent", "unknown"),
        (debit(attempts=(Attempt(NOW, "open"),)), "unsent", "unknown"),
        (payout(), "confirmed", "confirmed"),
        (payout(), "declined", "rejected"),
        (payout(), "conflict", "manual"),
        (payout(), "unknown", "unknown"),
        (payout(), "unsent", "unknown"),
    ],
)
def test_what_an_answer_makes_of_a_movement(movement: Movement, verdict: str, state: str) -> None:
    ended = attempt(movement, verdict, detail="why", transaction_id="op-1")
    assert ended.state == state
    assert ended.attempts[-1].outcome == verdict
    assert ended.transaction_id == "op-1"
    assert ended.lease_until == 0
    assert ended.version == movement.version + 2
    assert ended.told is (state == "unknown")
    assert ended.due_at is not None
    assert ended.reason == ("" if verdict == "confirmed" else "why")


def test_the_first_yes_after_a_day_of_silence_still_counts() -> None:
    late = rules.claim(payout("unknown", sent_since=NOW - rules.GIVE_UP_AFTER_MS, tries=17), NOW)
    assert rules.after_attempt(late, Reply("unknown"), NOW).state == "manual"
    assert rules.after_attempt(late, Reply("confirmed"), NOW).state == "confirmed"


def test_attempts_and_acts_are_kept_within_bounds() -> None:
    movement = payout("unknown")
    for n in range(rules.KEPT_ATTEMPTS + 5):
        movement = replace(attempt(movement, "unknown", NOW + n), due_at=NOW, lease_until=0)
    assert len(movement.attempts) == rules.KEPT_ATTEMPTS
    for n in range(rules.KEPT_ACTS + 5):
        movement = rules.act(movement, "retry", by="k", reason="", now=NOW + n)
    assert len(movement.acts) == rules.KEPT_ACTS


# ---------------------------------------------------------------- undoing
@pytest.mark.parametrize(
    ("found", "action"),
    [
        (None, "bury"),
        (debit("unknown"), "bury"),
        (debit("requested", attempts=(Attempt(NOW, "unsent"),)), "bury"),
        (debit("requested", attempts=(Attempt(NOW, "open"),)), "send"),
        (debit("unknown", attempts=(Attempt(NOW, "unknown"),)), "send"),
        (debit("confirmed", attempts=(Attempt(NOW, "confirmed"),)), "send"),
        (debit("manual", attempts=(Attempt(NOW, "conflict"),)), "send"),
        (debit("declined"), "nothing"),
        (debit("refunding"), "nothing"),
        (debit("refunded"), "nothing"),
    ],
)
def test_what_giving_a_debit_back_takes(found: Movement | None, action: str) -> None:
    assert rules.undo(found) == action


def test_every_state_of_a_debit_has_an_answer_for_its_seat() -> None:
    said = {state: rules.debit_outcome(debit(state)).state for state in STATES["debit"]}
    assert said == {
        "requested": "unknown",
        "unknown": "unknown",
        "manual": "unknown",
        "confirmed": "confirmed",
        "declined": "declined",
        "refunding": "declined",
        "refunded": "declined",
    }


# ---------------------------------------------------------------- births, acts, messages
def line(**more: Any) -> PayoutLine:
    return replace(PayoutLine("r1", "e1", "aurora", "p1", "cash", 5000, "EUR", 2, rank=1, line="L1"), **more)


def test_approval_decides_whether_a_payout_waits() -> None:
    auto = rules.payout_of("t1", "T", 1, line(), auto=True, now=NOW)
    manual = rules.payout_of("t1", "T", 1, line(), auto=False, now=NOW)
    assert (auto.state, auto.due_at) == ("approved", NOW)
    assert (manual.state, manual.due_at) == ("planned", None)
    assert rules.act(manual, "approve", by="k1", reason="", now=NOW + 5).due_at == NOW + 5
    back = rules.payout_of("t1", "T", 2, line(amount=-5000), auto=True, now=NOW)
    assert (back.state, back.due_at) == ("manual", None)
    with pytest.raises(rules.NotPossibleError):
        rules.act(back, "retry", by="k1", reason="", now=NOW)
    assert rules.act(back, "resolve_paid", by="k1", reason="taken", now=NOW).state == "confirmed"


def test_a_retry_by_hand_has_a_day_of_its_own() -> None:
    given_up = payout("manual", sent_since=NOW - 10**9, tries=18, due_at=None)
    again = rules.act(given_up, "retry", by="k1", reason="", now=NOW)
    assert (again.state, again.due_at) == ("approved", NOW)
    assert attempt(again, "unknown", NOW).state == "unknown"


def test_where_the_index_lists_a_movement() -> None:
    assert rules.index_key(payout(), 3) == ("DUE#3", NOW)
    assert rules.index_key(payout("manual", due_at=None), 3) == ("WAIT#t1#payout#manual", NOW)
    assert rules.index_key(payout("planned", due_at=None), 3) == ("WAIT#t1#payout#planned", NOW)
    assert rules.index_key(payout("confirmed", due_at=None), 3) is None
    assert rules.index_key(payout("confirmed", due_at=NOW, told=False), 3) == ("DUE#3", NOW)


def test_the_message_says_what_moves_and_never_changes_between_attempts() -> None:
    first = rules.claim(debit(), NOW)
    assert (
        rules.message_of(first)
        == rules.message_of(attempt(debit(), "unknown"))
        == {
            "type": "debit",
            "kind": "buy_in",
            "ref": "ref-1",
            "tenantId": "t1",
            "tournamentId": "T",
            "entryId": "e1",
            "brandId": "aurora",
            "playerId": "p1",
            "amount": "11.00",
            "currency": "EUR",
            "buyIn": "10.00",
            "rake": "1.00",
        }
    )
    back = rules.message_of(rules.refund_of(debit("confirmed"), "ref-2", "withdrawn", NOW))
    assert (back["type"], back["ref"], back["refundOf"]) == ("refund", "ref-2", "ref-1")
    assert (back["amount"], back["reason"]) == ("11.00", "withdrawn")
    prize = rules.payout_of(
        "t1",
        "T",
        2,
        line(kind="free_rounds", amount=0, free_rounds=FreeRounds(20, 10, "slot", 48)),
        auto=True,
        now=NOW,
    )
    said = rules.message_of(prize)
    assert said["freeRounds"] == {"count": 20, "value": "0.10", "gameId": "slot", "validHours": 48}
    assert (said["kind"], said["resultVersion"], said["rank"], said["prizeLine"]) == (
        "free_rounds",
        2,
        1,
        "L1",
    )


@pytest.mark.parametrize(("exponent", "said"), [(0, "5000"), (3, "5.000"), (8, "0.00005000")])
def test_amounts_go_out_with_the_decimals_of_their_currency(exponent: int, said: str) -> None:
    prize = rules.payout_of("t1", "T", 1, line(exponent=exponent), auto=True, now=NOW)
    assert rules.message_of(prize)["amount"] == said


def test_terms_survive_storage_and_every_member_is_in_the_fingerprint() -> None:
    whole = replace(TERMS, free_rounds=FreeRounds(1, 2, "g", 3), refund_of="x", why="y", rank=4, line="l")
    assert terms_from(terms_document(whole)) == whole
    mine = fingerprint("buy_in", whole)
    changes: dict[str, Any] = {
        "entry_id": "z",
        "brand_id": "z",
        "player_id": "z",
        "amount": 1,
        "rake": 1,
        "currency": "USD",
        "exponent": 3,
        "rank": 9,
        "line": "z",
        "result_version": 7,
        "refund_of": "z",
        "why": "z",
        "free_rounds": None,
    }
    assert set(changes) == set(Terms.__dataclass_fields__)
    for name, value in changes.items():
        assert fingerprint("buy_in", replace(whole, **{name: value})) != mine
    assert fingerprint("rebuy", whole) != mine
