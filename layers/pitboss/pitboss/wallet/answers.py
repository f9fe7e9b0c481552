"""Answers to providers, as documents."""

from typing import Any

from pitboss.kernel.instants import format_instant
from pitboss.kernel.money import format_amount
from pitboss.wallet.model import Outcome, Result, Session, Wallet


def outcome_document(outcome: Outcome, *, listed: bool) -> dict[str, Any]:
    """The 200 of a money call: `balance` is that after this operation, at a replay that of the first time, with the
    present one beside it. `listed` adds what became of each action of a list."""
    wallet, last = outcome.wallet, outcome.results[-1]
    document: dict[str, Any] = {
        "status": "OK",
        "code": 0,
        "transactionId": last.tx.ext_id,
        "hubTransactionId": last.tx.hub_id,
        "balance": format_amount(outcome.balance, wallet.exponent),
        "currency": wallet.currency,
        "replay": outcome.replay,
    }
    if outcome.replay:
        document["currentBalance"] = format_amount(outcome.current, wallet.exponent)
    if last.tx.round_status:
        document["roundStatus"] = last.tx.round_status
    if outcome.free_left is not None:
        document["freeRoundsLeft"] = outcome.free_left
    if listed:
        document["results"] = [_result(result) for result in outcome.results]
    if outcome.warnings:
        document["warnings"] = list(outcome.warnings)
    return document


def _result(result: Result) -> dict[str, Any]:
    tx = result.tx
    row: dict[str, Any] = {
        "action": "end-round" if tx.kind == "end" else tx.kind,
        "transactionId": tx.ext_id,
        "hubTransactionId": tx.hub_id,
        "replay": result.replay,
    }
    if tx.after is not None:
        row["balance"] = format_amount(tx.after, tx.exponent)
    if tx.round_status:
        row["roundStatus"] = tx.round_status
    return row


def balance_document(wallet: Wallet, balance: int, warnings: tuple[str, ...] = ()) -> dict[str, Any]:
    """The 200 of a balance call; `balance` in minor units."""
    document: dict[str, Any] = {
        "status": "OK",
        "code": 0,
        "balance": format_amount(balance, wallet.exponent),
        "currency": wallet.currency,
    }
    return {**document, "warnings": list(warnings)} if warnings else document


def session_document(wallet: Wallet, session: Session, balance: int, token: str = "") -> dict[str, Any]:
    """The 200 of authenticate; `token` is the new session token where a launch token was exchanged."""
    document: dict[str, Any] = {
        "status": "OK",
        "code": 0,
        "playerId": wallet.user_id,
        "brandId": wallet.brand_id,
        "sessionId": session.id,
        "currency": wallet.currency,
        "balance": format_amount(balance, wallet.exponent),
        "country": wallet.country,
        "language": wallet.language,
        "expiresAt": format_instant(session.expires_at),
        "realityCheckMinutes": wallet.reality_check_minutes,
    }
    return {**document, "sessionToken": token} if token else document
