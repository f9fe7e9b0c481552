"""The calls of an operator's wallet that leave the process. Nothing is decided here."""

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache, partial

from pitboss.kernel.canonical import canonical_json
from pitboss.platform import signing
from pitboss.platform.masters import callback_master
from pitboss.platform.observe import count, took
from pitboss.platform.outgoing import NoAnswer, NotSent, exchange
from pitboss.platform.settings import is_local
from pitboss.tenancy.public import settings_of
from pitboss.wallet.callbacks import Answer, Message, No, Unknown, Yes, read_answer


def call(
    tenant_id: str, message: Message, currency: str, exponent: int, now: int, attempt: int = 1
) -> Answer:
    """Send one message to the tenant's wallet and read the answer, within the tenant's `walletTimeoutMs`."""
    settings = settings_of(tenant_id)
    if not settings.wallet_url:
        return Unknown("no walletUrl is set (PUT /settings)", sent=False)
    url = f"{settings.wallet_url.rstrip('/')}/{message.path}"
    raw = canonical_json(message.body)
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "User-Agent": "Pitboss",
        **signing.headers(signing.tenant_secret(callback_master(), tenant_id), message.id, now // 1000, raw),
    }
    timeout_s = settings.wallet_timeout_ms / 1000
    status, reply, elapsed = 0, b"", 0
    try:
        came = exchange(url, raw, headers, timeout_s=timeout_s, local=is_local(), keep=True)
    except NotSent as why:
        answer: Answer = Unknown(str(why), sent=False)
        elapsed = why.elapsed_ms
    except NoAnswer as why:
        answer = Unknown(str(why), timed_out=why.timed_out)
        elapsed = why.elapsed_ms
    else:
        status, reply, elapsed = came.status, came.body, came.elapsed_ms
        answer = read_answer(status, reply, cut=came.cut, currency=currency, exponent=exponent)
    count(f"wallet_callback_{_word(answer)}")
    took("wallet_callback_ms", elapsed)
    _remember(
        partial(
            _record,
            tenant_id,
            message,
            raw,
            headers,
            (status, reply, elapsed),
            now,
            url,
            attempt,
            answer,
        )
    )
    return answer


def _word(answer: Answer) -> str:
    match answer:
        case Yes():
            return "yes"
        case No():
            return "no"
        case Unknown():
            return "unknown"


# ---------------------------------------------------------------- the inspector's record
# It is written beside what follows (the commit), so that a bet does not wait for it; `settle` waits before the process
# may be frozen.
_open: list[Future[None]] = []


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "inspector")


def _remember(record: partial[None]) -> None:
    _open.append(_pool().submit(record))


def settle() -> None:
    """Wait until every call made so far is on record."""
    while _open:
        _open.pop().result()


def _record(
    tenant_id: str,
    message: Message,
    raw: bytes,
    headers: Mapping[str, str],
    came: tuple[int, bytes, int],
    at: int,
    url: str,
    attempt: int,
    answer: Answer,
) -> None:
    from pitboss.inspector.public import record

    body = message.body
    status, reply, elapsed_ms = came
    ids = {
        "transactionId": body.get("providerTransactionId", ""),
        "hubTransactionId": body.get("originalTransactionId") or body.get("transactionId", ""),
        "roundId": body.get("roundId", ""),
        "userId": body["userId"],
        "sessionId": body.get("sessionId", ""),
        "webhookId": message.id,
    }
    record(
        tenant_id=tenant_id,
        direction="out",
        provider=body.get("provider", ""),
        route=message.path,
        raw=raw,
        headers={name.lower(): value for name, value in headers.items()},
        status=status,
        reply=reply,
        at=at,
        elapsed_ms=elapsed_ms,
        ids={name: value for name, value in ids.items() if value},
        error=_outcome(answer),
        url=url,
        attempt=attempt,
    )


def _outcome(answer: Answer) -> str:
    match answer:
        case Yes():
            return ""
        case No(name=name):
            return name
        case Unknown(timed_out=True):
            return "TIMEOUT"
        case Unknown():
            return "CALLBACK_ERROR"
