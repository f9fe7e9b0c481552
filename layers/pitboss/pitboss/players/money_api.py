"""Routes of transfer mode: money from the casino to the player's balance at the hub, and back."""

from typing import Any

from pitboss.kernel.money import format_amount
from pitboss.platform.http import Answer, Api, Call
from pitboss.players import service
from pitboss.players.parts import BRAND, SCHEMAS, amount, same_currency
from pitboss.wallet.public import Outcome, deposit, withdraw

_ERRORS = ("USER_NOT_FOUND", "TX_CONFLICT", "CONFLICT", "CURRENCY_MISMATCH")
_AMOUNTS = ("INVALID_AMOUNT", "AMOUNT_PRECISION", "AMOUNT_LIMIT")
_ABOUT = (
    "Named twice over: by `Idempotency-Key` (this request) and by `transactionId` (this movement, for ever). A repetition "
    "with a new key answers the first movement with `replay`; another amount under the same id is refused."
)


def add_routes(api: Api) -> None:
    """Add them to the function's routes."""
    shared: dict[str, Any] = {
        "scope": "players.write",
        "limit": "register",
        "answer": f"{SCHEMAS}:Moved",
        "query": (BRAND,),
        "idempotent": True,
        "key_required": True,
    }
    api.route(
        "POST",
        "/players/{id}/deposit",
        "Pay in",
        body=f"{SCHEMAS}:Movement",
        errors=(*_ERRORS, *_AMOUNTS, "PLAYER_CLOSED", "POINT_NOT_ENOUGH"),
        about=_ABOUT,
        **shared,
    )(pay_in)
    api.route(
        "POST",
        "/players/{id}/withdraw",
        "Pay out",
        body=f"{SCHEMAS}:Movement",
        errors=(*_ERRORS, *_AMOUNTS, "BALANCE_NOT_ENOUGH"),
        about=f"{_ABOUT} Of blocked players and of suspended agents too: the money is the player's.",
        even_suspended=True,
        **shared,
    )(pay_out)
    api.route(
        "POST",
        "/players/{id}/withdraw-all",
        "Pay out everything",
        body=f"{SCHEMAS}:MoveAll",
        errors=_ERRORS,
        about=f"{_ABOUT} Answers what was moved; a repetition answers that again, whatever came in meanwhile.",
        even_suspended=True,
        **shared,
    )(pay_out_all)


def _known(call: Call) -> service.Known:
    return service.find(call.tenant_id, call.params["id"], call.query["brandId"])


def pay_in(call: Call) -> Answer:
    """At once, or refused: nothing is ever half moved."""
    known, body = _known(call), call.body
    same_currency(body.currency, known.wallet.currency)
    minor = amount(body.amount, known.wallet.exponent, "amount")
    outcome = deposit(
        call.tenant_id, known.wallet.player_id, body.transaction_id, minor, now=call.now, seed=call.seed
    )
    return _moved(outcome)


def pay_out(call: Call) -> Answer:
    """Never more than there is."""
    known, body = _known(call), call.body
    same_currency(body.currency, known.wallet.currency)
    minor = amount(body.amount, known.wallet.exponent, "amount")
    outcome = withdraw(
        call.tenant_id, known.wallet.player_id, body.transaction_id, minor, now=call.now, seed=call.seed
    )
    return _moved(outcome)


def pay_out_all(call: Call) -> Answer:
    """May be nothing, which is an answer too."""
    known = _known(call)
    outcome = withdraw(
        call.tenant_id, known.wallet.player_id, call.body.transaction_id, None, now=call.now, seed=call.seed
    )
    return _moved(outcome)


def _moved(outcome: Outcome) -> Answer:
    (result,) = outcome.results
    tx = result.tx
    return Answer(
        {
            "transactionId": tx.ext_id,
            "hubTransactionId": tx.hub_id,
            "amount": format_amount(tx.amount, tx.exponent),
            "currency": tx.currency,
            "before": format_amount(tx.before or 0, tx.exponent),
            "balance": format_amount(tx.after or 0, tx.exponent),
            "replay": result.replay,
        }
    )
