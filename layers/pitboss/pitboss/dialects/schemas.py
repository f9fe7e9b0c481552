"""Bodies and answers of an integration's wallet settings."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from pitboss.platform.models import Id, Model

Url = Annotated[str, Field(max_length=1_000)]


class PutWallet(Model):
    """How an integration's wallet calls are read and judged; members left out take the profile's values."""

    profile: Annotated[str, Field(max_length=40)] = Field("default", description="See GET /wallet-profiles.")
    overrides: dict[str, Any] = Field(
        default_factory=dict, max_length=40, description="Switches that differ from the profile's."
    )
    brand_id: Id | None = Field(
        None,
        description="Whose players are meant by protocols that name players only (slotcity-v4, slotcity-v1).",
    )
    launch_url: Url = Field(
        "", description="Template of the URL that opens a game; docs/launch.md lists what is filled in."
    )


class Former(Model):
    """An older secret that is still accepted."""

    generation: int
    until: str


class Wallet(Model):
    """The wallet settings of an integration."""

    integration_id: str
    profile: str
    dialect: str = Field(
        description="The protocol that is spoken: default, slotcity-v4, slotcity-v1 or mascot."
    )
    overrides: dict[str, Any]
    switches: dict[str, Any] = Field(description="All switches in force.")
    unstated: list[str] = Field(
        description="Switches that the vendor's sources do not state: the hub's own value stands in. Ask the vendor."
    )
    brand_id: str | None
    launch_url: str
    door: str | None = Field(
        description="Path of the vendor's calls, for profiles with a dialect of their own."
    )
    generation: int = Field(
        description="Of the secret in force; 0: there is none, and money calls are refused."
    )
    former: list[Former]
    updated_at: str | None


class RotateSecret(Model):
    """A new secret; the one in force is accepted for `graceSeconds` more."""

    secret: Annotated[str, Field(min_length=16, max_length=200, pattern=r"^[\x21-\x7e]+$")] | None = Field(
        None, description="The secret that the vendor issued, for profiles with a dialect of their own."
    )
    key_id: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.-]+$")] | None = Field(
        None, description="The id of the vendor's key (mascot)."
    )
    grace_seconds: Annotated[int, Field(ge=0, le=604_800)] = 86_400


class WalletSecret(Model):
    """Shown in this answer and nowhere again."""

    integration_id: str
    generation: int
    spelling: str = Field(description="What the secret is in the protocol.")
    secret: str | None = Field(description="null in the repetition of an answer.")
    key_id: str | None
    former: list[Former]


class SwitchRow(Model):
    """A switch, its values and what it decides."""

    name: str
    values: list[Any]
    about: str


class ProfileRow(Model):
    """A vendor's protocol."""

    profile: str
    name: str
    dialect: str
    switches: dict[str, Any]
    unstated: list[str]
    sources: dict[str, str]


class ProfileList(Model):
    """Every profile and every switch."""

    profiles: list[ProfileRow]
    switches: list[SwitchRow]


# ---------------------------------------------------------------- the vendors' own messages, as documentation
class _Theirs(BaseModel):
    model_config = ConfigDict(extra="allow")


class V4Call(_Theirs):
    """A SlotCity v4 callback."""

    command: str = Field(description="authenticate, balance, bet, win, cancel or status.")
    data: dict[str, Any]
    check: str | None = None
    request_timestamp: int | None = None


class V4Reply(_Theirs):
    """`result` 0 is success; see docs/profiles.md."""

    result: int
    status: str
    data: dict[str, Any] | None = None


class V1Call(_Theirs):
    """A SlotCity v1 callback: a flat object."""

    command: str = Field(description="authenticate, balance, bet, win or cancel.")
    playerId: str  # noqa: N815 - the vendor's spelling


class V1Reply(_Theirs):
    """`statusCode` OK is success; see docs/profiles.md."""

    statusCode: str  # noqa: N815 - the vendor's spelling
    balance: float | None = None


class RpcCall(_Theirs):
    """A JSON-RPC 2.0 request."""

    jsonrpc: str
    method: str = Field(description="getBalance, withdrawAndDeposit or rollbackTransaction.")
    params: dict[str, Any]
    id: int | str | None = None


class RpcReply(_Theirs):
    """A JSON-RPC 2.0 answer: `result` or `error`."""

    jsonrpc: str
    id: int | str | None
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
