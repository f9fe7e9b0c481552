"""Bodies and answers of the certification routes."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from pitboss.platform.models import Currency, Id, Model

# Those that speak the hub's own protocol; a test holds the list equal to the kit's.
Profile = Literal[
    "default", "hub88", "caleta", "evolution", "redtiger", "pragmatic", "softswiss", "slotegrator"
]
Url = Annotated[str, Field(min_length=8, max_length=500)]


class LentPlayer(Model):
    """An existing player of the wallet under test. Its balance is changed by the run."""

    user_id: Id
    brand_id: Id
    currency: Currency = "EUR"
    role: Literal["", "blocked", "selfExcluded", "closed"] = Field(
        "", description="What bars it from betting, for the cases that need such a player."
    )


class ControlDoor(Model):
    """A door of the test system that makes players and orders faults (docs/certify.md)."""

    url: Url
    token: Annotated[str, Field(max_length=200)] = ""


class CreateRun(Model):
    """What is to be certified."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "target": "wallet",
                    "walletUrl": "https://wallet.example.com/hub",
                    "players": [
                        {"userId": "certify-1", "brandId": "aurora"},
                        {"userId": "certify-2", "brandId": "aurora"},
                    ],
                }
            ]
        }
    )

    target: Literal["hub", "wallet"] = Field(
        description="`hub`: the kit plays a game provider against this hub; `wallet`: it plays the hub against a wallet."
    )
    mode: Literal["transfer", "seamless"] = Field(
        "transfer", description="For `hub`: who holds the balances."
    )
    wallet_url: Url | None = Field(
        None, description="The operator's wallet; your own settings' `walletUrl` unless stated."
    )
    profile: Profile = Field(
        "default",
        description="For `hub`: whose switches the run's integrations have (docs/profiles.md); a wallet has no profile.",
    )
    cases: Annotated[str, Field(max_length=300)] = Field(
        "", description="Numbers, ranges and groups, such as `1-9,15,rollbacks`; all when empty."
    )
    players: Annotated[list[LentPlayer], Field(max_length=20)] = Field([], description="For `wallet`.")
    control: ControlDoor | None = None


class CaseRow(Model):
    """A case that has ended."""

    number: int
    title: str
    group: str
    state: Literal["passed", "failed", "skipped"]
    elapsed_ms: int
    note: str | None


class RunEvent(Model):
    """Something that has happened to the run."""

    type: str
    at: str


class RunAnswer(Model):
    """A run and how far it is."""

    run_id: str
    state: Literal["queued", "running", "done", "broken"]
    target: Literal["transfer", "seamless", "wallet"]
    profile: str
    address: str
    total: int
    passed: int
    failed: int
    skipped: int
    certified: bool | None = Field(description="null until the run is done.")
    reason: str | None = Field(description="Why it is broken.")
    created_at: str
    started_at: str | None
    ended_at: str | None
    cases: list[CaseRow]
    events: list[RunEvent]
    report: str | None = Field(description="Path of the report, once the run is done.")


class RunRow(Model):
    """A run in a list."""

    run_id: str
    state: Literal["queued", "running", "done", "broken"]
    target: Literal["transfer", "seamless", "wallet"]
    profile: str
    address: str
    created_at: str
    ended_at: str | None


class RunList(Model):
    """The newest first."""

    runs: list[RunRow]
    next_cursor: str | None


class Signature(Model):
    """Ed25519 over `pitboss certification report`, a line feed, and the report's canonical JSON without this member."""

    alg: Literal["EdDSA"]
    kid: str = Field(description="Of the keys at /api/.well-known/jwks.json.")
    value: str = Field(description="base64url without padding.")


class ReportCase(CaseRow):
    """A case with everything that helps."""

    rule: str
    source: str
    level: Literal["N", "P"] = Field(description="N holds for every profile; P is decided by it.")
    calls: int
    failure: dict[str, Any] | None = Field(
        description="step, expected, got, likelyCauses, exchange {method, url, request, status, answer, elapsedMs, note}"
    )


class Report(Model):
    """The signed report."""

    schema_: int = Field(alias="schema")
    run_id: str
    target: Literal["transfer", "seamless", "wallet"]
    profile: str
    address: str
    started_at: str
    ended_at: str
    certified: bool
    passed: int
    failed: int
    skipped: int
    cases: list[ReportCase]
    signature: Signature
