"""Files of any length, the day's file, and a provider's beside it."""

import gzip
import json
from typing import Any

import boto3
import moto.s3.models
import pytest
from pitboss.platform.clock import now_ms
from pitboss.reports import exports, reconciliation, store
from pitboss.reports import schemas as models

from tests.reports_world import DAY, PLAYERS, Ledger
from tests.tenancy_world import Reply, made

pytestmark = pytest.mark.moto
DATE = "2026-01-01"


def content(ledger: Ledger, export: dict[str, Any]) -> str:
    """What the file holds, by the store's own record of where it is."""
    record = store.read_export(ledger.tenant_id, export["exportId"])
    assert record is not None
    answer = boto3.client("s3").get_object(Bucket="snapshots", Key=record["file"])
    body = answer["Body"].read()
    assert answer["ContentEncoding"] == "gzip"
    assert len(body) == export["bytes"]
    return gzip.decompress(body).decode()


def played(ledger: Ledger, rounds: int = 20) -> None:
    for n in range(rounds):
        ledger.tx("bet", f"b{n}", 100 + n, DAY + n * 1000, f"u-{n % 3 + 1}", round_id=f"r{n}")
        ledger.tx("win", f"w{n}", 50, DAY + n * 1000 + 1, f"u-{n % 3 + 1}", ref=f"b{n}", round_id=f"r{n}")
    ledger.tx("bet", "refused", 100, DAY + 5, state="REFUSED", refusal="BALANCE_NOT_ENOUGH")
    ledger.tx("bet", "tomorrow", 100, DAY + 86_400_000)
    ledger.tx("deposit", "paid-in", 100, DAY, provider="hub")
    ledger.tx("bet", "of-another", 100, DAY, provider="other")
    ledger.flow()


def day_file(ledger: Ledger, provider: str = "prov") -> dict[str, Any]:
    for _ in range(50):
        answer = made(ledger.client("GET", "/reconciliation/{date}", date=DATE, query={"provider": provider}))
        models.DayFile.model_validate(answer)
        if answer["state"] == "ready":
            return dict(answer)
    raise AssertionError("the file was never ready")


def lines(ledger: Ledger, export: dict[str, Any]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in content(ledger, export).splitlines()]


def test_the_days_file_holds_what_both_sides_should_know(ledger: Ledger) -> None:
    played(ledger)
    export = day_file(ledger)
    found = lines(ledger, export)
    assert export["rows"] == len(found) == 40
    assert {row["transactionId"] for row in found} == {f"{k}{n}" for k in "bw" for n in range(20)}
    assert found == sorted(found, key=lambda row: (row["hubTransactionId"][:10], row["hubTransactionId"]))
    assert "X-Amz-Signature" in str(export["url"]) or "Signature" in str(export["url"])
    assert day_file(ledger)["exportId"] == export["exportId"]


def test_a_day_that_changed_has_a_new_file_and_the_old_one_stays(ledger: Ledger) -> None:
    played(ledger)
    first = day_file(ledger)
    ledger.tx("bet", "late", 700, DAY + 7)
    ledger.flow()
    second = day_file(ledger)
    assert second["exportId"] != first["exportId"]
    assert second["rows"] == first["rows"] + 1
    assert len(lines(ledger, first)) == first["rows"]


def test_the_file_of_a_day_that_is_not_over_is_provisional(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    played(ledger)
    day_over = DAY + 86_400_000
    ours = b'{"transactionId": "b0", "action": "bet"}'

    def asked(at: int) -> tuple[dict[str, Any], dict[str, Any]]:
        monkeypatch.setattr("pitboss.platform.http.now_ms", lambda: at)
        where: dict[str, Any] = {"date": DATE, "query": {"provider": "prov"}}
        file = made(ledger.client("GET", "/reconciliation/{date}", **where))
        head = {"Content-Type": "application/x-ndjson"}
        diff = made(ledger.client("POST", "/reconciliation/{date}/diff", raw=ours, headers=head, **where))
        page = made(ledger.client("GET", "/reconciliation/{date}/diff/{id}", date=DATE, id=diff["diffId"]))
        assert page["provisional"] == diff["provisional"]
        return file, diff

    for at in (DAY + 3_600_000, day_over, day_over + 9 * 60_000):
        file, diff = asked(at)
        assert (file["state"], file["rows"], diff["provisional"]) == ("provisional", 40, True)
        assert str(file["url"]).startswith("https://")
    # Nothing came any more: the same file and the same comparison, now for good.
    final, compared = asked(day_over + 10 * 60_000)
    assert (final["state"], compared["provisional"]) == ("ready", False)
    assert (final["exportId"], compared["diffId"]) == (file["exportId"], diff["diffId"])


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few dozen rows make a file of many parts, one a request."""
    monkeypatch.setattr(moto.s3.models, "S3_UPLOAD_PART_MIN_SIZE", 1)
    monkeypatch.setattr(exports, "PART_BYTES", 1)
    monkeypatch.setattr(exports, "PATIENCE_S", -1.0)
    monkeypatch.setattr(exports, "LEVEL", 0)
    content_type, head, line = exports.KINDS["csv"]
    # Deflate hands out nothing before it holds some 64 KB: lines that long make a part of a few of them.
    wide = "x" * 20_000
    monkeypatch.setitem(
        exports.KINDS, "csv", (content_type, head, lambda row: line(row)[:-2] + wide + "\r\n")
    )


@pytest.mark.usefixtures("small_parts")
def test_a_long_file_is_made_in_parts_by_several_requests(ledger: Ledger) -> None:
    played(ledger, 30)
    body = {"format": "csv", "from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z", "provider": "prov"}
    reply = ledger.client("POST", "/exports", body, key="k-1")
    assert reply.status == 202
    export = reply.body
    assert ledger.client("POST", "/exports", body, key="k-1").body["exportId"] == export["exportId"]
    asked = 0
    while export["state"] != "ready":
        export = made(ledger.client("GET", "/exports/{id}", id=export["exportId"]))
        models.Export.model_validate(export)
        asked += 1
        assert asked < 200
    assert asked > 3
    table = content(ledger, export).splitlines()
    assert len(table) == 1 + export["rows"] == 1 + 61
    assert table[0].startswith("time,hubTransactionId")
    assert sum(line.startswith("time,") for line in table) == 1
    assert len(set(table)) == len(table)


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("done", ["finish", "put_part", "begin"])
def test_a_long_file_whose_maker_died_anywhere_is_taken_over(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, done: str
) -> None:
    """Whatever S3 was told last, and nobody wrote down: the next request comes to the same file."""
    played(ledger, 30)
    f = reconciliation.day_filter(DATE, "prov")
    record = exports.begin(ledger.tenant_id, "e-2", "csv", f, now_ms())
    real, ahead, deaths = getattr(exports.gateway, done), 0, 0

    def dies(*told: Any) -> Any:
        answer = real(*told)
        if deaths:
            return answer
        raise RuntimeError("gone")

    monkeypatch.setattr(exports.gateway, done, dies)
    monkeypatch.setattr(exports, "now_ms", lambda: now_ms() + ahead)
    for _ in range(200):
        try:
            record = exports.carry_on(ledger.tenant_id, record)
        except RuntimeError:
            deaths += 1
            record = exports.read(ledger.tenant_id, "e-2")
        ahead += exports.LEASE_MS + 1
        if record["state"] == "ready":
            break
    assert (record["state"], deaths) == ("ready", 1)
    table = content(ledger, record).splitlines()
    assert len(table) == len(set(table)) == 1 + record["rows"] == 1 + 61


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
@pytest.mark.parametrize("user", ["", "nobody"])
def test_an_export_of_few_rows_among_many_goes_on_where_its_time_ended(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, kind: str, user: str
) -> None:
    """A filter that few rows pass may read millions for one part: what was found so far waits for the next request."""
    monkeypatch.setattr(exports, "PATIENCE_S", -1.0)
    monkeypatch.setattr(exports, "LOOKED_THROUGH", 7)
    played(ledger, 30)
    f = reconciliation.day_filter(DATE, "prov")._replace(user_id=user)
    record = exports.begin(ledger.tenant_id, "e-3", kind, f, now_ms())
    asked = 0
    while record["state"] != "ready":
        record = exports.carry_on(ledger.tenant_id, record)
        asked += 1
        assert asked < 50
    assert asked >= 61 // 7
    table = content(ledger, record).splitlines()
    assert record["rows"] == (0 if user else 61)
    assert len(set(table)) == len(table) == record["rows"] + (kind == "csv")


def test_an_export_whose_maker_died_is_taken_over_and_only_one_works_at_it(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    played(ledger)
    f = reconciliation.day_filter(DATE, "prov")
    record = exports.begin(ledger.tenant_id, "e-1", "jsonl", f, now_ms())

    def die(*_: Any, **__: Any) -> None:
        raise RuntimeError("gone")

    with monkeypatch.context() as patch:
        patch.setattr(exports.gateway, "put", die)
        with pytest.raises(RuntimeError):
            exports.carry_on(ledger.tenant_id, record)
    held = exports.read(ledger.tenant_id, "e-1")
    assert exports.carry_on(ledger.tenant_id, held)["state"] == "building"  # the lease still stands
    monkeypatch.setattr(exports, "now_ms", lambda: now_ms() + exports.LEASE_MS + 1)
    ended = exports.carry_on(ledger.tenant_id, held)
    assert (ended["state"], ended["rows"]) == ("ready", 41)
    assert exports.carry_on(ledger.tenant_id, held)["state"] == "ready"  # an old view of it changes nothing


def diff(ledger: Ledger, raw: bytes, content_type: str = "application/x-ndjson", **query: str) -> Reply:
    return ledger.client(
        "POST",
        "/reconciliation/{date}/diff",
        raw=raw,
        query={"provider": "prov", **query},
        headers={"Content-Type": content_type},
        date=DATE,
    )


def test_our_own_file_compares_without_a_difference(ledger: Ledger) -> None:
    played(ledger)
    raw = content(ledger, day_file(ledger)).encode()
    for sent, kind in ((raw, "application/x-ndjson"), (gzip.compress(raw), "application/gzip")):
        answer = made(diff(ledger, sent, kind))
        models.Diff.model_validate(answer)
        assert answer["rows"] == []
        assert answer["counts"] == {
            "ours": 40,
            "theirs": 40,
            "matched": 40,
            "missing": 0,
            "extra": 0,
            "differing": 0,
            "repeatedLines": 0,
            "badLines": 0,
        }


def test_differences_are_paged_and_the_same_file_is_the_same_comparison(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciliation, "CHUNK", 4)
    played(ledger)
    rows = lines(ledger, day_file(ledger))
    theirs = rows[3:]  # three are gone
    theirs[0] = {**theirs[0], "amount": "999.99"}
    theirs += [{"transactionId": f"ghost{n}", "action": "bet", "amount": "1.00"} for n in range(9)]
    theirs += [{"transactionId": "refused", "action": "bet", "amount": "1.00"}]
    theirs += [{"transactionId": "tomorrow", "action": "bet", "amount": "1.00"}]
    raw = "\n".join(json.dumps(row) for row in theirs).encode()
    page = made(diff(ledger, raw, limit="5"))
    assert (page["counts"]["missing"], page["counts"]["extra"], page["counts"]["differing"]) == (11, 3, 1)
    found = list(page["rows"])
    while page["nextCursor"]:
        query = {"cursor": page["nextCursor"], "limit": "5"}
        reply = ledger.client(
            "GET", "/reconciliation/{date}/diff/{id}", date=DATE, id=page["diffId"], query=query
        )
        page = made(reply)
        models.Diff.model_validate(page)
        found += page["rows"]
    assert len(found) == 15
    by_id = {row["transactionId"]: row for row in found}
    assert by_id["refused"]["elsewhere"]["state"] == "REFUSED"
    assert by_id["tomorrow"]["elsewhere"]["at"] == DAY + 86_400_000
    assert "elsewhere" not in by_id["ghost0"]
    (differing,) = [row for row in found if row["kind"] == "differing"]
    assert (differing["fields"], differing["theirs"]["amount"]) == (["amount"], "999.99")
    assert made(diff(ledger, raw))["diffId"] == page["diffId"]


@pytest.mark.parametrize(
    ("raw", "name"),
    [(b"\xff\xff", "FILE_INVALID"), (b"a,b\n1,2", "FILE_INVALID"), (b"\x1f\x8bjunk", "MALFORMED_JSON")],
    ids=["not UTF-8", "no columns", "damaged gzip"],
)
def test_files_that_cannot_be_read_are_refused(ledger: Ledger, raw: bytes, name: str) -> None:
    assert diff(ledger, raw, "text/csv").name == name


def test_other_media_types_dates_and_comparisons_are_refused(ledger: Ledger) -> None:
    assert diff(ledger, b"{}", "application/xml").name == "UNSUPPORTED_MEDIA_TYPE"
    assert ledger.client("GET", "/reconciliation/{date}", date="yesterday").name == "PERIOD_INVALID"
    for diff_id in ("0" * 32, "../../etc", "z"):
        reply = ledger.client("GET", "/reconciliation/{date}/diff/{id}", date=DATE, id=diff_id)
        assert reply.name == "DIFF_NOT_FOUND"
    assert ledger.client("GET", "/exports/{id}", id="none").name == "EXPORT_NOT_FOUND"


def test_a_hundred_thousand_lines_are_compared_in_one_request(ledger: Ledger) -> None:
    played(ledger)
    theirs = [{"transactionId": f"t{n}", "action": "bet", "amount": "1.00"} for n in range(100_000)]
    raw = gzip.compress("\n".join(json.dumps(row) for row in theirs).encode(), 1)
    answer = made(diff(ledger, raw, "application/gzip", limit="1000"))
    assert (answer["counts"]["missing"], answer["counts"]["extra"]) == (100_000, 40)
    assert len(answer["rows"]) == 1000
    assert PLAYERS
