"""How one provider's wallet protocol differs: data, not a fork.

The default is the hub's own protocol. An integration's record holds the complete switches of its profile, so that the
wallet needs no table of vendors (docs/profiles.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Profile:
    """The switches of a provider's protocol; in records and requests their names are in camelCase.

    * `money_scale`: what an amount counts: `decimal` major units, `minor` units, `millis` (1/1000), `x100000`.
    * `precision`: finer amounts than the currency's decimals are refused, or `truncate`d where the vendor says so.
    * `http_school`: refusals as HTTP `status`, or `always200` with the code in the body (for adapters).
    * `duplicate`: the same transaction again is a `replay`, or the `error` TX_ALREADY_PROCESSED.
    * `unknown_rollback`: `ok`, or the `error` TX_NOT_FOUND; a tombstone is left either way.
    * `repeat_rollback`: another rollback, under a new id, of what is rolled back: `replay` (OK), or `error`.
    * `bet_after_rollback`: a bet or win whose rollback came first: `refuse` (TX_ROLLED_BACK), or `noop` with OK.
    * `settled_rollback`: a bet that a win settled: `refuse` (TX_ALREADY_SETTLED), or `resettle` (win back, then bet).
    * `rollback_win`: a win itself: `refuse` (NOT_ROLLBACKABLE), or `allow`.
    * `funds_gone_rollback`: a win to take back is spent: `refuse` (BALANCE_NOT_ENOUGH), or `receivable`.
    * `wrong_amount_rollback`: the `stored` amount counts, or `conflict`.
    * `id_scope`: transaction ids are unique for the `integration`, or per `player`.
    * `rollback_id`: a rollback has its `own` id, or none: then it is known by that of its `bet`.
    * `round_close`: by the `flag` roundClosed or an end-round action, only by an `end` action, by the first `win`, or
      `none` (then a round ends when it is swept).
    * `bet_in_closed_round`: `refuse` (ROUND_CLOSED), or `reopen`.
    * `late_win`: a win in a closed round: `accept`ed as a late credit, or `refuse`d (ROUND_CLOSED).
    * `zero_bet`: `ok` (recorded, nothing moves), or `refuse` (INVALID_AMOUNT).
    * `win_without_bet`: `promo` (types promo and jackpot need no bet), `any`, or `refuse`.
    * `free_charge`: a free round is consumed by the first free bet of a `round`, or by each `bet`.
    * `tx_not_found_retryable`: the provider may send a win ahead of its bet and repeats it.
    * `session`: a bet names the `token`, or the `player` and is judged by any live session of that player.
    * `currency_in_call`: False where the protocol names no currency: the wallet's own is meant.
    """

    name: str = "default"
    money_scale: Literal["decimal", "minor", "millis", "x100000"] = "decimal"
    precision: Literal["refuse", "truncate"] = "refuse"
    http_school: Literal["status", "always200"] = "status"
    duplicate: Literal["replay", "error"] = "replay"
    unknown_rollback: Literal["ok", "error"] = "ok"
    repeat_rollback: Literal["replay", "error"] = "replay"
    bet_after_rollback: Literal["refuse", "noop"] = "refuse"
    settled_rollback: Literal["refuse", "resettle"] = "refuse"
    rollback_win: Literal["refuse", "allow"] = "refuse"
    funds_gone_rollback: Literal["refuse", "receivable"] = "refuse"
    wrong_amount_rollback: Literal["stored", "conflict"] = "stored"
    id_scope: Literal["integration", "player"] = "integration"
    rollback_id: Literal["own", "bet"] = "own"
    round_close: Literal["flag", "end", "win", "none"] = "flag"
    bet_in_closed_round: Literal["refuse", "reopen"] = "refuse"
    late_win: Literal["accept", "refuse"] = "accept"
    zero_bet: Literal["ok", "refuse"] = "ok"
    win_without_bet: Literal["promo", "any", "refuse"] = "promo"
    free_charge: Literal["round", "bet"] = "round"
    tx_not_found_retryable: bool = False
    session: Literal["token", "player"] = "token"
    currency_in_call: bool = True

    def to_record(self) -> dict[str, Any]:
        """The switches under their names in camelCase."""
        return {camel(f.name): getattr(self, f.name) for f in fields(self)}

    @staticmethod
    def from_record(row: Mapping[str, Any]) -> "Profile":
        """The inverse (snake_case is understood too); what is not there has the default's value, unknown members are
        left aside."""
        given = {
            f.name: row[name] for f in fields(Profile) for name in (f.name, camel(f.name)) if name in row
        }
        return Profile(**given)


def camel(name: str) -> str:
    """A switch's name in records and requests."""
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


DEFAULT = Profile()
