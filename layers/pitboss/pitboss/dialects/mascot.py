"""Mascot's seamless API: JSON-RPC 2.0, integers in minor units, bet and win in one call, HMAC over nonce, time and body.

`getBalance`, `withdrawAndDeposit`, `rollbackTransaction`. A request carries X-Subject, X-Nonce (an unsigned 64-bit
number), X-Timestamp (seconds) and `X-Signature: <key id>=<hex>` of HMAC-SHA256 over nonce (8 bytes, big endian), time
(4 bytes) and body; the answer is signed with the very same nonce and time. Errors 1 to 8 are the vendor's: only 8 makes
it send a rollback, so only what may have moved money is called 8. Sources: docs/profiles.md, MAS.

One `transactionRef` names the bet, the win and the rollback of a call; the hub's own key tells them apart by kind. A free
round comes as several calls of one `gameRoundRef`: the first has `chargeFreerounds`, the others `freeround: true`, and
`bonusId` is on all of them.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Any, override

from pitboss.dialects.model import Asked, Command, Credential, Dialect, Document, Outcome, Said, Sent, Terms
from pitboss.dialects.naming import refusal_of
from pitboss.dialects.profiles import code_of
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

WINDOW_S = 300
NEGATIVE_DEPOSIT, NEGATIVE_WITHDRAWAL = 3, 4
_METHODS: Mapping[str, tuple[Command, str]] = {
    "getBalance": ("balance", "balance"),
    "withdrawAndDeposit": ("money", "transaction"),
    "rollbackTransaction": ("money", "rollback"),
}
FINAL = "GAME_PLAY_FINAL"
WIN_SUFFIX = ":win"


def signature(credential: Credential, nonce: str, timestamp_s: int, body: bytes) -> str:
    """What stands in X-Signature. ValueError for a nonce or a time that does not fit its field."""
    number = int(nonce)
    if not 0 <= number < 1 << 64 or not 0 <= timestamp_s < 1 << 32:
        raise ValueError("the nonce has 64 bits and the time 32")
    signed = number.to_bytes(8, "big") + timestamp_s.to_bytes(4, "big") + body
    return f"{credential.key_id}={hmac.digest(credential.secret, signed, hashlib.sha256).hex()}"


def _digits(text: str, most: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= most


class Mascot(Dialect):
    """The codec; see the module."""

    name = "mascot"

    @override
    def fault(
        self, raw: bytes, headers: Mapping[str, str], accepted: Sequence[Credential], now_s: int
    ) -> str:
        nonce, stamp = headers.get("x-nonce", ""), headers.get("x-timestamp", "")
        if not _digits(nonce, 20) or not _digits(stamp, 10) or int(nonce) >= 1 << 64 or int(stamp) >= 1 << 32:
            return "X-Nonce and X-Timestamp are required, as decimal numbers"
        if abs(now_s - int(stamp)) > WINDOW_S:
            return "the timestamp is outside the window"
        given = headers.get("x-signature", "").encode("utf-8", "replace")
        matches = [
            hmac.compare_digest(given, signature(one, nonce, int(stamp), raw).encode()) for one in accepted
        ]
        return "" if any(matches) else "the X-Signature does not match"

    @override
    def nonce(self, headers: Mapping[str, str]) -> str:
        return headers.get("x-nonce", "").lstrip("0") or "0"

    @override
    def decode_request(self, raw: bytes, headers: Mapping[str, str]) -> Asked:
        echo: dict[str, Any] = {
            name: headers.get(name, "") for name in ("x-nonce", "x-timestamp", "x-subject")
        }
        echo["id"] = None
        command: Command = "money"
        action = "transaction"
        try:
            body = _request(raw, echo)
            echo["id"] = body.get("id") if isinstance(body.get("id"), int | str) else None
            method = body.get("method")
            if body.get("jsonrpc") != "2.0" or not isinstance(method, str) or isinstance(echo["id"], bool):
                echo["code"] = -32600
                raise invalid("(body)", "a JSON-RPC 2.0 request")
            if method not in _METHODS:
                raise Refusal("METHOD_NOT_ALLOWED", f"There is no method {method[:64]!r}.")
            command, action = _METHODS[method]
            params = body.get("params")
            if not isinstance(params, dict):
                raise invalid("params", "a JSON object")
            document = _document(method, params, echo)
            return Asked(command, action, document, echo)
        except Refusal as refusal:
            return Asked(command, action, {}, echo, refusal)

    @override
    def encode_reply(
        self, asked: Asked, outcome: Outcome, terms: Terms, credential: Credential | None
    ) -> Said:
        reply: Document = {"jsonrpc": "2.0", "id": asked.echo.get("id")}
        told: dict[str, str] = {}
        if isinstance(outcome, Refusal):
            own = asked.echo.get("code") if outcome is asked.refusal else None
            code = own if own is not None else code_of(terms.profile, outcome.name, asked.action)
            reply["error"] = {"code": code, "message": outcome.detail}
            told["pitboss-error"] = outcome.name
        else:
            reply["result"] = _result(asked, outcome, terms)
        body = exact_json(reply)
        if credential is not None:
            nonce, stamp = asked.echo["x-nonce"], asked.echo["x-timestamp"]
            told |= {"x-nonce": nonce, "x-timestamp": stamp, "x-subject": asked.echo["x-subject"]}
            told["x-signature"] = signature(credential, nonce, int(stamp), body)
        return Said(200, {**JSON_HEADERS, **told}, body)

    @override
    def encode_request(
        self, document: Document, terms: Terms, credential: Credential, now_s: int, nonce: str
    ) -> Sent:
        method, params = _asking(document, terms)
        body = exact_json({"jsonrpc": "2.0", "method": method, "id": 1, "params": params})
        return Sent(
            {
                **JSON_HEADERS,
                "x-nonce": nonce,
                "x-timestamp": str(now_s),
                "x-subject": str(params["callerId"]),
                "x-signature": signature(credential, nonce, now_s, body),
            },
            body,
        )

    @override
    def decode_reply(self, document: Document, said: Said, terms: Terms) -> Document:
        reply = read_object(said.body)
        action = document["action"]
        if "error" in reply:
            raise refusal_of(terms.profile, reply["error"].get("code", 8), action)
        result = reply.get("result") or {}
        answer: Document = {"status": "OK", "code": 0, "currency": document.get("currency")}
        balance = result.get("newBalance", result.get("balance"))
        if balance is not None:
            answer["balance"] = unscaled(balance, terms.money_scale, document.get("exponent", 2))
        for theirs, ours in (("transactionId", "hubTransactionId"), ("freeroundsLeft", "freeRoundsLeft")):
            if theirs in result:
                answer[ours] = result[theirs]
        return answer


# ---------------------------------------------------------------- the wallet's half
def _request(raw: bytes, echo: dict[str, Any]) -> dict[str, Any]:
    try:
        return read_object(raw)
    except Refusal as refusal:
        if (
            refusal.name == "VALIDATION_ERROR"
        ):  # JSON, but no object: batches are not in the vendor's protocol
            echo["code"] = -32600
        raise


def _who(params: Mapping[str, Any]) -> Document:
    """The operator's token if the call has it; else the player, who is then known by the door's brand."""
    identifier(params, "callerId")
    player = identifier(params, "playerName")
    token = identifier(params, "sessionAlternativeId", required=False)
    return {"sessionToken": token, "userId": player} if token.startswith("ps_") else {"userId": player}


def _document(method: str, params: Mapping[str, Any], echo: dict[str, Any]) -> Document:
    document = _who(params)
    if method == "getBalance":
        bonus = identifier(params, "bonusId", required=False)
        return {"action": "balance", **document, **({"freeRoundsId": bonus} if bonus else {})}
    ref = identifier(params, "transactionRef")
    echo["transactionRef"] = ref
    if method == "rollbackTransaction":
        win = {"action": "rollback", "transactionId": ref + WIN_SUFFIX, "originalTransactionId": ref}
        bet = {"action": "rollback", "transactionId": ref, "originalTransactionId": ref}
        actions = [{**win, "originalAction": "win"}, {**bet, "originalAction": "bet"}]
        return {"action": "transaction", **document, "actions": actions}
    document |= {"action": "transaction", "currency": identifier(params, "currency")}
    document["gameId"] = identifier(params, "gameId", required=False)
    # A round id is optional on the wire; then each call is a round of its own.
    document["roundId"] = identifier(params, "gameRoundRef", required=False) or ref
    document["actions"] = _actions(params, ref, echo)
    return document


def _whole(params: Mapping[str, Any], name: str, code: int, echo: dict[str, Any]) -> int:
    value = params.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int):
        raise invalid(name, "an integer in minor units")
    if value < 0:
        echo["code"] = code
        raise Refusal("INVALID_AMOUNT", f"{name} is negative.")
    return value


def _actions(params: Mapping[str, Any], ref: str, echo: dict[str, Any]) -> list[Document]:
    deposit = _whole(params, "deposit", NEGATIVE_DEPOSIT, echo)
    withdraw = _whole(params, "withdraw", NEGATIVE_WITHDRAWAL, echo)
    charge, in_free = params.get("chargeFreerounds") or 0, params.get("freeround", False)
    if isinstance(charge, bool) or charge not in (0, 1) or not isinstance(in_free, bool):
        raise invalid("chargeFreerounds", "0 or 1: a call plays one round")
    bonus = identifier(params, "bonusId", required=False)
    free = bool(charge) or in_free
    if free and not bonus:
        raise invalid("bonusId", "required in a free round")
    if in_free and not charge and withdraw:
        raise invalid("withdraw", "a free round that goes on takes no stake")
    grant: Document = {"type": "free", "freeRoundsId": bonus} if free else {}
    final = params.get("reason") == FINAL
    actions: list[Document] = []
    if withdraw or charge or not (deposit or final):
        # A call of nothing is a legal marker: kept as a bet of nothing, so that its repetition is known.
        actions.append({"action": "bet", "transactionId": ref, "amount": withdraw, **grant})
    if deposit:
        actions.append({"action": "win", "transactionId": ref, "amount": deposit, **grant})
        if withdraw or charge:
            actions[-1]["betTransactionId"] = ref
    if final and actions:
        actions[-1]["roundClosed"] = True
    elif final:
        actions.append({"action": "end-round", "transactionId": ref})
    return actions


def _result(asked: Asked, outcome: Document, terms: Terms) -> Document:
    if asked.command == "balance":
        result: Document = {"balance": scaled(outcome["balance"], terms.money_scale)}
    elif asked.document["actions"][0]["action"] == "rollback":
        return {}
    else:
        # A repetition is told the balance as it is: the game shows it to the player.
        balance = outcome.get("currentBalance", outcome["balance"])
        result = {"newBalance": scaled(balance, terms.money_scale)}
        result["transactionId"] = outcome.get("hubTransactionId") or asked.echo["transactionRef"]
    if "freeRoundsLeft" in outcome:
        result["freeroundsLeft"] = outcome["freeRoundsLeft"]
    return result


# ---------------------------------------------------------------- the provider's half
def _asking(document: Document, terms: Terms) -> tuple[str, Document]:
    params: Document = {"callerId": document.get("callerId", 1), "playerName": document["userId"]}
    if "sessionToken" in document:
        params["sessionAlternativeId"] = document["sessionToken"]
    if document["action"] == "balance":
        return "getBalance", {**params, "currency": document.get("currency", "")}
    actions: list[Document] = document.get("actions") or [document]
    head = {**document, **actions[0]}
    params["gameId"] = head.get("gameId", "")
    if head["action"] == "rollback":
        return "rollbackTransaction", {**params, "transactionRef": head["originalTransactionId"]}
    shape = [one["action"] for one in actions]
    ids = {one["transactionId"] for one in actions}
    if shape not in (["bet"], ["win"], ["bet", "win"], ["end-round"]) or len(ids) != 1:
        raise ValueError(f"Mascot cannot say {shape} with {len(ids)} ids in one call")
    params |= {"transactionRef": head["transactionId"], "gameRoundRef": head["roundId"]}
    params |= {"currency": head["currency"], "withdraw": 0, "deposit": 0, "reason": "GAME_PLAY"}
    for one in actions:
        if one["action"] != "end-round":
            name = "withdraw" if one["action"] == "bet" else "deposit"
            params[name] = scaled(one["amount"], terms.money_scale, document.get("exponent", 2))
        if one.get("type") == "free":
            params["bonusId"] = one["freeRoundsId"]
            params["chargeFreerounds" if one["action"] == "bet" else "freeround"] = (
                1 if one["action"] == "bet" else True
            )
        if one.get("roundClosed") or one["action"] == "end-round":
            params["reason"] = FINAL
    return "withdrawAndDeposit", params
