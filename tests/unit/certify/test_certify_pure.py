"""The table of cases, its language, and how answers are read and judged."""

import json
import time
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from pitboss.certify import envelope, report
from pitboss.certify.hub_controls import VERBS
from pitboss.certify.model import TARGETS, Exchange, Failure, Reply, Result, Run, Wanted
from pitboss.certify.page import html
from pitboss.certify.play import Stagehand
from pitboss.certify.replies import MALFORMED, WALLET_NAMES, fits, read_hub, read_wallet
from pitboss.certify.runner import chosen
from pitboss.certify.script import CALLS, ScriptError, cases, profiles, read_act, read_step
from pitboss.certify.secret import secret_bytes
from pitboss.kernel.refusal import catalogue
from pitboss.platform import signing
from standardwebhooks import Webhook, WebhookVerificationError

pytestmark = pytest.mark.unit
SECRET = bytes(range(32))
OWN_VERBS = {"race", "until", "batch", "storm", "recall", "exact", "memory", "seen", "using"}


# ---------------------------------------------------------------- the table
def test_there_are_95_cases_with_everything_a_reader_needs() -> None:
    assert [case.number for case in cases()] == list(range(1, 96))
    for case in cases():
        assert case.title
        assert case.rule
        assert case.source
        assert case.causes
        assert case.level in ("N", "P")


@pytest.mark.parametrize("target", TARGETS)
def test_every_case_has_a_play_for_every_target_under_every_single_switch(target: Any) -> None:
    default = dict(profiles()["default"])
    values: dict[str, set[str]] = {}
    for case in cases():
        for play in case.plays:
            for name, value in play.switches.items():
                values.setdefault(name, {default[name]}).add(value)
    settings = [default, *({**default, name: v} for name, vs in values.items() for v in vs)]
    holes = [(c.number, s) for s in settings for c in cases() if c.play_for(target, s) is None]
    assert holes == []


def test_no_case_is_skipped_against_the_hub_under_the_default_profile() -> None:
    for target in ("transfer", "seamless"):
        for case in cases():
            play = case.play_for(target, profiles()["default"])  # type: ignore[arg-type]
            assert play is not None
            assert play.steps, case.number
            judged = any(step.wanted or step.verb not in (*CALLS, "batch", "race") for step in play.steps)
            assert judged, case.number


def test_every_verb_is_known_to_whoever_must_play_it() -> None:
    verbs = {step.verb for case in cases() for play in case.plays for step in play.steps}
    verbs |= {act.verb for case in cases() for play in case.plays for step in play.steps for act in step.acts}
    assert verbs <= set(CALLS) | OWN_VERBS | set(VERBS)
    assert all(hasattr(Stagehand, f"_{verb}") for verb in OWN_VERBS - {"batch"})


def test_every_name_that_is_expected_exists() -> None:
    names = {
        wanted.name
        for case in cases()
        for play in case.plays
        for step in play.steps
        for wanted in step.wanted
    }
    own = {"OK", "REPLAY", "LOST", "REFUSED"}
    assert names - own <= set(catalogue())
    on_wallets = {
        wanted.name
        for case in cases()
        for play in case.plays
        if play.targets == ("wallet",)
        for step in play.steps
        for wanted in step.wanted
    }
    assert on_wallets - own <= WALLET_NAMES


def test_switches_of_the_kit_are_those_of_the_wallet() -> None:
    from pitboss.wallet.profile import DEFAULT

    switches = DEFAULT.to_record()
    for name, value in profiles()["default"].items():
        assert switches[name] == value
    for case in cases():
        for step in (s for play in case.plays for s in play.steps if s.verb == "using"):
            assert set(step.acts[0].options) <= set(switches)


def test_profiles_of_the_kit_are_those_of_the_hub_that_speak_its_protocol() -> None:
    from pitboss.certify.schemas import CreateRun
    from pitboss.dialects.profiles import vendors

    own = {id_: dict(row.switches) for id_, row in vendors().items() if row.dialect in ("", "default")}
    assert {name: dict(row) for name, row in profiles().items()} == own
    assert next(iter(profiles())) == "default"
    schema = CreateRun.model_json_schema(by_alias=True)["properties"]["profile"]
    assert set(schema["enum"]) == set(profiles())


@pytest.mark.parametrize("profile", profiles())
def test_every_profile_has_a_play_for_every_case(profile: str) -> None:
    for target in ("transfer", "seamless"):
        for case in cases():
            play = case.play_for(target, profiles()[profile])  # type: ignore[arg-type]
            assert play is not None
            assert play.steps, (profile, target, case.number)


@pytest.mark.parametrize(
    ("word", "scale", "exponent", "written"),
    [
        ("10", "decimal", 2, '"10"'),
        ("10", "minor", 2, "1000"),
        ("10", "minor", 0, "10"),
        ("0.01", "x100000", 2, "1000"),
        ("-1", "millis", 2, "-1000"),
        ("10.001", "minor", 2, "1000.1"),
        ('="10,00"', "x100000", 2, '"10,00"'),
    ],
)
def test_an_amount_is_written_in_the_scale_of_the_profile(
    word: str, scale: str, exponent: int, written: str
) -> None:
    document = {"amount": envelope.scaled_json(word, scale, exponent)}
    assert envelope.document_bytes(document) == b'{"amount":%s}' % written.encode()


def hub_answer(status: int, body: dict[str, Any]) -> Exchange:
    kind = "application/json" if body.get("status") == "OK" else "application/problem+json"
    return Exchange("POST", "http://hub/wallet/bet", "", status, json.dumps(body), 1, content_type=kind)


NO = {"name": "BALANCE_NOT_ENOUGH", "code": 2006, "status": 402, "retryable": False, "effect": "none"}
YES = {"status": "OK", "code": 0, "currency": "EUR"}


@pytest.mark.parametrize(
    ("status", "body", "switches", "name", "balance"),
    [
        (200, {**YES, "balance": "990.00"}, {}, "OK", "990"),
        (200, {**YES, "balance": 99_000_000}, {"moneyScale": "x100000"}, "OK", "990"),
        (200, {**YES, "balance": "990.00"}, {"moneyScale": "x100000"}, MALFORMED, None),
        (200, {**YES, "balance": 99_000}, {}, MALFORMED, None),
        (402, {**NO, "balance": 99_000}, {"moneyScale": "minor"}, "BALANCE_NOT_ENOUGH", "990"),
        (200, {**NO, "balance": "990.00"}, {"httpSchool": "always200"}, "BALANCE_NOT_ENOUGH", "990"),
        (402, {**NO, "balance": "990.00"}, {"httpSchool": "always200"}, MALFORMED, None),
        (401, {**NO, "name": "SIGNATURE_INVALID"}, {"httpSchool": "always200"}, "SIGNATURE_INVALID", None),
        (200, {**NO, "balance": "990.00"}, {}, MALFORMED, None),
    ],
)
def test_an_answer_is_read_as_the_profile_has_it(
    status: int, body: dict[str, Any], switches: dict[str, str], name: str, balance: str | None
) -> None:
    reply = read_hub(
        hub_answer(status, body), transaction_id="", exponent=2, currency="EUR", switches=switches
    )
    assert (reply.name, reply.balance) == (name, None if balance is None else Decimal(balance))


@pytest.mark.parametrize(
    ("only", "numbers"),
    [("3", [3]), ("1-3,15", [1, 2, 3, 15]), ("lists", [62, 63, 64, 65]), (" 2 , 1 ", [1, 2])],
)
def test_choosing(only: str, numbers: list[int]) -> None:
    assert [case.number for case in chosen(cases(), only)] == numbers


@pytest.mark.parametrize("only", ["0", "96", "nothing", "3-1", "1,,2", "1-x"])
def test_choosing_nothing_is_a_mistake(only: str) -> None:
    with pytest.raises(ValueError, match="names no case"):
        chosen(cases(), only)


# ---------------------------------------------------------------- the language
def test_a_line_is_read_as_it_is_meant() -> None:
    step = read_step("win w1 20 ref=t1 closed !drop-reply !stale=600 -> OK 1010 | REPLAY 990 now=1010")
    (act,) = step.acts
    assert (act.verb, act.words) == ("win", ("w1", "20", "closed"))
    assert act.options == {"ref": "t1"}
    assert act.wire == {"drop-reply": "", "stale": "600"}
    assert step.wanted == (
        Wanted("OK", Decimal(1010)),
        Wanted("REPLAY", Decimal(990), Decimal(1010)),
    )


def test_races_and_lists_have_several_calls() -> None:
    race = read_step("race x10 bet t# 150 -> 6 OK + 4 BALANCE_NOT_ENOUGH")
    assert (race.repeat, len(race.acts), [w.times for w in race.wanted]) == (10, 1, [6, 4])
    batch = read_step("batch bet t1 10 + win w1 25 ref=t1 -> OK 1015")
    assert [act.verb for act in batch.acts] == ["bet", "win"]
    assert read_act('bet t1 ="10"').words == ("t1", '="10"')


@pytest.mark.parametrize(
    "line", ["", "bet t1 10 ->", "race bet t1 10", "balance -> OK 1 2", "balance -> 1,0"]
)
def test_a_line_that_cannot_be_read_is_refused(line: str) -> None:
    with pytest.raises(ScriptError):
        read_step(line)


# ---------------------------------------------------------------- messages
DOCUMENT = {"action": "bet", "transactionId": "t1", "amount": "10.00", "userId": "ü"}


def sealed(**wire: str) -> envelope.Sealed:
    return envelope.seal(DOCUMENT, wire, secret=SECRET, message_id="m1", now_s=1_800_000_000)


def test_a_message_is_signed_as_the_public_library_verifies_it() -> None:
    now = int(time.time())
    message = envelope.seal(DOCUMENT, {}, secret=SECRET, message_id="m1", now_s=now)
    library = Webhook(signing.printable_secret(SECRET))
    assert library.verify(message.body, dict(message.headers)) == DOCUMENT
    for fault in ("flip", "reorder", "spaces"):
        spoiled = envelope.seal(DOCUMENT, {fault: ""}, secret=SECRET, message_id="m1", now_s=now)
        assert spoiled.body != message.body
        with pytest.raises(WebhookVerificationError):
            library.verify(spoiled.body, dict(spoiled.headers))
    reordered = envelope.seal(DOCUMENT, {"reorder": ""}, secret=SECRET, message_id="m1", now_s=now)
    assert json.loads(reordered.body) == DOCUMENT


def test_faults_of_a_message() -> None:
    assert signing.fault(SECRET, dict(sealed().headers), sealed().body, 1_800_000_000) == ""
    assert "window" in signing.fault(SECRET, dict(sealed(stale="600").headers), sealed().body, 1_800_000_000)
    assert sealed(sign="none").headers == {}
    wrong = sealed(sign="wrong")
    assert "match" in signing.fault(SECRET, dict(wrong.headers), wrong.body, 1_800_000_000)


@pytest.mark.parametrize(
    ("word", "text"),
    [("10", '"10"'), ("=10.0", "10.0"), ("=NaN", "NaN"), ('="10,00"', '"10,00"'), ("=true", "true")],
)
def test_amounts_are_sent_as_the_script_writes_them(word: str, text: str) -> None:
    document = {"amount": envelope.amount_json(word), "after": 1}
    assert envelope.document_bytes(document) == f'{{"amount":{text},"after":1}}'.encode()
    assert envelope.document_bytes({**document, "amount": envelope.amount_json("=missing")}) == b'{"after":1}'


def test_secrets_are_taken_as_they_are_pasted() -> None:
    assert secret_bytes(f" {signing.printable_secret(SECRET)}\n") == SECRET
    with pytest.raises(ValueError, match="whsec_"):
        secret_bytes("whsec_not base64")


# ---------------------------------------------------------------- answers
def answered(status: int, document: Any, kind: str = "application/json") -> Exchange:
    text = document if isinstance(document, str) else json.dumps(document)
    return Exchange("POST", "http://wallet/bet", "{}", status, text, 5, "", kind)


def wallet(status: int, document: Any, **more: Any) -> Reply:
    return read_wallet(answered(status, document), exponent=2, currency="EUR", **more)


YES = {"status": "OK", "balance": "990.00", "currency": "EUR"}


@pytest.mark.parametrize(
    ("status", "document", "name"),
    [
        (200, YES, "OK"),
        (200, {"status": "INSUFFICIENT_FUNDS", "balance": "1.00"}, "BALANCE_NOT_ENOUGH"),
        (402, {"status": "BALANCE_NOT_ENOUGH"}, "BALANCE_NOT_ENOUGH"),
        (0, "", "LOST"),
        (500, YES, MALFORMED),
        (302, YES, MALFORMED),
        (200, "<html>", MALFORMED),
        (200, "", MALFORMED),
        (200, [], MALFORMED),
        (200, {"status": "MAYBE"}, MALFORMED),
        (200, {**YES, "balance": 990.0}, MALFORMED),
        (200, {**YES, "balance": "990.001"}, MALFORMED),
        (200, {**YES, "currency": "USD"}, MALFORMED),
        (200, {"status": "OK", "currency": "EUR"}, MALFORMED),
        (201, YES, MALFORMED),
        (503, {"status": "SERVER_IS_BUSY"}, "SERVER_IS_BUSY"),
    ],
)
def test_a_wallets_answers_are_read_strictly(status: int, document: Any, name: str) -> None:
    assert wallet(status, document).name == name


def test_what_may_not_be_believed_needs_no_body() -> None:
    assert wallet(401, "", unsigned=True).name == "SIGNATURE_INVALID"
    assert wallet(401, "").name == MALFORMED
    assert wallet(400, {"error": "no JSON"}, malformed=True).name == "VALIDATION_ERROR"
    assert wallet(500, {"error": "no JSON"}, malformed=True).name == MALFORMED


def hub(status: int, document: Any, kind: str = "application/json") -> Reply:
    return read_hub(answered(status, document, kind), transaction_id="t1", exponent=2, currency="EUR")


HUB_YES = {**YES, "code": 0, "transactionId": "t1", "hubTransactionId": "h1", "replay": False}
NO = {"name": "BALANCE_NOT_ENOUGH", "code": 2006, "retryable": False, "effect": "none", "balance": "5.00"}
PROBLEM = "application/problem+json"


def test_the_hubs_answers_are_read_strictly() -> None:
    assert hub(200, HUB_YES).ok
    assert hub(200, {**HUB_YES, "transactionId": "t2"}).name == MALFORMED
    assert hub(200, {k: v for k, v in HUB_YES.items() if k != "replay"}).name == MALFORMED
    assert hub(402, NO, PROBLEM).balance == Decimal(5)
    assert hub(402, NO).name == MALFORMED
    assert hub(402, {**NO, "effect": "applied"}, PROBLEM).name == MALFORMED
    assert hub(402, {k: v for k, v in NO.items() if k != "retryable"}, PROBLEM).name == MALFORMED
    assert hub(504, {**NO, "name": "TIMEOUT", "effect": "unknown"}, PROBLEM).effect == "unknown"
    assert hub(404, {**NO, "name": "USER_NOT_FOUND"}, PROBLEM).name == MALFORMED  # it tells a balance


def test_judging() -> None:
    yes = hub(200, HUB_YES)
    again = replace(yes, replay=True)
    assert fits(yes, Wanted("OK", Decimal("990")))
    assert not fits(yes, Wanted("OK", Decimal("989.99")))
    assert not fits(yes, Wanted("REPLAY"))
    assert fits(again, Wanted("REPLAY"))
    assert not fits(again, Wanted("OK"))
    assert not fits(again, Wanted("REPLAY", now=Decimal(1)))
    assert fits(wallet(200, YES), Wanted("REPLAY"))  # a wallet need not flag it
    assert fits(hub(402, NO, PROBLEM), Wanted("REFUSED"))
    assert not fits(wallet(500, YES), Wanted("REFUSED"))


# ---------------------------------------------------------------- the report
def a_run() -> Run:
    exchange = answered(200, {"status": "OK", "balance": "<script>alert(1)</script>"})
    failure = Failure("bet t1 10 -> OK 990", "OK with balance 990", "no answer", exchange)
    results = (
        Result(1, "Balance of a known player", "balance", "passed", 12, 1),
        Result(3, "A bet takes its amount", "amounts", "failed", 30, 2, "", failure),
        Result(33, "A bet in a closed round", "wins", "skipped", 0, 0, "Rounds are the hub's."),
    )
    return Run("01K00000000000000000000000", "wallet", "default", "https://w.example", 0, 1000, results)


def test_the_report_tells_everything_and_runs_nothing() -> None:
    document = report.document(a_run(), {case.number: case for case in cases()})
    assert (document["passed"], document["failed"], document["skipped"]) == (1, 1, 1)
    assert document["certified"] is False
    table = report.table(document)
    for text in (
        "request   POST http://wallet/bet",
        "likely    ",
        "33  Rounds are the hub's.",
        "NOT certified",
    ):
        assert text in table
    page = html(document)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "http" not in page.replace("http://wallet/bet", "").replace("https://w.example", "")


def test_a_run_that_played_nothing_certifies_nothing() -> None:
    empty = replace(a_run(), results=(a_run().results[2],))
    assert not empty.certified
    assert replace(a_run(), results=(a_run().results[0],)).certified


def test_case_23_rests_on_the_expiry_of_the_stored_item() -> None:
    from pitboss.wallet.transactions_api import _expiry

    assert _expiry({"pk": "X#t"}) is None
    assert _expiry({"ttl": 1_800_000_000}) == "2027-01-15T08:00:00Z"
