"""The switch `rollbackId`: whether a rollback has an id of its own, or carries only that of what it takes back."""

from typing import Any

import pytest
from pitboss.kernel.refusal import Refusal
from pitboss.wallet.parse import parse
from pitboss.wallet.profile import Profile
from pitboss.wallet.schemas import RollbackBody

pytestmark = pytest.mark.unit

BACK: dict[str, Any] = {"action": "rollback", "sessionToken": "ps_x", "originalTransactionId": "bet-1"}


def test_without_an_id_of_its_own_it_is_known_by_the_bets() -> None:
    (action,) = parse(BACK, "rollback", Profile(rollback_id="bet")).actions
    assert (action.kind, action.ext_id, action.ref) == ("rollback", "bet-1", "bet-1")


def test_the_document_lets_it_out_as_the_wallet_does() -> None:
    model = RollbackBody.model_validate(BACK)
    assert (model.transaction_id, model.original_transaction_id) == (None, "bet-1")


def test_an_id_that_is_sent_counts_all_the_same() -> None:
    (action,) = parse({**BACK, "transactionId": "back-1"}, "rollback", Profile(rollback_id="bet")).actions
    assert action.ext_id == "back-1"


def test_elsewhere_the_id_is_required() -> None:
    with pytest.raises(Refusal) as refused:
        parse(BACK, "rollback", Profile(rollback_id="own"))
    assert [e.pointer for e in refused.value.errors] == ["transactionId"]


def test_a_bet_always_has_an_id() -> None:
    bet = {
        "action": "bet",
        "sessionToken": "ps_x",
        "roundId": "r",
        "gameId": "g",
        "amount": "1",
        "currency": "EUR",
    }
    with pytest.raises(Refusal) as refused:
        parse(bet, "bet", Profile(rollback_id="bet"))
    assert [e.pointer for e in refused.value.errors] == ["transactionId"]
