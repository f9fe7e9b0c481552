"""SlotCity v1, the Scorpio callback: a flat JSON body, `X-Request-Signature`, string codes, always HTTP 200.

The signature is base64 of HMAC-SHA512, keyed with the API token, over the values of the body joined by commas in the
order of their sorted names. It covers values and not names, and no nonce; what keeps a captured call harmless is that
its `transactionId` moves money once. Sources: docs/profiles.md, SCO.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, override

from pitboss.dialects.model import Asked, Credential, Document, Outcome, Said, Sent, Terms
from pitboss.dialects.naming import refusal_of
from pitboss.dialects.profiles import code_of
from pitboss.dialects.slotcity import SAYS, SlotCity, amount_of, play_ids
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

_PLAY = {"roundId": "roundId", "gameCode": "gameId", "currency": "currency"}


def signed_texts(body: Mapping[str, Any]) -> Iterator[str]:
    """The strings that a sender may have signed. Languages differ in how they write a number that JSON wrote as 10.0 or
    10.50: as it stands, or without the zeros that say nothing."""
    ordered = [body[name] for name in sorted(body)]
    yield ",".join(_text(value, short=False) for value in ordered)
    if any(isinstance(value, Decimal) for value in ordered):
        yield ",".join(_text(value, short=True) for value in ordered)


def _text(value: Any, *, short: bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    if isinstance(value, Decimal):
        plain = format(value, "f") if -40 < value.adjusted() < 40 else str(value)
        return plain.rstrip("0").rstrip(".") if short and "." in plain else plain
    if isinstance(value, int | str):
        return str(value)
    raise invalid("(body)", "a flat object: members are strings, numbers or booleans")


def signature(secret: bytes, text: str) -> str:
    """What stands in X-Request-Signature."""
    return base64.b64encode(hmac.digest(secret, text.encode(), hashlib.sha512)).decode()


class SlotCityV1(SlotCity):
    """The codec; see the module."""

    name = "slotcity-v1"

    @override
    def fault(
        self, raw: bytes, headers: Mapping[str, str], accepted: Sequence[Credential], now_s: int
    ) -> str:
        """See `model.Dialect`."""
        given = headers.get("x-request-signature", "").strip().encode("utf-8", "replace")
        try:
            texts = list(signed_texts(read_object(raw)))
        except Refusal:
            return "the body is not a flat JSON object, so nothing can have been signed"
        expected = [signature(one.secret, text).encode() for one in accepted for text in texts]
        matches = [hmac.compare_digest(given, one) for one in expected]
        return "" if any(matches) else "the X-Request-Signature does not match"

    @override
    def understood(self, command: str, body: Mapping[str, Any]) -> Asked:
        """See `SlotCity`."""
        kind, action = self.commands[command]
        return Asked(kind, action, _document(command, action, body))

    @override
    def encode_reply(
        self, asked: Asked, outcome: Outcome, terms: Terms, credential: Credential | None
    ) -> Said:
        """See `model.Dialect`."""
        name = outcome.name if isinstance(outcome, Refusal) else "OK"
        facts: Mapping[str, Any] = outcome.facts if isinstance(outcome, Refusal) else outcome
        reply: Document = {}
        if "balance" in facts:
            reply["balance"] = scaled(facts["balance"], terms.money_scale)
        reply["statusCode"] = code_of(terms.profile, name, asked.action)
        told = {"pitboss-error": name} if isinstance(outcome, Refusal) else {}
        return Said(200, {**JSON_HEADERS, **told}, exact_json(reply))

    @override
    def encode_request(
        self, document: Document, terms: Terms, credential: Credential, now_s: int, nonce: str
    ) -> Sent:
        """See `model.Dialect`: lists, end-round and sessions are not in this protocol."""
        action = document["action"]
        if action not in SAYS:
            raise ValueError(f"SlotCity v1 has no word for {action}")
        body: Document = {"command": SAYS[action], "playerId": document["userId"], "timestamp": now_s}
        if "currency" in document:
            body["currency"] = document["currency"]
        if action in ("bet", "win", "rollback"):
            body |= {"transactionId": document["transactionId"], "roundId": document.get("roundId", "")}
            body |= {"gameCode": document.get("gameId", ""), "gameName": "", "providerId": 1}
            body |= {"providerName": ""}
        if action == "rollback":
            body["referenceId"] = document["originalTransactionId"]
        else:
            body["isRoundFinished"] = bool(document.get("roundClosed", False))
            body["isCall"] = document.get("type") == "promo"
        if "amount" in document:
            body["amount"] = scaled(document["amount"], terms.money_scale, document.get("exponent", 2))
        text = next(signed_texts(body))
        return Sent(
            {**JSON_HEADERS, "x-request-signature": signature(credential.secret, text)}, exact_json(body)
        )

    @override
    def decode_reply(self, document: Document, said: Said, terms: Terms) -> Document:
        """See `model.Dialect`."""
        reply = read_object(said.body)
        balance = reply.get("balance")
        exponent = document.get("exponent", 2)
        facts = {} if balance is None else {"balance": unscaled(balance, terms.money_scale, exponent)}
        if reply.get("statusCode") != "OK":
            raise refusal_of(
                terms.profile, reply.get("statusCode", "ERR_UNKNOWN"), document["action"], **facts
            )
        return {"status": "OK", "code": 0, "currency": document.get("currency"), **facts}


def _document(command: str, action: str, body: Mapping[str, Any]) -> Document:
    document: Document = {"action": action, "userId": identifier(body, "playerId")}
    if command in ("authenticate", "balance"):
        document["action"] = "balance"
        return document
    document["transactionId"] = identifier(body, "transactionId")
    document |= play_ids(body, _PLAY, command)
    if command == "cancel":
        document["originalTransactionId"] = identifier(body, "referenceId")
        return document
    amount, finished = amount_of(body), body.get("isRoundFinished", False)
    if not isinstance(finished, bool):
        raise invalid("isRoundFinished", "true or false")
    document |= {"amount": amount, "roundClosed": finished}
    if command == "win":
        document["type"] = "promo" if body.get("isCall") is True else "win"
    return document
