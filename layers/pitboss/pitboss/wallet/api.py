"""The provider's side of the wallet over HTTP: the hub's own protocol."""

import json
import time
import zlib
from dataclasses import replace
from typing import Any

from pitboss.inspector.public import applied, record, redact
from pitboss.kernel.refusal import Refusal
from pitboss.platform.http import Answer, Api, Call
from pitboss.platform.observe import count, logger
from pitboss.platform.wire import load_json, problem
from pitboss.tenancy.public import gate
from pitboss.wallet import guard
from pitboss.wallet.documents import Arrival, Sender, ids_of, run_document
from pitboss.wallet.profile import Profile
from pitboss.wallet.wording import worded

SCHEMAS = "pitboss.wallet.schemas"
MAX_BODY = 32 * 1024
api = Api("wallet", gate)

AUTHENTIC = (
    "PROVIDER_NOT_FOUND",
    "SIGNATURE_INVALID",
    "TIMESTAMP_OUT_OF_WINDOW",
    "NONCE_REUSED",
    "VALIDATION_ERROR",
    "MALFORMED_JSON",
    "TOKEN_INVALID",
    "USER_NOT_FOUND",
    "SERVER_IS_BUSY",
    "RATE_LIMITED",
    "OPERATION_IN_PROGRESS",
)
AMOUNTS = ("INVALID_AMOUNT", "AMOUNT_PRECISION", "AMOUNT_LIMIT", "CURRENCY_MISMATCH")
CALLBACK = ("TIMEOUT", "CALLBACK_ERROR")
ONCE = ("TX_CONFLICT", "TX_ROLLED_BACK", "TX_ALREADY_PROCESSED")
PLAYER = (
    "SESSION_EXPIRED",
    "PLAYER_BLOCKED",
    "PLAYER_SELF_EXCLUDED",
    "PLAYER_COOLING_OFF",
    "PLAYER_CLOSED",
)
BETS = (
    *PLAYER,
    "BALANCE_NOT_ENOUGH",
    "BET_LIMIT",
    "LOSS_LIMIT",
    "SESSION_TIME_LIMIT",
    "GAME_NOT_FOUND",
    "GAME_DISABLED",
    "ROUND_CLOSED",
    "POINT_NOT_ENOUGH",
    "POINTS_FROZEN",
    "TENANT_SUSPENDED",
    "FREEROUND_NOT_FOUND",
    "FREEROUND_EXHAUSTED",
)
ROLLBACKS = ("TX_ALREADY_SETTLED", "NOT_ROLLBACKABLE", "BALANCE_NOT_ENOUGH", "TX_NOT_FOUND")


def _route(action: str, summary: str, body: str, answer: str, errors: tuple[str, ...], about: str) -> None:
    """One POST /wallet/<action>."""

    def handler(call: Call) -> Answer:
        return serve(call, action)

    api.route(
        "POST",
        f"/wallet/{action}",
        summary,
        scope="wallet.write",
        limit="wallet",
        body=f"{SCHEMAS}:{body}",
        answer=f"{SCHEMAS}:{answer}",
        errors=tuple(dict.fromkeys((*AUTHENTIC, *errors))),
        max_body=MAX_BODY,
        about=about,
        raw_body=True,
        even_suspended=True,
    )(handler)


def serve(call: Call, action: str) -> Answer:
    """Authenticate, apply, answer; what was refused or repeated is told to the inspector."""
    begun = time.monotonic_ns()
    try:
        authentic = guard.check(call.who().tenant_id, call.headers, call.raw, call.now)
    except guard.NotAuthentic as fault:
        _tell(call, action, fault.provider, problem(fault.refusal, call.request_id), begun, {}, fault)
        raise fault.refusal from None
    document: Any = None
    try:
        document = load_json(call.raw)
        outcome = run_document(document, action, _sender(call, authentic), _arrival(call, authentic, begun))
        answer = Answer(worded(outcome, authentic.profile))
    except Refusal as refusal:
        if refusal.name == "USER_NOT_FOUND" and action != "balance":
            # Somebody's money: the call is kept for the operator to see to (certification case 72).
            logger.warning("a money call for a player that is not known", extra={"action": action})
            count("money_for_nobody")
        told = _refused(refusal, authentic.profile, call.request_id)
        _tell(call, action, authentic.provider, told, begun, ids_of(document))
        count(f"refused_{refusal.name.lower()}")
        return told
    except Exception:
        # The very call that somebody will ask about. What is answered is the front's.
        failed = Refusal("INTERNAL_ERROR", "Something failed on our side.", effect="unknown")
        _tell(call, action, authentic.provider, problem(failed, call.request_id), begun, ids_of(document))
        raise
    if answer.body.get("replay"):
        ids = {**ids_of(document), "hubTransactionId": answer.body["hubTransactionId"]}
        _tell(call, action, authentic.provider, answer, begun, ids)
    return answer


def _refused(refusal: Refusal, profile: Profile, request_id: str) -> Answer:
    """A refusal as the profile has it. What is not known to be the provider's call is refused before, with a status."""
    said = problem(refusal, request_id)
    status = 200 if profile.http_school == "always200" else said.status
    return replace(said, body=worded(said.body, profile), status=status)


def _sender(call: Call, authentic: guard.Authentic) -> Sender:
    return Sender(call.tenant_id, call.who().path, authentic.provider, authentic.profile)


def _arrival(call: Call, authentic: guard.Authentic, begun: int) -> Arrival:
    # The time taken is known only after the write; up to here it is the authentication's.
    facts = applied(call.headers, call.source_ip, _since(begun), call.request_id)
    return Arrival(
        now=call.now,
        seed=call.seed,
        message_id=authentic.message_id,
        raw=zlib.compress(redact(call.raw), 6),
        headers=json.dumps(facts, ensure_ascii=False, separators=(",", ":")),
        beside=guard.claim_nonce(
            call.who().tenant_id, authentic.provider, authentic.message_id, call.raw, call.now
        ),
    )


def _since(begun: int) -> int:
    return (time.monotonic_ns() - begun) // 1_000_000


def _tell(
    call: Call,
    action: str,
    provider: str,
    answer: Answer,
    begun: int,
    ids: dict[str, str],
    fault: guard.NotAuthentic | None = None,
) -> None:
    """One record of a call that applied nothing; its loss costs nobody anything."""
    reply = json.dumps(answer.body, ensure_ascii=False, separators=(",", ":")).encode()
    record(
        tenant_id=call.who().tenant_id,
        direction="in",
        provider=provider,
        route=f"POST /wallet/{action}",
        raw=call.raw,
        headers=call.headers,
        status=answer.status,
        reply=reply,
        at=call.now,
        elapsed_ms=_since(begun),
        ids={**ids, "webhookId": call.headers.get("webhook-id", "")[:255], "requestId": call.request_id},
        error=str(answer.body.get("name", "")),
        source_ip=call.source_ip,
        secrets=fault.secrets if fault else (),
    )


_ROUTES: tuple[tuple[str, str, str, str, tuple[str, ...], str], ...] = (
    (
        "authenticate",
        "Who plays",
        "AuthenticateBody",
        "WhoPlays",
        (*PLAYER, "LAUNCH_TOKEN_USED", "LAUNCH_TOKEN_EXPIRED", "SESSION_TIME_LIMIT", *CALLBACK),
        "Checks a session token, or exchanges a launch token (once; the same signed request again gets the same answer).",
    ),
    ("balance", "The balance", "BalanceBody", "BalanceAnswer", ("SESSION_EXPIRED", *CALLBACK), ""),
    (
        "bet",
        "Place a bet",
        "BetBody",
        "MoneyAnswer",
        (*BETS, *ONCE, *AMOUNTS, *CALLBACK),
        "Takes a stake. The same transactionId again is answered the same and moves nothing.",
    ),
    (
        "win",
        "Pay a win",
        "WinBody",
        "MoneyAnswer",
        (*ONCE, *AMOUNTS, "TX_NOT_FOUND", "ROUND_CLOSED", "FREEROUND_NOT_FOUND", *CALLBACK),
        "Pays a win of a bet that stands; also with an expired session and for a blocked player.",
    ),
    (
        "rollback",
        "Take a bet back",
        "RollbackBody",
        "MoneyAnswer",
        (*ONCE, *AMOUNTS, *ROLLBACKS, *CALLBACK),
        "Returns the stake of a bet that has no win. A bet that is not known is refused should it come later.",
    ),
    (
        "end-round",
        "End a round",
        "EndRoundBody",
        "MoneyAnswer",
        (*ONCE, "ROUND_NOT_FOUND"),
        "Says that nothing more comes in a round; the same as roundClosed on its last bet or win.",
    ),
    (
        "transaction",
        "Several at once",
        "TransactionBody",
        "MoneyAnswer",
        (*BETS, *ONCE, *AMOUNTS, *ROLLBACKS, "ROUND_NOT_FOUND", *CALLBACK),
        "Up to 20 actions in order, all or nothing. Actions applied before are repeated, the others are processed.",
    ),
)
for _row in _ROUTES:
    _route(*_row)
