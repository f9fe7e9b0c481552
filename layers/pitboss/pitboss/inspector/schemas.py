"""Bodies and answers of the inspector."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from pitboss.platform.models import Model

Url = Annotated[str, Field(min_length=8, max_length=2048, pattern=r"^https?://[!-~]+$")]
Token = Annotated[str, Field(min_length=8, max_length=1000, pattern=r"^[!-~]+$")]


class CallSummary(Model):
    """A call in a list. `kind`: `applied` calls are kept with their transaction for good, `kept` ones (refused, repeated, or
    sent by the hub) for 14 days. `outcome` is OK, a transaction's state, or the name of a refusal."""

    call_id: str
    kind: Literal["applied", "kept"]
    direction: Literal["in", "out"]
    provider: str
    route: str
    time: str
    elapsed_ms: int
    http_status: int | None
    outcome: str
    attempt: int | None
    ids: dict[str, str]


class CallList(Model):
    """Calls, newest first."""

    calls: list[CallSummary]
    next_cursor: str | None


class BytesView(Model):
    """A body as it went over the wire, tokens masked by as many asterisks. `base64` where it is not UTF-8."""

    bytes: int
    text: str
    base64: str | None


class TransactionView(Model):
    """What became of an applied call."""

    state: str
    amount: str
    currency: str
    balance_before: str | None
    balance_after: str | None
    refusal: str | None
    note: str | None


class Diagnosis(Model):
    """Why a signature does not match. `cause` is one of valid, header_missing, no_secret, wrong_key, wrong_encoding,
    body_reencoded, wrong_message, timestamp_in_ms, timestamp_format, timestamp_out_of_window, signature_format,
    other_secret_or_body. `firstDifference` is an offset in the body."""

    ok: bool
    cause: str
    advice: str
    signed: str
    first_difference: int | None
    tried: int
    sent: str | None = None
    signed_body: str | None = None


class CallDetail(CallSummary):
    """A call with all that is known of it. `signed` is the canonical string; `chain` every attempt of the same thing."""

    headers: dict[str, str]
    source_ip: str | None
    url: str | None
    request: BytesView
    reply: BytesView | None
    signed: str | None
    diagnosis: Diagnosis | None
    transaction: TransactionView | None
    replay_of: str | None
    chain: list[CallSummary]


class RoundPlayer(Model):
    """A player's round as it is now."""

    player_id: str
    status: Literal["open", "completed", "cancelled"]
    revision: int
    stake: str
    win: str
    currency: str
    started_at: str | None
    settled_at: str | None


class TimelineStep(CallSummary):
    """A call of a round; the last members where it is a transaction."""

    amount: str | None = None
    currency: str | None = None
    state: str | None = None
    balance_after: str | None = None


class Timeline(Model):
    """Everything that happened in a round, in order."""

    provider: str
    round_id: str
    players: list[RoundPlayer]
    timeline: list[TimelineStep]


class ReplayBody(Model):
    """How to send a call again."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"url": "https://wallet.example/bet", "newId": True}, {}]}
    )

    url: Url | None = Field(None, description="Where to; a callback's own URL unless stated.")
    new_id: bool = Field(False, description="Under a new transaction id; never to the operator's own wallet.")
    session_token: Token | None = Field(None, description="In place of the masked one.")
    api_token: Token | None = Field(
        None, description="For a provider's call to a hub: sent as Bearer, not kept."
    )


class ReplayAnswer(Model):
    """What came back. `masked`: a masked token was sent, since none was given."""

    url: str
    sent: BytesView
    webhook_id: str
    outcome: Literal["answered", "not_sent", "no_answer"]
    detail: str | None
    http_status: int | None
    reply: BytesView | None
    elapsed_ms: int
    call_id: str | None
    replay_of: str
    masked: bool


class LabBody(Model):
    """A message to look at. `body` is its text (or `bodyBase64` its bytes); `headers` those of the signature."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "provider": "demo-provider",
                    "body": '{"action":"bet"}',
                    "headers": {
                        "webhook-id": "msg-1",
                        "webhook-timestamp": "1767225600",
                        "webhook-signature": "v1,AAAA",
                    },
                }
            ]
        }
    )

    provider: Annotated[str, Field(min_length=1, max_length=100)] | None = Field(
        None, description="Whose secret; that of the tenant's callbacks unless stated."
    )
    body: Annotated[str, Field(max_length=60_000)] | None = None
    body_base64: Annotated[str, Field(max_length=60_000)] | None = None
    headers: Annotated[dict[str, Annotated[str, Field(max_length=2000)]], Field(max_length=50)]


class LabAnswer(Model):
    """What the hub would have signed, and what is wrong with what was given."""

    signed: BytesView
    signature: str
    diagnosis: Diagnosis
