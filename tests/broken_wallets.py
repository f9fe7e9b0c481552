"""The example wallet with one typical mistake each, as integrators make them (domain notes in docs/certify.md)."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

from tests.wallet_world import example

BUGS: dict[str, tuple[type, frozenset[int]]] = {}
_module = example()
Wallet: Any = _module.Wallet
No: Any = _module.No


def bug(*numbers: int) -> Callable[[type], type]:
    """Register a wallet with the cases that must catch it (at least these)."""

    def register(kind: type) -> type:
        BUGS[kind.__name__] = (kind, frozenset(numbers))
        return kind

    return register


@bug(9, 13, 16)
class DeclinesWithHttp500(Wallet):  # type: ignore[misc]
    def handle(self, path: str, headers: Mapping[str, str], raw: bytes) -> tuple[int, dict[str, Any]]:
        status, document = super().handle(path, headers, raw)
        return (500 if document["status"] == "BALANCE_NOT_ENOUGH" else status), document


@bug(14, 15, 22, 24, 26)
class ForgetsIds(Wallet):  # type: ignore[misc]
    def again(self, player: Any, known: Any, asked: str) -> dict[str, Any]:
        body = dict(zip(_module.SAME, json.loads(asked), strict=True))
        if known["action"] == "bet" and body["action"] == "bet" and not known["rolled_back_by"]:
            self.take_bet(body, player, "")
        elif known["action"] == "win":
            self.pay_win(body, player, "")
        return self.yes(player, self.held(player))


@bug(23)
class ForgetsIdsAfterAWhile(Wallet):  # type: ignore[misc]
    """Ids older than an hour are gone; a run without a memory cannot see it."""


@bug(15, 16)
class ReadsThenWrites(Wallet):  # type: ignore[misc]
    @contextmanager
    def commit(self) -> Iterator[None]:
        yield

    def once(self, body: dict[str, Any], do: Any) -> dict[str, Any]:
        with self.lock:
            known = self.db.execute(
                "SELECT * FROM transactions WHERE id = ?", (body["transactionId"],)
            ).fetchone()
            player = self.player(body)
            before = self.held(player)
        if known is not None:
            with self.lock:
                return self.again(player, known, self.asked(body))
        amount = self.amount(body, player)
        time.sleep(0.002)  # the gap between the look and the write, as wide as a query over a network
        after = before + (amount if body["action"] == "win" else -amount)
        if after < 0:
            return {**self.yes(player, before), "status": "BALANCE_NOT_ENOUGH"}
        with self.lock:
            self.db.execute("UPDATE players SET balance = ? WHERE user = ?", (after, player["user"]))
            answer = self.yes(player, after)
            self.db.execute(
                "INSERT OR IGNORE INTO transactions (id, action, asked, answer, amount, state) "
                "VALUES (?, ?, ?, ?, ?, 'done')",
                (body["transactionId"], body["action"], self.asked(body), json.dumps(answer), amount),
            )
        return answer


@bug(17, 18, 19, 27)
class ComparesIdsOnly(Wallet):  # type: ignore[misc]
    def asked(self, body: dict[str, Any]) -> str:
        return json.dumps(
            [body.get(name) if name in ("brandId", "currency") else None for name in _module.SAME]
        )


@bug(18)
class ComparesAmountsOnly(Wallet):  # type: ignore[misc]
    def again(self, player: Any, known: Any, asked: str) -> dict[str, Any]:
        amount = _module.SAME.index("amount")
        if known["state"] == "done" and json.loads(known["asked"])[amount] == json.loads(asked)[amount]:
            return {**json.loads(known["answer"]), "replay": True}
        answer: dict[str, Any] = super().again(player, known, asked)
        return answer


@bug(46, 47, 48, 49)
class LeavesNoTombstone(Wallet):  # type: ignore[misc]
    def undo(self, body: dict[str, Any], player: Any, tx: str) -> int:
        known = "SELECT 1 FROM transactions WHERE id = ?"
        if self.db.execute(known, (self.text(body, "originalTransactionId"),)).fetchone() is None:
            return 0
        return int(super().undo(body, player, tx))


@bug(43, 44)
class RefundsEachTime(Wallet):  # type: ignore[misc]
    def undo(self, body: dict[str, Any], player: Any, tx: str) -> int:
        original = self.text(body, "originalTransactionId")
        self.db.execute("UPDATE transactions SET rolled_back_by = NULL WHERE id = ?", (original,))
        return int(super().undo(body, player, tx))

    def again(self, player: Any, known: Any, asked: str) -> dict[str, Any]:
        if known["action"] == "rollback":
            self.move(player, known["amount"])
        answer: dict[str, Any] = super().again(player, known, asked)
        return answer


@bug(57)
class RefundsWhatIsSaid(Wallet):  # type: ignore[misc]
    def undo(self, body: dict[str, Any], player: Any, tx: str) -> int:
        stored = int(super().undo(body, player, tx))
        if stored:
            self.move(player, self.amount(body, player) - stored)
        return stored


@bug(42)
class BooksARollbackAsABetAndAPayoff(Wallet):  # type: ignore[misc]
    def undo(self, body: dict[str, Any], player: Any, tx: str) -> int:
        before = self.held(player)
        amount = int(super().undo(body, player, tx))
        self.move(player, before - self.held(player))
        return amount


@bug(58)
class RefundsToWhoeverAsks(Wallet):  # type: ignore[misc]
    def undo(self, body: dict[str, Any], player: Any, tx: str) -> int:
        original = self.text(body, "originalTransactionId")
        found = self.db.execute("SELECT * FROM transactions WHERE id = ?", (original,)).fetchone()
        if found is None or found["rolled_back_by"] or found["action"] != "bet" or found["state"] != "done":
            return int(super().undo(body, player, tx))
        self.move(player, found["amount"])
        self.db.execute("UPDATE transactions SET rolled_back_by = ? WHERE id = ?", (tx, original))
        return int(found["amount"])


@bug(81)
class TrustsAnyone(Wallet):  # type: ignore[misc]
    def read(self, headers: Mapping[str, str], raw: bytes) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(raw)
        return body


@bug(81)
class VerifiesWhatItWroteAnew(Wallet):  # type: ignore[misc]
    """Parses first, and verifies the JSON that it writes itself: white space is not noticed."""

    def read(self, headers: Mapping[str, str], raw: bytes) -> dict[str, Any]:
        again = json.dumps(json.loads(raw), separators=(",", ":"), ensure_ascii=False).encode()
        body: dict[str, Any] = super().read(headers, again)
        return body


@bug(82)
class IgnoresTheClock(Wallet):  # type: ignore[misc]
    def read(self, headers: Mapping[str, str], raw: bytes) -> dict[str, Any]:
        stamp = headers.get("webhook-timestamp", "")
        message = f"{headers.get('webhook-id')}.{stamp}.".encode() + raw
        from pitboss.platform.signing import signature

        from tests.wallet_world import SECRET

        given = headers.get("webhook-signature", "")
        if given != signature(SECRET, headers.get("webhook-id", ""), int(stamp or 0), raw) or not message:
            raise No("SIGNATURE_INVALID", 401)
        body: dict[str, Any] = json.loads(raw)
        return body


@bug(83, 22)
class RefusesRetriesByTheirId(Wallet):  # type: ignore[misc]
    """A replay guard on the message id, which is the same again in an honest retry."""

    def read(self, headers: Mapping[str, str], raw: bytes) -> dict[str, Any]:
        body: dict[str, Any] = super().read(headers, raw)
        used = self.__dict__.setdefault("used", set())
        if headers["webhook-id"] in used:
            raise No("SIGNATURE_INVALID", 401)
        used.add(headers["webhook-id"])
        return body


@bug(84)
class RefusesNewFields(Wallet):  # type: ignore[misc]
    def read(self, headers: Mapping[str, str], raw: bytes) -> dict[str, Any]:
        body: dict[str, Any] = super().read(headers, raw)
        if "somethingNew" in body:
            raise No("VALIDATION_ERROR", 400)
        return body


@bug(4, 67)
class CountsInFloats(Wallet):  # type: ignore[misc]
    def amount(self, body: dict[str, Any], player: Any) -> int:
        super().amount(body, player)
        return int(float(body["amount"]) * 10 ** _module.EXPONENTS.get(player["currency"], 2))


@bug(67)
class ThinksInCents(Wallet):  # type: ignore[misc]
    def amount(self, body: dict[str, Any], player: Any) -> int:
        super().amount(body, player)
        whole, _, fraction = body["amount"].partition(".")
        return (
            (int(whole) * 100 + int(fraction[:2].ljust(2, "0")))
            * 10 ** _module.EXPONENTS.get(player["currency"], 2)
            // 100
        )


@bug(5)
class RoundsSilently(Wallet):  # type: ignore[misc]
    def amount(self, body: dict[str, Any], player: Any) -> int:
        whole, _, fraction = str(body.get("amount")).partition(".")
        exponent = _module.EXPONENTS.get(player["currency"], 2)
        return int(
            super().amount(
                {**body, "amount": f"{whole}.{fraction[:exponent]}" if fraction else whole}, player
            )
        )


@bug(35, 37, 78)
class WantsASession(Wallet):  # type: ignore[misc]
    def once(self, body: dict[str, Any], do: Any) -> dict[str, Any]:
        if "unknown" in body.get("sessionId", "unknown"):
            raise No("SESSION_EXPIRED")
        answer: dict[str, Any] = super().once(body, do)
        return answer


@bug(71)
class BlocksWinsToo(Wallet):  # type: ignore[misc]
    def pay_win(self, body: dict[str, Any], player: Any, tx: str) -> int:
        if player["status"] != "active":
            raise No("PLAYER_BLOCKED")
        return int(super().pay_win(body, player, tx))


@bug(34, 39)
class OneBetPerRound(Wallet):  # type: ignore[misc]
    """Keyed by game and round: the second bet of a round is swallowed as a duplicate."""

    def take_bet(self, body: dict[str, Any], player: Any, tx: str) -> int:
        rounds = self.__dict__.setdefault("rounds", set())
        key = (player["user"], body["roundId"])
        if key in rounds:
            return 0
        rounds.add(key)
        return int(super().take_bet(body, player, tx))


@bug(62, 64)
class ListsAreNotAtomic(Wallet):  # type: ignore[misc]
    def transaction(self, body: dict[str, Any]) -> dict[str, Any]:
        head = {k: v for k, v in body.items() if k not in ("actions", "action", "transactionId")}
        answers = [getattr(self, one["action"])({**head, **one}) for one in body["actions"]]
        return next((answer for answer in answers if answer["status"] != "OK"), answers[0])


@bug(63)
class AddsUpBeforeItChecks(Wallet):  # type: ignore[misc]
    def transaction(self, body: dict[str, Any]) -> dict[str, Any]:
        last_first = sorted(body["actions"], key=lambda one: one["action"] == "bet")
        for one in last_first:
            one.pop("betTransactionId", None)
        answer: dict[str, Any] = super().transaction({**body, "actions": last_first})
        return answer


@bug(72, 2)
class CreatesWhoeverIsNamed(Wallet):  # type: ignore[misc]
    def player(self, body: dict[str, Any]) -> Any:
        self.db.execute(
            "INSERT OR IGNORE INTO players (brand, user, currency, balance) VALUES (?, ?, ?, 0)",
            (body.get("brandId"), body.get("userId"), body.get("currency")),
        )
        return super().player(body)


@bug(91)
class AnswersWithAPage(Wallet):  # type: ignore[misc]
    def read(self, headers: Mapping[str, str], raw: bytes) -> dict[str, Any]:
        try:
            json.loads(raw)
        except ValueError:
            raise No("Internal Server Error", 500) from None
        body: dict[str, Any] = super().read(headers, raw)
        return body


@bug(66)
class IgnoresTheCurrency(Wallet):  # type: ignore[misc]
    def player(self, body: dict[str, Any]) -> Any:
        row = self.db.execute("SELECT currency FROM players WHERE user = ?", (body.get("userId"),)).fetchone()
        return super().player({**body, "currency": row["currency"] if row else ""})


@bug(14, 26)
class ConfirmsDuplicatesAsErrors(Wallet):  # type: ignore[misc]
    def again(self, player: Any, known: Any, asked: str) -> dict[str, Any]:
        answer: dict[str, Any] = super().again(player, known, asked)
        return {**answer, "status": "TX_ALREADY_PROCESSED"} if answer["status"] == "OK" else answer


@bug(85)
class CutsIds(Wallet):  # type: ignore[misc]
    def once(self, body: dict[str, Any], do: Any) -> dict[str, Any]:
        answer: dict[str, Any] = super().once(
            {**body, "transactionId": body["providerTransactionId"][:64]}, do
        )
        return answer


@bug(1, 3)
class TellsBalancesAsNumbers(Wallet):  # type: ignore[misc]
    def yes(self, player: Any, minor: int) -> dict[str, Any]:
        answer: dict[str, Any] = super().yes(player, minor)
        return {**answer, "balance": float(answer["balance"])}


del BUGS["ForgetsIdsAfterAWhile"]
__all__ = ["BUGS", "nullcontext"]
