"""A seamless wallet in one file: the one to copy.

    pip install standardwebhooks
    WALLET_SECRET=whsec_... python wallet.py --port 8080 --players alice,bob

It answers POST /balance, /bet, /win, /rollback and /transaction as the hub calls them (docs/seamless.md) and passes the
certification. What matters is in `Wallet`, about 150 lines over SQLite; put your own database in its place, and keep:

1. The signature is verified over the raw bytes, before the body is parsed.
2. Every transaction id is stored with what was asked and what was answered, in the same commit as the money, for good.
3. The same id again is answered from the store; with other content it is a conflict.
4. A rollback of something unknown is stored, so that the late bet finds it and takes nothing.
5. Money is integers of the smallest unit. A shortage is an answer, not an error.
"""

import argparse
import json
import os
import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

EXPONENTS = {"JPY": 0, "KRW": 0, "KWD": 3, "BHD": 3, "BTC": 8, "ETH": 8}
CEILING = 10**17
STARTING = 1000
AMOUNT = re.compile(r"(0|[1-9][0-9]{0,17})(?:\.([0-9]{1,18}))?", re.ASCII)
SAME = (
    "action",
    "brandId",
    "userId",
    "currency",
    "amount",
    "roundId",
    "gameId",
    "betTransactionId",
    "originalTransactionId",
)
BARRED = {"blocked": "PLAYER_BLOCKED", "selfExcluded": "PLAYER_SELF_EXCLUDED", "closed": "PLAYER_CLOSED"}

TABLES = """
CREATE TABLE IF NOT EXISTS players (
  brand TEXT, user TEXT, currency TEXT, balance INTEGER NOT NULL CHECK (balance >= 0),
  status TEXT NOT NULL DEFAULT 'active', max_bet INTEGER, PRIMARY KEY (brand, user));
CREATE TABLE IF NOT EXISTS transactions (
  id TEXT PRIMARY KEY, action TEXT, asked TEXT, answer TEXT, amount INTEGER, state TEXT,
  bet TEXT, rolled_back_by TEXT, at TEXT DEFAULT CURRENT_TIMESTAMP);
CREATE INDEX IF NOT EXISTS wins_of_a_bet ON transactions (bet);
"""


class No(Exception):  # noqa: N818
    """A definite refusal."""

    def __init__(self, status: str, http: int = 200) -> None:
        super().__init__(status)
        self.status = status
        self.http = http


class Wallet:
    """The rules over SQLite. One connection and one lock: the simplest thing that is right for one process."""

    def __init__(self, secret: str, path: str = ":memory:") -> None:
        self.webhook = Webhook(secret)
        self.lock = threading.RLock()
        self.db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.db.row_factory = sqlite3.Row
        self.db.executescript(TABLES)

    # -------------------------------------------------------- the door
    def handle(self, path: str, headers: dict[str, str], raw: bytes) -> tuple[int, dict[str, Any]]:
        """One call: HTTP status and the document to answer with."""
        try:
            body = self.read(headers, raw)
            action = path.rstrip("/").rpartition("/")[2]
            if (
                action not in ("balance", "bet", "win", "rollback", "transaction")
                or body.get("action") != action
            ):
                raise No("VALIDATION_ERROR", 400)
            with self.commit():
                return 200, getattr(self, action)(body)
        except No as no:
            return no.http, {"status": no.status}

    def read(self, headers: dict[str, str], raw: bytes) -> dict[str, Any]:
        """Verify the raw bytes, then parse them."""
        try:
            body = self.webhook.verify(raw, headers)
        except WebhookVerificationError:
            raise No("SIGNATURE_INVALID", 401) from None
        except ValueError:
            raise No("MALFORMED_JSON", 400) from None
        if not isinstance(body, dict):
            raise No("VALIDATION_ERROR", 400)
        return body

    @contextmanager
    def commit(self) -> Iterator[None]:
        """Everything inside happens, or nothing does. A stored refusal is something that happens."""
        with self.lock:
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self.db.execute("ROLLBACK")
                raise
            self.db.execute("COMMIT")

    # -------------------------------------------------------- actions
    def balance(self, body: dict[str, Any]) -> dict[str, Any]:
        """What the player holds."""
        player = self.player(body)
        return self.yes(player, player["balance"])

    def bet(self, body: dict[str, Any]) -> dict[str, Any]:
        """Take a stake."""
        return self.once(body, self.take_bet)

    def win(self, body: dict[str, Any]) -> dict[str, Any]:
        """Pay a win."""
        return self.once(body, self.pay_win)

    def rollback(self, body: dict[str, Any]) -> dict[str, Any]:
        """Undo a bet or a win."""
        return self.once(body, self.undo)

    def transaction(self, body: dict[str, Any]) -> dict[str, Any]:
        """Several actions, all or nothing."""
        actions = body.get("actions")
        if not isinstance(actions, list) or not actions:
            raise No("VALIDATION_ERROR", 400)
        head = {k: v for k, v in body.items() if k not in ("actions", "action", "transactionId")}
        answer: dict[str, Any] = {}
        self.db.execute("SAVEPOINT list")
        for one in actions:
            if not isinstance(one, dict) or one.get("action") not in ("bet", "win", "rollback"):
                raise No("VALIDATION_ERROR", 400)
            answer = getattr(self, one["action"])({**head, **one})
            if answer["status"] != "OK":
                self.db.execute("ROLLBACK TO list")
                return answer
        return answer

    # -------------------------------------------------------- once and only once
    def once(self, body: dict[str, Any], do: Any) -> dict[str, Any]:
        """Answer a known id from the store; do and store an unknown one. A refusal is stored too: it is final."""
        tx, asked = self.text(body, "transactionId"), self.asked(body)
        player = self.player(body)
        known = self.db.execute("SELECT * FROM transactions WHERE id = ?", (tx,)).fetchone()
        if known is not None:
            return self.again(player, known, asked)
        # A refusal undoes whatever its action had begun; the stored refusal stays.
        self.db.execute("SAVEPOINT action")
        try:
            amount = do(body, player, tx)
            state, answer = "done", self.yes(player, self.held(player))
        except No as no:
            self.db.execute("ROLLBACK TO action")
            if no.http != 200:
                raise
            amount, state = 0, "refused"
            answer = {**self.yes(player, self.held(player)), "status": no.status}
        self.store(tx, body["action"], asked, answer, amount, state, body.get("betTransactionId"))
        return answer

    def again(self, player: sqlite3.Row, known: sqlite3.Row, asked: str) -> dict[str, Any]:
        """What a known id is answered."""
        if known["state"] == "tombstone":
            return {**self.yes(player, self.held(player)), "status": "TX_ROLLED_BACK"}
        if known["asked"] != asked:
            return {**self.yes(player, self.held(player)), "status": "TX_CONFLICT"}
        return {**json.loads(known["answer"]), "replay": True}

    def asked(self, body: dict[str, Any]) -> str:
        """What must be the same when an id comes again; fields that were added later are no part of it."""
        return json.dumps([body.get(name) for name in SAME], ensure_ascii=False)

    def store(
        self,
        tx: str,
        action: str,
        asked: str,
        answer: dict[str, Any],
        amount: int,
        state: str,
        bet: str | None,
    ) -> None:
        """Keep an id with everything about it. It is never deleted."""
        self.db.execute(
            "INSERT INTO transactions (id, action, asked, answer, amount, state, bet) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (tx, action, asked, json.dumps(answer), amount, state, bet),
        )

    # -------------------------------------------------------- money
    def take_bet(self, body: dict[str, Any], player: sqlite3.Row, _tx: str) -> int:
        """Debit, unless the player may not play or has too little. A free round costs nothing."""
        amount = self.amount(body, player)
        if player["status"] in BARRED:
            raise No(BARRED[player["status"]])
        if player["max_bet"] is not None and amount > player["max_bet"]:
            raise No("BET_LIMIT")
        cost = 0 if body.get("type") == "free" else amount
        self.move(player, -cost)
        return cost

    def pay_win(self, body: dict[str, Any], player: sqlite3.Row, _tx: str) -> int:
        """Credit. A blocked player is paid all the same; a bet that was undone is not."""
        amount = self.amount(body, player)
        bet = body.get("betTransactionId")
        if bet is not None:
            found = self.db.execute("SELECT * FROM transactions WHERE id = ?", (bet,)).fetchone()
            if found is None or found["state"] == "refused":
                raise No("TX_NOT_FOUND")
            if found["state"] == "tombstone" or found["rolled_back_by"]:
                raise No("TX_ROLLED_BACK")
        self.move(player, amount)
        return amount

    def undo(self, body: dict[str, Any], player: sqlite3.Row, tx: str) -> int:
        """Give back what is stored, not what is said. Unknown: leave a tombstone. Undone before: nothing more to do."""
        original = self.text(body, "originalTransactionId")
        found = self.db.execute("SELECT * FROM transactions WHERE id = ?", (original,)).fetchone()
        if found is None:
            self.store(original, "", "", {}, 0, "tombstone", None)
            return 0
        if found["state"] == "tombstone" or found["rolled_back_by"] or found["state"] == "refused":
            return 0
        asked = dict(zip(SAME, json.loads(found["asked"]), strict=True))
        if (asked["brandId"], asked["userId"], asked["currency"]) != (
            player["brand"],
            player["user"],
            body["currency"],
        ):
            raise No("TX_CONFLICT")
        if found["action"] == "rollback":
            raise No("NOT_ROLLBACKABLE")
        if found["action"] == "bet":
            paid = "SELECT 1 FROM transactions WHERE bet = ? AND state = 'done' AND rolled_back_by IS NULL"
            if self.db.execute(paid, (original,)).fetchone():
                raise No("TX_ALREADY_SETTLED")
        self.move(player, found["amount"] if found["action"] == "bet" else -found["amount"])
        self.db.execute("UPDATE transactions SET rolled_back_by = ? WHERE id = ?", (tx, original))
        return int(found["amount"])

    def move(self, player: sqlite3.Row, amount: int) -> None:
        """Change the balance by a condition in the statement itself, never by a value read before."""
        moved = self.db.execute(
            "UPDATE players SET balance = balance + ? WHERE brand = ? AND user = ?"
            " AND balance + ? >= 0 AND balance + ? <= ?",
            (amount, player["brand"], player["user"], amount, amount, CEILING),
        )
        if moved.rowcount != 1:
            raise No("BALANCE_NOT_ENOUGH" if amount < 0 else "AMOUNT_LIMIT")

    def held(self, player: sqlite3.Row) -> int:
        """The balance now."""
        row = self.db.execute(
            "SELECT balance FROM players WHERE brand = ? AND user = ?", (player["brand"], player["user"])
        ).fetchone()
        return int(row["balance"])

    # -------------------------------------------------------- fields
    def player(self, body: dict[str, Any]) -> sqlite3.Row:
        """Whose wallet it is, in the currency it is held in."""
        brand, user = self.text(body, "brandId"), self.text(body, "userId")
        row = self.db.execute("SELECT * FROM players WHERE brand = ? AND user = ?", (brand, user)).fetchone()
        if row is None:
            raise No("USER_NOT_FOUND")
        if body.get("currency") != row["currency"] and not self.known(body):
            raise No("CURRENCY_MISMATCH")
        found: sqlite3.Row = row
        return found

    def known(self, body: dict[str, Any]) -> bool:
        """Whether the id is stored: a conflict tells more than a mismatch."""
        tx = body.get("transactionId")
        return bool(self.db.execute("SELECT 1 FROM transactions WHERE id = ?", (tx,)).fetchone())

    def text(self, body: dict[str, Any], name: str) -> str:
        """A required string."""
        value = body.get(name)
        if not isinstance(value, str) or not 1 <= len(value) <= 256:
            raise No("VALIDATION_ERROR", 400)
        return value

    def amount(self, body: dict[str, Any], player: sqlite3.Row) -> int:
        """A decimal string in major units to minor units, exactly or not at all."""
        value = body.get("amount")
        found = AMOUNT.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            raise No("INVALID_AMOUNT", 400)
        exponent = EXPONENTS.get(player["currency"], 2)
        fraction = found[2] or ""
        if fraction[exponent:].strip("0"):
            raise No("AMOUNT_PRECISION", 400)
        minor = int(found[1]) * 10**exponent + int(fraction[:exponent].ljust(exponent, "0") or 0)
        if minor > CEILING:
            raise No("AMOUNT_LIMIT")
        return minor

    def yes(self, player: sqlite3.Row, minor: int) -> dict[str, Any]:
        """A yes with the balance as a decimal string."""
        exponent = EXPONENTS.get(player["currency"], 2)
        digits = str(minor).rjust(exponent + 1, "0")
        balance = f"{digits[:-exponent]}.{digits[-exponent:]}" if exponent else digits
        return {"status": "OK", "balance": balance, "currency": player["currency"]}

    # -------------------------------------------------------- your back office
    def put(self, brand: str, user: str, currency: str = "EUR", **wishes: Any) -> None:
        """Create a player, or set its `balance` (minor units), `status` or `max_bet`; what is not named stays."""
        start = STARTING * 10 ** EXPONENTS.get(currency, 2)
        with self.commit():
            self.db.execute(
                "INSERT INTO players (brand, user, currency, balance) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (brand, user, currency, start),
            )
            for name, value in wishes.items():
                if name not in ("balance", "status", "max_bet"):
                    raise ValueError(name)
                self.db.execute(
                    f"UPDATE players SET {name} = ? WHERE brand = ? AND user = ?",  # noqa: S608 - one of three names
                    (value, brand, user),
                )


def server(wallet: Wallet, port: int, host: str = "127.0.0.1") -> ThreadingHTTPServer:
    """An HTTP server around a wallet; port 0 takes a free one."""

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65536  # headers and body leave together

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, document = wallet.handle(self.path, headers, raw)
            answer = json.dumps(document, ensure_ascii=False).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Quiet: log in your own way."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

    return Server((host, port), Door)


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--database", default="wallet.sqlite")
    parser.add_argument("--brand", default="certify")
    parser.add_argument("--players", default="alice,bob,carol")
    given = parser.parse_args()
    wallet = Wallet(os.environ["WALLET_SECRET"], given.database)
    for user in given.players.split(","):
        wallet.put(given.brand, user)
    print(f"listening on http://127.0.0.1:{given.port}")  # noqa: T201
    server(wallet, given.port).serve_forever()


if __name__ == "__main__":
    main()
