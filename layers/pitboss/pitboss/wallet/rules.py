"""The wallet's arithmetic and its reasons to refuse. Pure."""

import hashlib
from base64 import urlsafe_b64encode
from dataclasses import replace
from decimal import Decimal
from typing import Any

from pitboss.kernel.money import MAX_MINOR, AmountError, format_amount, parse_amount
from pitboss.kernel.refusal import Effect, FieldError, Refusal
from pitboss.wallet.model import DAY_MS, Action, Round, Tx, TxKey, Wallet
from pitboss.wallet.profile import Profile
from pitboss.wallet.wording import PLACES

# What is final for a bet id: the same bet again is answered the same; another attempt needs an id of its own.
FINAL = frozenset(
    {
        "BALANCE_NOT_ENOUGH",
        "BET_LIMIT",
        "LOSS_LIMIT",
        "SESSION_TIME_LIMIT",
        "PLAYER_BLOCKED",
        "PLAYER_SELF_EXCLUDED",
        "PLAYER_COOLING_OFF",
        "PLAYER_CLOSED",
        "ROUND_CLOSED",
        "POINT_NOT_ENOUGH",
        "FREEROUND_EXHAUSTED",
    }
)


def amount_refusal(code: str, reason: str) -> Refusal:
    """An amount that is not taken."""
    return Refusal(code, f"amount: {reason}.", errors=[FieldError("amount", reason)])


def to_minor(value: Any, exponent: int, profile: Profile) -> int:
    """An amount as the provider writes it to minor units, exactly. Refusals INVALID_AMOUNT, AMOUNT_PRECISION, AMOUNT_LIMIT."""
    try:
        minor = _to_minor(value, exponent, profile)
    except AmountError as error:
        raise amount_refusal(error.code, str(error)) from None
    if minor < 0:
        raise amount_refusal("INVALID_AMOUNT", "not negative")
    return minor


def _to_minor(value: Any, exponent: int, profile: Profile) -> int:
    if profile.money_scale == "decimal":
        try:
            return parse_amount(value, exponent)
        except AmountError as error:
            if error.code != "AMOUNT_PRECISION" or profile.precision != "truncate":
                raise
            text = format(value, "f") if isinstance(value, Decimal) else str(value)
            cut = len(text.partition(".")[2]) - exponent
            return parse_amount(text[:-cut].rstrip("."), exponent) if text[0] != "-" else -1
    if type(value) is not int:
        raise AmountError("INVALID_AMOUNT", "an integer")
    if abs(value) > MAX_MINOR:
        raise AmountError("AMOUNT_LIMIT", "the amount is beyond what any account may hold")
    places = PLACES[profile.money_scale]
    if places is None:
        return value
    minor, rest = divmod(value * int(10**exponent), int(10**places))
    if rest and profile.precision == "refuse":
        raise AmountError("AMOUNT_PRECISION", f"the currency has {exponent} decimals; more are refused")
    if abs(minor) > MAX_MINOR:
        raise AmountError("AMOUNT_LIMIT", "the amount is beyond what any account may hold")
    return minor


def fingerprint(action: Action, player_id: str, amount: int | None) -> str:
    """What must be the same for a repetition to be one. A rollback is known by its target alone: amount, round and game
    may be missing from any attempt. What providers add to their messages in time does not count."""
    if action.kind == "rollback":
        parts = [action.kind, player_id, action.ref, action.target]
    elif action.kind == "end":
        parts = [action.kind, player_id, action.round_id]
    else:
        parts = [
            action.kind,
            player_id,
            action.round_id,
            action.game_id,
            str(amount),
            action.currency,
            action.type,
            action.ref,
            action.free_id,
        ]
    return _short("\x1f".join(parts), 9)


def _short(text: str, size: int) -> str:
    return urlsafe_b64encode(hashlib.blake2b(text.encode(), digest_size=size).digest()).decode()


def round_mark(provider: str, round_id: str) -> str:
    """A round's entry in the wallet's ring of those closed last."""
    return _short(f"{provider}\x1f{round_id}", 6)


def key_of(action: Action, provider: str, player_id: str, profile: Profile) -> TxKey:
    """What names the transaction of an action."""
    return TxKey(provider, action.kind, action.ext_id, player_id if profile.id_scope == "player" else "")


def target_keys(action: Action, own: TxKey) -> tuple[TxKey, ...]:
    """What a rollback may mean, or the bet that a win names."""
    if action.kind == "win":
        return (own._replace(kind="bet", ext_id=action.ref),) if action.ref else ()
    if action.kind != "rollback":
        return ()
    kinds = (action.target,) if action.target else ("bet", "win", "rollback")
    keys = tuple(own._replace(kind=kind, ext_id=action.ref) for kind in kinds)
    return tuple(key for key in keys if key != own)


# ---------------------------------------------------------------- loss counters
def day_of(instant: int) -> int:
    """The number of a UTC day."""
    return instant // DAY_MS


def week_of(instant: int) -> int:
    """The number of a UTC week; weeks begin on Monday (day 4 of the epoch was one)."""
    return (instant // DAY_MS + 3) // 7


def with_loss(wallet: Wallet, amount: int, now: int, of: int | None = None) -> Wallet:
    """The wallet with `amount` more lost (negative: won back) today and this week; what goes back to an earlier day or
    week (`of` is its instant) leaves these as they are."""
    day, week = day_of(now), week_of(now)
    day_loss = wallet.day_loss if wallet.day == day else 0
    week_loss = wallet.week_loss if wallet.week == week else 0
    if of is None or day_of(of) == day:
        day_loss += amount
    if of is None or week_of(of) == week:
        week_loss += amount
    return replace(wallet, day=day, day_loss=day_loss, week=week, week_loss=week_loss)


def limit_refusal(wallet: Wallet, stake: int, now: int) -> Refusal | None:
    """BET_LIMIT or LOSS_LIMIT for a bet of `stake`, or None."""
    limits = wallet.limits_at(now)

    def refused(name: str, limit: int, what: str) -> Refusal:
        shown = format_amount(limit, wallet.exponent)
        return Refusal(
            name, f"The player's limit is {shown} {what}.", facts={"limit": shown, **balance_facts(wallet)}
        )

    if limits.max_bet is not None and stake > limits.max_bet:
        return refused("BET_LIMIT", limits.max_bet, "a bet")
    fresh = with_loss(wallet, stake, now)
    if limits.daily_loss is not None and fresh.day_loss > limits.daily_loss:
        return refused("LOSS_LIMIT", limits.daily_loss, "of loss a day")
    if limits.weekly_loss is not None and fresh.week_loss > limits.weekly_loss:
        return refused("LOSS_LIMIT", limits.weekly_loss, "of loss a week")
    return None


# ---------------------------------------------------------------- answers
def balance_facts(wallet: Wallet) -> dict[str, str]:
    """The members that tell a provider where the player stands. A seamless player's balance is the operator's to tell."""
    if wallet.mode == "seamless":
        return {}
    return {"balance": format_amount(wallet.shown, wallet.exponent), "currency": wallet.currency}


def not_enough(wallet: Wallet) -> Refusal:
    """2006, with the balance, as vendors want it."""
    return Refusal("BALANCE_NOT_ENOUGH", "The balance does not cover this.", facts=balance_facts(wallet))


def conflict(what: str, tx: Tx) -> Refusal:
    """4002: the id is known with another content."""
    return Refusal("TX_CONFLICT", what, facts={"transactionId": tx.ext_id, "hubTransactionId": tx.hub_id})


def rolled_back(tx: Tx) -> Refusal:
    """4004."""
    return Refusal(
        "TX_ROLLED_BACK",
        "This transaction was rolled back.",
        facts={"transactionId": tx.ext_id, "hubTransactionId": tx.hub_id},
    )


def in_progress(tx: Tx, effect: Effect = "none") -> Refusal:
    """1025, for a transaction whose end the operator has not told yet. `effect` is `unknown` where the call repeats that
    very transaction: the operator may have moved the money. What only comes after it has done nothing."""
    return Refusal(
        "OPERATION_IN_PROGRESS",
        "The operator has not answered this transaction yet; repeat it.",
        facts={"transactionId": tx.ext_id, "hubTransactionId": tx.hub_id},
        retry_after_s=1,
        effect=effect,
    )


def settled(round_: Round, bet_id: str) -> bool:
    """Whether a bet of the round is settled: a standing win names it, or one that names no bet came after it, or the
    provider ended the round."""
    if round_.ended:
        return True
    seen = False
    for tx in round_.txs:
        if tx.kind == "b" and tx.ext_id == bet_id:
            seen = True
        elif tx.kind == "w" and (tx.ref == bet_id or (seen and not tx.ref)):
            return True
    return False
