"""Bodies and answers of the routes of points."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pitboss.platform.models import Amount, Model
from pitboss.points.model import DEFAULT_SLICES, MAX_ALERTS, MAX_RATE_BPS, MAX_SLICES

Reason = Annotated[str, Field(min_length=1, max_length=200)]
PointsOut = Annotated[str, Field(description="Points in major units of the currency.", examples=["1250.00"])]


class MovePoints(Model):
    """`mint` and `burn`: the root in its own account. `transfer`: from the node above to this one. `return`: back."""

    type: Literal["mint", "burn", "transfer", "return"]
    amount: Amount | None = Field(
        None, description="Up to four decimals more than the currency has; or `all`."
    )
    all: bool = Field(False, description="Everything above the floor; for `burn` and `return`.")
    reason: Reason

    @model_validator(mode="after")
    def _one(self) -> "MovePoints":
        if self.all == (self.amount is not None):
            raise ValueError("either amount or all: true")
        if self.all and self.type not in ("burn", "return"):
            raise ValueError("all is for burn and return")
        return self


class Decide(Model):
    """Why it was approved or rejected."""

    reason: Annotated[str, Field(max_length=200)] = ""


class ChangePoints(Model):
    """Freeze, unfreeze or close an account of points."""

    status: Literal["active", "frozen", "closed"]
    reason: Reason


class PointsActor(Model):
    """Who did it; null where that stands above the reader."""

    key_id: str
    agent_id: str
    ip: str


class PointsTransfer(Model):
    """A movement of points that this tenant asked for."""

    transfer_id: str
    agent_id: str
    type: Literal["mint", "burn", "transfer", "return"]
    amount: PointsOut
    currency: str
    state: Literal["DONE", "PENDING", "REJECTED", "EXPIRED"]
    reason: str
    asked_at: str
    asked_by: PointsActor | None
    decided_at: str | None
    decided_by: PointsActor | None
    decision: str | None
    expires_at: str | None = Field(description="While it waits: until when it can be approved.")


class PointsTransferList(Model):
    """Newest first."""

    transfers: list[PointsTransfer]
    next_cursor: str | None


class PointsSlice(Model):
    """A part that play draws from."""

    slice: int
    amount: PointsOut


class PointsHeld(Model):
    """What open rounds and players hold, in the currency. Their points are taken already."""

    open_stakes: str
    at_players: str = Field(description="Deposits less withdrawals; only face_value in transfer mode.")


class PointsAlert(Model):
    """The balance fell to a threshold."""

    at: str
    threshold: PointsOut
    balance: PointsOut


class Points(Model):
    """The points of a node."""

    agent_id: str
    currency: str
    status: Literal["active", "frozen", "closed"]
    balance: PointsOut
    available: PointsOut = Field(description="Above the floor; negative below it.")
    floor: PointsOut
    main: PointsOut = Field(description="In no slice.")
    slices: list[PointsSlice]
    held: PointsHeld
    played: PointsOut = Field(description="What play has consumed so far, less what it gave back.")
    policy: Literal["none", "ggr", "face_value"]
    ggr_rate_bps: int = Field(description="In force: the least of its own and those above.")
    alerts: list[PointsAlert] = Field(description="The latest ten, newest first.")


class PointsEntry(Model):
    """One line of an account. `after` of one line less the play until the next is `before` of that."""

    seq: int
    at: str
    kind: Literal[
        "mint",
        "burn",
        "fromParent",
        "toParent",
        "toChild",
        "fromChild",
        "billing",
        "frozen",
        "unfrozen",
        "closed",
    ]
    amount: PointsOut
    before: PointsOut
    after: PointsOut
    played: PointsOut = Field(description="What play had consumed until then.")
    counterparty: str | None = Field(description="The child; null for what stands above.")
    transfer_id: str | None
    reason: str
    actor: PointsActor | None
    approver: PointsActor | None


class PointsEntries(Model):
    """Newest first."""

    agent_id: str
    currency: str
    entries: list[PointsEntry]
    next_cursor: str | None


class PointsStatement(Model):
    """opening + minted + fromParent + fromChildren - burned - toParent - toChildren - play = closing."""

    agent_id: str
    currency: str
    from_: str = Field(alias="from", description="First UTC day.")
    to: str = Field(description="Last UTC day, included.")
    opening: PointsOut
    minted: PointsOut
    burned: PointsOut
    from_parent: PointsOut
    to_parent: PointsOut
    to_children: PointsOut
    from_children: PointsOut
    play: PointsOut = Field(description="Consumed by play, less what it gave back.")
    closing: PointsOut
    ties: bool = Field(description="Whether the lines add up to the closing balance; always true.")


class PutBilling(Model):
    """The billing as a whole; `version` is the one that was read (0 if it was never set)."""

    version: Annotated[int, Field(ge=0)]
    policy: Literal["none", "ggr", "face_value"] = "none"
    ggr_rate_bps: Annotated[int, Field(ge=0, le=MAX_RATE_BPS)] = Field(
        0, description="Of bets less wins, in basis points; never above that of a node above."
    )
    floor: Amount = Field("0", description="Points that play and transfers leave.")
    alert_at: Annotated[list[Amount], Field(max_length=MAX_ALERTS)] = Field(default_factory=list)
    slices: Annotated[int, Field(ge=1, le=MAX_SLICES)] = DEFAULT_SLICES
    approval_over: Amount | None = Field(
        None, description="Moves above it wait for a second key of the same node; null: none do."
    )


class BillingAnswer(Model):
    """The billing of a node and what is in force."""

    agent_id: str
    currency: str
    version: int
    policy: Literal["none", "ggr", "face_value"]
    ggr_rate_bps: int
    ggr_rate_bps_in_force: int
    floor: PointsOut
    alert_at: list[PointsOut]
    slices: int
    approval_over: PointsOut | None
    approval_over_in_force: PointsOut | None = Field(
        description="A limit that the node itself loosened stays in force for 24 hours."
    )
