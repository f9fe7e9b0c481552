"""The doors: a vendor's call in the vendor's protocol, judged by the hub's own wallet.

A caller here has no API token. What opens is the door's id in the URL together with the protocol's own secret; only then
the same gate as everywhere counts the call, looks at its address and its tenant: a URL may become known, and whoever has
nothing but that must not use up the vendor's rate or slots. Whatever goes wrong is told in the vendor's
words, with HTTP 200 where its protocol knows no other; the header `Pitboss-Error` names our refusal.
"""

import json
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from pitboss.catalogue import public as catalogue
from pitboss.catalogue.public import WalletIntegration
from pitboss.dialects import keys, store
from pitboss.dialects.codecs import CODECS
from pitboss.dialects.model import Asked, Credential, Dialect, Document, Outcome, Said, Terms
from pitboss.inspector import public as inspector
from pitboss.kernel.refusal import Refusal
from pitboss.platform.caller import Caller
from pitboss.platform.clock import now_ms
from pitboss.platform.http import Answer, Call
from pitboss.platform.masters import callback_master
from pitboss.platform.observe import count, logger
from pitboss.tenancy import public as tenancy
from pitboss.wallet import public as wallet
from pitboss.wallet.public import Arrival, Profile, Sender, TxKey

SCOPE = "wallet.write"
# Of calls with a wrong secret, for each door and execution environment: a vendor that sets up its side sees all of its
# own, and a flood of guesses is not a flood of writes.
KEPT_A_MINUTE = 20
MINUTE_MS = 60_000


class Strangers:
    """How many calls with a wrong secret came to each door in the present minute of this execution environment."""

    def __init__(self) -> None:
        self._minute = 0
        self._seen: dict[str, int] = {}

    def forget(self) -> None:
        """Begin anew (in tests)."""
        self._seen.clear()

    def keep(self, door: str, now: int) -> bool:
        """Count one; whether the inspector is to keep it."""
        minute = now // MINUTE_MS
        if minute != self._minute:
            self._minute, self._seen = minute, {}
        self._seen[door] = self._seen.get(door, 0) + 1
        return self._seen[door] <= KEPT_A_MINUTE


strangers = Strangers()


def serve(call: Call, dialect: str) -> Answer:
    """One call at a door. Never raises a Refusal."""
    codec = CODECS[dialect]
    call.kept["dialect"] = dialect
    asked = codec.decode_request(call.raw, call.headers)
    found = store.find_door(call.params["door"]) if len(call.params["door"]) <= 64 else None
    settings = catalogue.wallet_integration(*found, call.now) if found else None
    if found is None or settings is None or keys.dialect_of(settings.profile) != dialect:
        return _answer(codec, asked, _closed(), Terms(dialect, "decimal"), None, 401)
    tenant_id = found[0]
    terms = Terms(settings.profile, str(settings.switches["moneyScale"]))
    credential: Credential | None = None
    headers: Mapping[str, str] = {}
    status = 200
    try:
        credential = _authenticate(call, codec, tenant_id, settings)
        headers = _enter(call, tenant_id)
        outcome: Outcome = _judge(call, tenant_id, settings, asked)
    except Refusal as refusal:
        count(f"refused_{refusal.name.lower()}")
        # Before the caller is known nothing can be signed, and JSON-RPC has no error for "you are nobody".
        outcome, status = refusal, 401 if credential is None and refusal.entry.status in (401, 403) else 200
    except Exception:  # noqa: BLE001 - the vendor must hear, in its words, that the effect is unknown
        logger.exception("unexpected failure at a door")
        count("unexpected_failures")
        outcome = Refusal("INTERNAL_ERROR", "Something failed on our side.")
    finally:
        if call.caller is not None:
            tenancy.gate.leave(call)
    answer = _answer(codec, asked, _by_effect(outcome), terms, credential, status, headers)
    if credential is not None or strangers.keep(call.params["door"], call.now):
        _inspect(call, tenant_id, settings, asked, outcome, answer)
    return answer


def _by_effect(outcome: Outcome) -> Outcome:
    """Vendors' codes go by the refusal's name alone. A final no to a list that was done in part would read as
    if nothing had been played."""
    if not isinstance(outcome, Refusal) or outcome.effect != "unknown" or outcome.entry.retryable:
        return outcome
    detail = f"{outcome.name}: {outcome.detail}"
    return Refusal("CALLBACK_ERROR", detail, facts=outcome.facts, effect="unknown")


def _closed() -> Refusal:
    """A door that is not there and a secret that is wrong are told alike."""
    return Refusal("SIGNATURE_INVALID", "The call does not carry the secret of this address.")


def _enter(call: Call, tenant_id: str) -> Mapping[str, str]:
    standing = tenancy.standing_of(tenant_id, call.now)
    if standing is None:
        raise _closed()
    # Counted and judged as a key of the tenant that can do nothing but this.
    call.caller = Caller(
        "api", f"door-{call.params['door'][:12]}", tenant_id, standing.node.path, frozenset({SCOPE})
    )
    return tenancy.gate.enter(call)


def _authenticate(call: Call, codec: Dialect, tenant_id: str, settings: WalletIntegration) -> Credential:
    accepted = keys.accepted(callback_master(), tenant_id, settings, call.now)
    fault = codec.fault(call.raw, call.headers, accepted, call.now // 1000)
    if fault:
        # The secret may have been rotated a moment ago: what memory refuses is read again.
        fresh = catalogue.read_wallet_integration(tenant_id, settings.integration_id)
        if fresh is not None and fresh.version != settings.version:
            accepted = keys.accepted(callback_master(), tenant_id, fresh, call.now)
            fault = codec.fault(call.raw, call.headers, accepted, call.now // 1000)
    if "window" in fault:
        raise Refusal("TIMESTAMP_OUT_OF_WINDOW", f"Not taken: {fault}.")
    if fault:
        raise Refusal("SIGNATURE_INVALID", f"Not taken: {fault}.")
    return next(one for one in accepted if not codec.fault(call.raw, call.headers, [one], call.now // 1000))


def _judge(call: Call, tenant_id: str, settings: WalletIntegration, asked: Asked) -> Document:
    if asked.refusal is not None:
        raise asked.refusal
    document = dict(asked.document)
    if "sessionToken" not in document:
        if not settings.brand_id:
            raise Refusal(
                "BRAND_NOT_FOUND",
                "The calls of this protocol name no brand; set brandId with PUT /integrations/{id}/wallet.",
            )
        document["brandId"] = settings.brand_id
    if asked.command == "status":
        return _status(tenant_id, settings, document)
    if asked.command == "authenticate":
        _check_may_play(tenant_id, document, call.now)
    bonus = document.pop("freeRoundsId", "") if asked.command == "balance" else ""
    outcome = wallet.run_document(
        document, str(document["action"]), _sender(call, tenant_id, settings), _arrival(call, tenant_id)
    )
    left = _free_rounds_left(document, bonus, call.now) if bonus else None
    return outcome if left is None else {**outcome, "freeRoundsLeft": left}


def _sender(call: Call, tenant_id: str, settings: WalletIntegration) -> Sender:
    return Sender(tenant_id, call.who().path, settings.integration_id, Profile.from_record(settings.switches))


def _arrival(call: Call, tenant_id: str) -> Arrival:
    facts = inspector.applied(call.headers, call.source_ip, now_ms() - call.now, call.request_id)
    nonce = CODECS[call.kept["dialect"]].nonce(call.headers)
    return Arrival(
        call.now,
        call.seed,
        nonce,
        zlib.compress(inspector.redact(call.raw), 6),
        json.dumps(facts, ensure_ascii=False, separators=(",", ":")),
        _claim(call, tenant_id, nonce) if nonce else None,
    )


def _claim(call: Call, tenant_id: str, nonce: str) -> Callable[[], None]:
    """What refuses a nonce that came before with another body; runs while the wallet is read."""

    def claim() -> None:
        if not store.claim_nonce(tenant_id, call.params["door"], nonce, call.raw, call.now):
            raise Refusal("NONCE_REUSED", "This nonce came before with another body.")

    return claim


def _free_rounds_left(document: Document, bonus: str, now: int) -> int | None:
    token = wallet.tokens.read(document.get("sessionToken", ""))
    if token is None:
        return None
    grant = wallet.free_rounds.read(token.tenant_id, token.player_id, bonus)
    return grant.left if grant is not None and grant.status_at(now) in ("active", "used") else None


def _check_may_play(tenant_id: str, document: Document, now: int) -> None:
    player_id = wallet.player_of(tenant_id, document["brandId"], document["userId"])
    found = wallet.read_wallet(tenant_id, player_id) if player_id else None
    if found is None:
        raise Refusal("USER_NOT_FOUND", "There is no such player.")
    if refusal := wallet.sessions.barred(found, now):
        raise refusal


def _status(tenant_id: str, settings: WalletIntegration, document: Document) -> Document:
    """What became of a transaction of any kind."""
    player_id = wallet.player_of(tenant_id, document["brandId"], document["userId"])
    if player_id is None:
        raise Refusal("USER_NOT_FOUND", "There is no such player.")
    scope = player_id if settings.switches["idScope"] == "player" else ""
    for kind in ("bet", "win", "rollback"):
        key = TxKey(settings.integration_id, kind, document["transactionId"], scope)
        tx = wallet.read_tx(tenant_id, key)
        if tx is None or tx.player_id != player_id or tx.state == "REFUSED":
            continue
        if tx.state in ("PENDING", "UNKNOWN", "FAILED"):
            raise Refusal("OPERATION_IN_PROGRESS", "This transaction has not come to its end.")
        return {"status": "OK", "rolledBack": tx.state in ("ROLLED_BACK", "TOMBSTONE")}
    raise Refusal("TX_NOT_FOUND", "There is no such transaction.")


def _answer(
    codec: Dialect,
    asked: Asked,
    outcome: Outcome,
    terms: Terms,
    credential: Credential | None,
    unauthenticated_status: int,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    said: Said = codec.encode_reply(asked, outcome, terms, credential)
    told = {name.title(): value for name, value in said.headers.items() if name != "content-type"}
    status = unauthenticated_status if codec.name == "mascot" else said.status
    return Answer(
        said.body.decode(), status, {**(headers or {}), **told}, content_type=said.headers["content-type"]
    )


def _inspect(
    call: Call,
    tenant_id: str,
    settings: WalletIntegration,
    asked: Asked,
    outcome: Outcome,
    answer: Answer,
) -> None:
    """Refused and repeated calls are kept by the inspector; applied ones are kept with their transaction."""
    refused = isinstance(outcome, Refusal)
    if not refused and not (isinstance(outcome, dict) and outcome.get("replay")):
        return
    error = outcome.name if isinstance(outcome, Refusal) else ""
    wrong = error in ("SIGNATURE_INVALID",)
    accepted = keys.accepted(callback_master(), tenant_id, settings, call.now) if wrong else []
    first: Mapping[str, Any] = (asked.document.get("actions") or [asked.document])[0]
    ids = {
        "transactionId": first.get("transactionId"),
        "roundId": asked.document.get("roundId"),
        "userId": asked.document.get("userId"),
        "requestId": call.request_id,
    }
    inspector.record(
        tenant_id=tenant_id,
        direction="in",
        provider=settings.integration_id,
        route=f"{call.route.method} {call.route.path}",
        raw=call.raw,
        headers=call.headers,
        status=answer.status,
        reply=str(answer.body).encode(),
        at=call.now,
        elapsed_ms=now_ms() - call.now,
        ids={name: str(value) for name, value in ids.items() if value},
        error=error,
        source_ip=call.source_ip,
        secrets=[one.secret for one in accepted if one.secret],
    )
