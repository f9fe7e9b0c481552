"""SlotCity v4, also sold as Palace: one callback URL, a static `Callback-Token`, a `command` and the checks to run.

Vendor: `{"command", "request_timestamp", "check": "21,22,31,41", "data": {...}}` is answered with HTTP 200 and
`{"result", "status", "data"}`. Codes: 0; 21 user missing, 22 inactive, 31 funds, 41 processed before, 42 transaction
missing, 43 what to cancel missing, 99 error, 100 wrong token. Sources: docs/profiles.md, PAL.

The checks say which facts the vendor wants told apart. They never loosen a rule: a bet beyond the balance is refused
whether or not 31 is among them, and a repeated transaction moves no money whether or not 41 is.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, override

from pitboss.dialects.model import Asked, Command, Credential, Document, Outcome, Said, Sent, Terms
from pitboss.dialects.naming import refusal_of
from pitboss.dialects.profiles import code_of
from pitboss.dialects.slotcity import BOTH, SAYS, SlotCity, amount_of, play_ids
from pitboss.dialects.spelling import (
    JSON_HEADERS,
    exact_json,
    identifier,
    invalid,
    read_object,
    scaled,
    unscaled,
)
from pitboss.kernel.refusal import Refusal

BONUS_CALL = 32
_PLAY = {"round_id": "roundId", "game_code": "gameId"}
_CHECKS = {
    "bet": "21,22,31,41",
    "win": "21,41",
    "rollback": "21,43",
    "balance": "21",
    "authenticate": "21,22",
}


class SlotCityV4(SlotCity):
    """The codec; see the module."""

    name = "slotcity-v4"
    commands: ClassVar[Mapping[str, tuple[Command, str]]] = {**BOTH, "status": ("status", "transaction")}

    @override
    def fault(
        self, raw: bytes, headers: Mapping[str, str], accepted: Sequence[Credential], now_s: int
    ) -> str:
        """The token is all there is: no body, no time is signed. Hence the secret in the URL, and an IP list."""
        digest = hashlib.sha256(headers.get("callback-token", "").strip().encode("utf-8", "replace")).digest()
        matches = [
            hmac.compare_digest(digest, one.digest or hashlib.sha256(one.secret).digest()) for one in accepted
        ]
        return "" if any(matches) else "the Callback-Token does not match"

    @override
    def understood(self, command: str, body: Mapping[str, Any]) -> Asked:
        """See `SlotCity`."""
        data = body.get("data")
        if not isinstance(data, dict):
            raise invalid("data", "a JSON object")
        kind, action = self.commands[command]
        account = identifier(data, "account")
        document: Document = {"action": action, "userId": account}
        echo = {"account": account}
        if command in ("authenticate", "balance"):
            document["action"] = "balance"
        elif command == "status":
            document = {
                "action": "status",
                "userId": account,
                "transactionId": identifier(data, "trans_guid"),
            }
            echo["trans_guid"] = document["transactionId"]
        else:
            document |= _money(command, data)
        return Asked(kind, action, document, echo)

    @override
    def encode_reply(
        self, asked: Asked, outcome: Outcome, terms: Terms, credential: Credential | None
    ) -> Said:
        """See `model.Dialect`. The name of our own refusal is told in a header: 99 alone explains nothing."""
        refused = isinstance(outcome, Refusal)
        name = outcome.name if isinstance(outcome, Refusal) else "OK"
        facts: Mapping[str, Any] = outcome.facts if isinstance(outcome, Refusal) else outcome
        reply: Document = {
            "result": code_of(terms.profile, name, asked.action),
            "status": "ERROR" if refused else "OK",
        }
        data: Document = {}
        if asked.command == "status" and not refused:
            state = "CANCELED" if facts["rolledBack"] else "OK"
            data = {
                "account": asked.echo["account"],
                "trans_guid": asked.echo["trans_guid"],
                "trans_status": state,
            }
        elif "balance" in facts:
            if asked.command == "authenticate":
                data["account"] = asked.echo["account"]
            data["balance"] = scaled(facts["balance"], terms.money_scale)
        if data:
            reply["data"] = data
        told = {"pitboss-error": name} if refused else {}
        return Said(200, {**JSON_HEADERS, **told}, exact_json(reply))

    @override
    def encode_request(
        self, document: Document, terms: Terms, credential: Credential, now_s: int, nonce: str
    ) -> Sent:
        """See `model.Dialect`: lists, end-round and sessions are not in this protocol."""
        action = document["action"]
        if action not in SAYS:
            raise ValueError(f"SlotCity v4 has no word for {action}")
        data: Document = {"account": document["userId"]}
        if action in ("bet", "win", "rollback"):
            data |= {"trans_guid": document["transactionId"], "round_id": document.get("roundId", "")}
            data |= {"game_code": document.get("gameId", ""), "timestamp": now_s}
        if action == "rollback":
            data["cancel_trans_guid"] = document["originalTransactionId"]
        if "amount" in document:
            data["amount"] = scaled(document["amount"], terms.money_scale, document.get("exponent", 2))
        if action == "win":
            data["type"] = BONUS_CALL if document.get("type") == "promo" else 2
        body = {
            "command": SAYS[action],
            "request_timestamp": now_s,
            "check": _CHECKS[action],
            "data": data,
        }
        return Sent({**JSON_HEADERS, "callback-token": credential.secret.decode()}, exact_json(body))

    @override
    def decode_reply(self, document: Document, said: Said, terms: Terms) -> Document:
        """See `model.Dialect`. The currency is the one that `document` names: the protocol carries none."""
        reply = read_object(said.body)
        data = reply.get("data") or {}
        balance = data.get("balance")
        exponent = document.get("exponent", 2)
        facts = {} if balance is None else {"balance": unscaled(balance, terms.money_scale, exponent)}
        if reply.get("result") != 0:
            raise refusal_of(terms.profile, reply.get("result", 99), document["action"], **facts)
        return {"status": "OK", "code": 0, "currency": document.get("currency"), **facts}


def _money(command: str, data: Mapping[str, Any]) -> Document:
    members: Document = {}
    if command == "cancel":
        # The vendor's documents spell it both ways.
        target = identifier(
            data, "cancel_trans_guid", required="cancle_trans_guid" not in data
        ) or identifier(data, "cancle_trans_guid")
        own = identifier(data, "trans_guid", required=False)
        members = {"transactionId": own or f"cancel:{target}", "originalTransactionId": target}
    else:
        members = {"transactionId": identifier(data, "trans_guid"), "amount": amount_of(data)}
    if command == "win":
        members["type"] = "promo" if data.get("type") == BONUS_CALL else "win"
    return {**members, **play_ids(data, _PLAY, command)}
