"""Bodies and answers of tenancy's routes."""

from typing import Annotated, Literal

from pydantic import Field

from pitboss.platform.models import Currency, Id, Instant, Model, Name

Text500 = Annotated[str, Field(max_length=500)]


class CreateAgent(Model):
    """A new operator or agent."""

    name: Name
    kind: Literal["operator", "agent"] = "agent"
    currency: Currency | None = Field(None, description="One for each account; the parent's when left out.")
    parent_id: Id | None = Field(
        None, description="The node it stands below; the acting tenant when left out."
    )


class ChangeAgent(Model):
    """Members left out stay as they are."""

    name: Name | None = None
    status: Literal["active", "suspended", "closed"] | None = Field(
        None, description="`closed` is for good: the agent is suspended and left out of lists and trees."
    )
    version: Annotated[int, Field(ge=1)] | None = Field(None, description="Refused if it is another by now.")


class Agent(Model):
    """A node of the tree."""

    agent_id: str
    name: str
    kind: Literal["root", "operator", "agent"]
    parent_id: str | None = Field(description="null for the root and for the acting tenant itself.")
    currency: str
    status: Literal["active", "suspended", "closed"]
    created_at: str
    version: int


class AgentList(Model):
    """The nodes right below the acting tenant."""

    agents: list[Agent]
    next_cursor: str | None


class AgentTree(Model):
    """A node and everything below it, parents before children."""

    agents: list[Agent]
    truncated: bool = Field(description="There are more than 1,000; ask for a lower node.")


class CreateKey(Model):
    """A new API key."""

    name: Name
    scopes: Annotated[list[Annotated[str, Field(max_length=40)]], Field(min_length=1, max_length=40)] = Field(
        description='Scopes that the maker has itself; "*" for all of them.'
    )
    agent_id: Id | None = Field(None, description="Whose key; the acting tenant's when left out.")
    expires_at: Instant | None = None


class RotateKey(Model):
    """How long the old key stays valid beside the new one."""

    grace_seconds: Annotated[int, Field(ge=0, le=604_800)] = 86_400
    agent_id: Id | None = None


class KeyRow(Model):
    """A key as it is listed; the token is not kept."""

    key_id: str
    agent_id: str
    name: str
    scopes: list[str]
    hint: str = Field(description="How the token begins.")
    status: Literal["active", "expired", "revoked"]
    created_at: str
    created_by: str
    expires_at: str | None
    revoked_at: str | None
    last_used_on: str | None = Field(description="UTC day.")


class MadeKey(KeyRow):
    """A new key."""

    token: str | None = Field(
        description="Shown once: null when the answer is a repetition by Idempotency-Key."
    )


class KeyList(Model):
    """The keys of a node, newest first; of those no longer active the last 20."""

    keys: list[KeyRow]


class Callbacks(Model):
    """Where the hub calls for money; an empty string is not set."""

    payouts: Text500 = ""
    debits: Text500 = ""


LimitValue = Annotated[int, Field(ge=1, le=1_000_000)]


class Limits(Model):
    """Calls per minute and key by rate class, and calls at the same time. null: the default, within what stands above."""

    standard: LimitValue | None = None
    create: LimitValue | None = None
    register_: LimitValue | None = Field(default=None, alias="register")
    results: LimitValue | None = None
    ingest: LimitValue | None = None
    wallet: LimitValue | None = None
    concurrency: LimitValue | None = None
    wallet_concurrency: LimitValue | None = None


class PutSettings(Model):
    """The settings as a whole; `version` is the one that was read (0 if they were never set)."""

    version: Annotated[int, Field(ge=0)]
    allowed_ips: Annotated[str, Field(max_length=10_000)] = Field(
        "",
        description="Addresses and CIDRs, IPv4 and IPv6, split by spaces or new lines; blank for no restriction.",
    )
    callbacks: Callbacks = Callbacks()
    game_url: Text500 = Field("", description="Template with {game}, {brand} and {tournament}.")
    approval: Literal["auto", "manual"] = "auto"
    default_duration_minutes: Annotated[int, Field(ge=1, le=44_640)] = 60
    grace_seconds: Annotated[int, Field(ge=0, le=86_400)] = 60
    active_keys: Annotated[int, Field(ge=2, le=10)] = 2
    limits: Limits = Limits()
    exponents: Annotated[dict[Currency, int], Field(max_length=50)] = Field(
        default_factory=dict, description="Decimals (0 to 8) of currencies beyond ISO 4217."
    )
    fx: Annotated[dict[Currency, Annotated[str, Field(max_length=30)]], Field(max_length=200)] = Field(
        default_factory=dict,
        description="One unit of the currency in units of the tenant's own, decimal strings.",
    )
    branding: Annotated[
        dict[Annotated[str, Field(min_length=1, max_length=40)], Text500], Field(max_length=30)
    ] = Field(default_factory=dict)
    wallet_mode: Literal["transfer", "seamless"] = Field(
        "transfer",
        description="Who holds the balances of players created from now on: the hub, or the operator's wallet.",
    )
    wallet_url: Text500 = Field(
        "",
        description="Base URL of the operator's seamless wallet; /balance, /bet, /win, /rollback are added.",
    )
    wallet_timeout_ms: Annotated[int, Field(ge=1000, le=10_000)] = Field(
        3000, description="How long one call of the operator's wallet may take."
    )
    wallet_transactions: bool = Field(
        default=False, description="The operator's wallet also takes whole lists of actions at /transaction."
    )
    wallet_lock_on_failed: bool = Field(
        default=False,
        description="Refuse bets of a player while a win or rollback of the player stands on the failed list.",
    )


class LimitsInForce(Model):
    """Every limit as it is applied now."""

    standard: int
    create: int
    register_: int = Field(alias="register")
    results: int
    ingest: int
    wallet: int
    concurrency: int
    wallet_concurrency: int


class SettingsAnswer(PutSettings):
    """The settings, what is in force, and warnings."""

    tenant_id: str
    currency: str
    limits_in_force: LimitsInForce
    exponents_in_force: dict[str, int]
    fx_in_force: list[str] = Field(description="Currencies with a rate, own and inherited.")
    warnings: list[str]
