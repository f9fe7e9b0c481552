"""The kit plays the hub against an operator's wallet: POST {walletUrl}/balance|bet|win|rollback|transaction, signed.

Players come from a control door that makes them at will (the demo wallet has one, docs/certify.md describes it), or from
a list of existing ones; those are brought to a balance of 1000 through the contract itself before each case.
"""

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pitboss.certify import envelope
from pitboss.certify.control import OperatorControl
from pitboss.certify.gateway import Line
from pitboss.certify.model import LOST, Act, CaseFailed, CaseSkipped, Reply, SetupFailed, Target
from pitboss.certify.replies import read_wallet, shown
from pitboss.certify.scene import START, Player, Scene
from pitboss.kernel.instants import format_instant
from pitboss.kernel.money import exponent_of, format_amount

PATHS = {"balance": "/balance", "bet": "/bet", "win": "/win", "rollback": "/rollback"}
ROLES = {"block": "blocked", "exclude": "selfExcluded", "close": "closed"}


@dataclass(frozen=True, slots=True)
class Known:
    """A player of the wallet that the user lends. `role` is "" for an ordinary one, else what bars it from betting."""

    user_id: str
    brand_id: str
    currency: str = "EUR"
    role: str = ""


@dataclass(frozen=True, slots=True)
class WalletSettings:
    """What the kit must know of a wallet."""

    url: str
    secret: bytes
    tenant_id: str = "certify"
    brand_id: str = "certify"
    provider: str = "certify"
    games: tuple[str, str] = ("certify-game-1", "certify-game-2")
    players: tuple[Known, ...] = ()
    lists: bool = True


class WalletDriver:
    """A port onto an operator's wallet."""

    target: Target = "wallet"

    def __init__(
        self, settings: WalletSettings, run_id: str, line: Line, control: OperatorControl | None = None
    ) -> None:
        self.settings = settings
        self.run_id = run_id
        self.line = line
        self.operator = control
        self.address = f"{settings.url}#{settings.tenant_id}"
        # Lent players are few, and a case may need two: one case at a time then.
        self.side_by_side = 4 if control else 1
        self._free: list[Known] = [known for known in settings.players if not known.role]
        self._lists = settings.lists

    async def open(self) -> None:
        """One balance, so that a wrong URL or secret is one message and not 95 failures."""
        if self.operator is None and not self._free:
            raise SetupFailed("Name at least one player of the wallet (--player) or its control door.")
        scene = Scene(0, self.run_id, {})
        reply = await self.send(scene, Act("balance"))
        if reply.name in (LOST, "SIGNATURE_INVALID") or reply.status in (404, 405):
            raise SetupFailed(f"{self.settings.url} does not tell a balance: {shown(reply)}.", reply.exchange)
        await self.leave(scene)

    async def close(self) -> None:
        """Give the connections back."""
        self.line.close()
        if self.operator:
            self.operator.close()

    async def leave(self, scene: Scene) -> None:
        """Lent players become free again."""
        self._free += [player.extra["known"] for player in scene.players.values() if "known" in player.extra]
        scene.players.clear()

    # ------------------------------------------------------------ players
    async def _player(self, scene: Scene, name: str, options: Mapping[str, str]) -> Player:
        if name in scene.players:
            return scene.players[name]
        currency = options.get("currency", "EUR") if name not in ("1", "2", "3") else "EUR"
        if name == "nobody":
            return Player(name, f"nobody-{scene.tag}", self.settings.brand_id, "EUR", 2)
        exponent = exponent_of(currency)
        if self.operator:
            user = f"{scene.tag}-p{name}"
            player = Player(name, user, self.settings.brand_id, currency, exponent)
            await self.operator.put(player, balance=format_amount(1000 * 10**exponent, exponent))
            scene.players[name] = player
            return player
        known = next((k for k in self._free if k.currency == currency), None)
        if known is None:
            raise CaseSkipped(f"Needs another player in {currency}: --player or [[players]] in certify.toml.")
        self._free.remove(known)
        player = Player(name, known.user_id, known.brand_id, currency, exponent, extra={"known": known})
        scene.players[name] = player
        await self._level(scene, player)
        return player

    async def _level(self, scene: Scene, player: Player) -> None:
        """Bring a lent player to 1000 with a bet or a promotional win of the difference."""
        reply = await self._send(scene, Act("balance"), player)
        if reply.name != "OK" or reply.balance is None:
            raise SetupFailed(
                f"The wallet does not tell {player.user_id}'s balance: {shown(reply)}.", reply.exchange
            )
        missing = START - reply.balance
        if not missing:
            return
        verb = "win" if missing > 0 else "bet"
        words = (f"level-{player.name}-{secrets.token_hex(4)}", str(abs(missing)), "closed")
        reply = await self._send(scene, Act(verb, words, {"type": "promo", "round": words[0]}), player)
        if reply.name != "OK" or reply.balance != START:
            raise SetupFailed(f"{player.user_id} cannot be brought to 1000: {shown(reply)}.", reply.exchange)

    # ------------------------------------------------------------ calls
    def _document(self, scene: Scene, act: Act, player: Player) -> dict[str, Any]:
        options, words = act.options, act.words
        base: dict[str, Any] = {
            "action": act.verb,
            "tenantId": self.settings.tenant_id,
            "brandId": player.brand_id,
            "userId": player.user_id,
            "currency": options.get("currency", player.currency),
        }
        if act.verb == "balance":
            return base
        if "nosession" not in words:
            base["sessionId"] = f"{options.get('session', 'main')}-{scene.tag}"
        label = act.word(0)
        literal = label.startswith(("~", "@"))
        document = {
            **base,
            "transactionId": scene.hub_id(label),
            "providerTransactionId": scene.label(label),
            "provider": self.settings.provider,
            "gameId": self.settings.games[1 if options.get("game") == "2" else 0],
            "roundId": scene.label(options.get("round", "r1")),
            "roundClosed": "closed" in words,
            "type": options.get("type", "bet" if act.verb == "bet" else "win"),
            "at": format_instant(scene.began),
        }
        if literal:
            document["transactionId"] = scene.hub_id(scene.label(label))
        if act.verb in ("bet", "win"):
            # A free round is the house's: the hub names no stake, so that nobody can take one.
            free = act.verb == "bet" and options.get("type") == "free"
            document["amount"] = self._amount("0" if free else act.word(1), player)
            scene.kept.setdefault(f"sent {label}", (act.verb, document["amount"]))
        if act.verb == "win" and "ref" in options:
            document["betTransactionId"] = scene.hub_id(options["ref"])
        if act.verb == "rollback":
            verb, stored = scene.kept.get(f"sent {options['of']}", ("bet", self._amount("10", player)))
            document["type"] = "win_reversal" if verb == "win" else "rollback"
            document["originalTransactionId"] = scene.hub_id(options["of"])
            document["amount"] = self._amount(options["amount"], player) if "amount" in options else stored
        if "free" in options:
            document["freeRoundsId"] = scene.hub_id(options["free"])
        return document

    @staticmethod
    def _amount(word: str, player: Player) -> Any:
        """The hub writes amounts with all decimals of the currency; what is not one is sent as it stands."""
        amount = envelope.amount_json(word)
        if not isinstance(amount, str):
            return amount
        number = Decimal(amount)
        scaled = number.scaleb(player.exponent)
        return format_amount(int(scaled), player.exponent) if scaled == scaled.to_integral_value() else amount

    async def send(self, scene: Scene, act: Act) -> Reply:
        """One call for the player that the act names."""
        if act.verb == "stored":
            return await self._post(
                scene, dict(scene.kept["stored"]), {}, 2, str(scene.kept["stored"]["currency"])
            )
        if act.verb not in PATHS:
            raise CaseSkipped(f"A wallet has no {act.verb}: that is between provider and hub.")
        name = "nobody" if act.options.get("session") == "unknown" and act.verb == "balance" else "1"
        player = await self._player(scene, act.options.get("player", name), act.options)
        return await self._send(scene, act, player)

    async def _send(self, scene: Scene, act: Act, player: Player) -> Reply:
        document = self._document(scene, act, player)
        if act.verb == "bet" and not act.wire:
            scene.kept["document"] = document
        return await self._post(scene, document, act.wire, player.exponent, player.currency, player.offset)

    async def _post(
        self,
        scene: Scene,
        document: dict[str, Any],
        wire: Mapping[str, str],
        exponent: int,
        currency: str,
        offset: Decimal = Decimal(0),
    ) -> Reply:
        message_id = document.get("transactionId") or f"q-{secrets.token_hex(8)}"
        if "again" in wire:
            sealed = scene.kept[f"bytes {wire['again']}"]
        else:
            sealed = envelope.seal(
                document, wire, secret=self.settings.secret, message_id=message_id, now_s=int(time.time())
            )
            if "nonce" in wire:
                scene.kept[f"bytes {wire['nonce']}"] = sealed
        exchange = await self._wire(PATHS.get(document["action"], "/transaction"), sealed, wire)
        unsigned = bool(envelope.FAULTS_OF_A_MESSAGE & set(wire))
        reply = read_wallet(exchange, exponent=exponent, currency=currency, unsigned=unsigned)
        if offset and reply.balance is not None:
            return Reply(
                reply.name, reply.status, reply.balance + offset, None, reply.replay, exchange=exchange
            )
        return reply

    async def _wire(self, path: str, sealed: envelope.Sealed, wire: Mapping[str, str]) -> Any:
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "User-Agent": "Pitboss-Certify",
            **sealed.headers,
        }
        return await self.line.call("POST", path, sealed.body, headers, wire)

    async def send_list(self, scene: Scene, acts: Sequence[Act]) -> Reply:
        """POST /transaction. A wallet without it is driven one by one by the hub: there is nothing to certify then."""
        if not self._lists:
            raise CaseSkipped(
                "The wallet takes no lists (POST /transaction); the hub sends the calls one by one."
            )
        player = await self._player(scene, acts[0].options.get("player", "1"), acts[0].options)
        parts = [self._document(scene, act, player) for act in acts]
        common = (
            "tenantId",
            "brandId",
            "userId",
            "sessionId",
            "currency",
            "provider",
            "at",
            "gameId",
            "roundId",
        )
        document = {
            "action": "transaction",
            # The list has an id of its own, the same again when the list comes again.
            "transactionId": scene.hub_id("list " + " ".join(act.word(0) for act in acts)),
            **{name: parts[0][name] for name in common if name in parts[0]},
            "actions": [{k: v for k, v in part.items() if k not in common[:7]} for part in parts],
        }
        reply = await self._post(scene, document, {}, player.exponent, player.currency)
        if reply.status in (404, 405, 501):
            self._lists = False
            raise CaseSkipped("The wallet has no POST /transaction; the hub sends the calls one by one.")
        return reply

    # ------------------------------------------------------------ controls
    async def control(self, scene: Scene, act: Act) -> Reply | None:
        """Players, their standing and money; messages that are none."""
        verb = act.verb
        if verb == "player":
            await self._player(scene, act.word(0, "1"), act.options)
        elif verb == "raw":
            return await self._raw(scene, act)
        elif verb in ROLES:
            await self._bar(scene, act)
        elif verb in ("fund", "limit"):
            await self._set(scene, act)
        elif verb != "session":
            raise CaseSkipped(f"A wallet cannot be asked for {verb}.")
        return None

    async def _raw(self, scene: Scene, act: Act) -> Reply:
        """A malformed message with a right signature."""
        player = await self._player(scene, "1", {})
        body = envelope.BODIES[act.word(0)]
        sealed = envelope.spoil(
            {},
            body,
            {},
            secret=self.settings.secret,
            message_id=scene.hub_id(body.hex()[:20]),
            now_s=int(time.time()),
        )
        exchange = await self._wire("/bet", sealed, {})
        return read_wallet(exchange, exponent=player.exponent, currency=player.currency, malformed=True)

    async def _bar(self, scene: Scene, act: Act) -> None:
        name, role = act.options.get("player", "1"), ROLES[act.verb]
        if self.operator:
            player = await self._player(scene, name, {})
            await self.operator.put(player, status=role)
            return
        known = next((k for k in self.settings.players if k.role == role), None)
        if known is None or any(said.act.options.get("player", "1") == name for said in scene.said):
            raise CaseSkipped(f"Needs a {role} player (role in certify.toml) or the wallet's control door.")
        player = Player(name, known.user_id, known.brand_id, known.currency, exponent_of(known.currency))
        reply = await self._send(scene, Act("balance"), player)
        if reply.balance is not None:
            player.offset = START - reply.balance
        scene.players[name] = player

    async def _set(self, scene: Scene, act: Act) -> None:
        player = await self._player(scene, act.options.get("player", "1"), {})
        if act.verb == "limit":
            if not self.operator:
                raise CaseSkipped("Needs a player with limits: give the wallet's control door.")
            await self.operator.put(player, limits=dict(act.options))
            return
        words = (f"fund-{secrets.token_hex(4)}", act.word(0))
        reply = await self._send(scene, Act("win", words, {"type": "promo", "round": words[0]}), player)
        if not reply.ok:
            raise CaseFailed(scene.failure("fund", "a promotional win to be credited", shown(reply), reply))
