"""The kit plays the game provider against the hub: signed calls to /wallet/..., everything else by the public API.

In seamless mode the hub asks an operator's wallet, whose control door makes the players there and orders faults.
"""

import asyncio
import contextlib
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any

from pitboss.certify import envelope
from pitboss.certify.control import OperatorControl
from pitboss.certify.gateway import Line
from pitboss.certify.hub_stage import Agent, HubSettings, Provider, Stage
from pitboss.certify.model import Act, CaseSkipped, Exchange, Reply, SetupFailed, Target
from pitboss.certify.replies import read_hub
from pitboss.certify.scene import Player, Scene
from pitboss.kernel.money import exponent_of, format_amount

PATHS = {"end": "end-round"}


class HubDriver:
    """A port onto the hub."""

    def __init__(
        self, settings: HubSettings, run_id: str, line: Line, control: OperatorControl | None = None
    ) -> None:
        self.target: Target = "seamless" if settings.mode == "seamless" else "transfer"
        self.settings = settings
        self.run_id = run_id
        self.line = line
        self.operator = control
        self.stage = Stage(settings, run_id, line)
        self.address = settings.url
        self.side_by_side = 6

    async def open(self) -> None:
        """The usual agent, so that a wrong token is one message; and a few calls that nobody judges, so that a cold start
        is not taken for a wallet that does not answer."""
        await self.stage.agent("EUR")
        scene = Scene(0, self.run_id, {})
        await self.player(scene, "1")
        await asyncio.gather(*(self.send(scene, Act("balance")) for _ in range(self.side_by_side)))

    async def close(self) -> None:
        """Close the run's agents, which stay readable as its evidence, and give the connections back."""
        with contextlib.suppress(SetupFailed):
            await self.stage.put_away()
        self.line.close()
        if self.operator:
            self.operator.close()

    async def leave(self, scene: Scene) -> None:
        """Players are never reused."""
        scene.players.clear()

    # ------------------------------------------------------------ players
    async def player(self, scene: Scene, name: str, options: Mapping[str, str] | None = None) -> Player:
        """A player of the scene, made when first named: created, funded with 1000, authorised."""
        if name in scene.players:
            return scene.players[name]
        wishes = options or {}
        currency = wishes.get("currency", "EUR") if name.isalpha() else "EUR"
        agent = await self.stage.agent(wishes.get("agent", currency))
        exponent = exponent_of(currency)
        player = Player(name, f"{scene.tag}-p{name}", agent.brand_id, currency, exponent, agent=agent.name)
        player.extra["tenantId"] = agent.tenant_id
        if name == "nobody":
            return player
        start = format_amount(1000 * 10**exponent, exponent)
        if self.operator:
            await self.operator.put(player, balance=start)
        api = self.stage.api(agent)
        made = await api.ask("POST", "/players", {"brandId": agent.brand_id, "userId": player.user_id})
        player.hub_id = made["id"]
        scene.players[name] = player
        if self.target == "transfer":
            await self.deposit(player, start)
        await self.session(player, "main")
        return player

    async def deposit(self, player: Player, amount: str) -> None:
        """Money into the hub's own wallet."""
        agent = await self.stage.agent(player.agent)
        body = {"transactionId": f"in-{secrets.token_hex(8)}", "amount": amount}
        await self.stage.api(agent).ask("POST", f"/players/{player.hub_id}/deposit", body)

    async def session(self, player: Player, name: str, device: str = "") -> None:
        """A live session; on a device that has one already it takes its place."""
        agent = await self.stage.agent(player.agent)
        body = {"device": device or name}
        made = await self.stage.api(agent).ask("POST", f"/players/{player.hub_id}/sessions", body)
        player.sessions[name] = made["sessionToken"]
        player.session_ids[name] = made["sessionId"]

    # ------------------------------------------------------------ calls
    async def _sender(self, scene: Scene, act: Act, player: Player) -> tuple[Agent, Provider]:
        """Whose key the call carries, and which integration it is of."""
        whose = act.options.get("as", player.agent)
        agent = await self.stage.agent("EUR" if whose == "parent" else whose)
        return agent, await self.stage.provider(agent, scene.overrides)

    def _who(self, act: Act, player: Player) -> dict[str, Any]:
        session = act.options.get("session", "main")
        if "nosession" in act.words or player.name == "nobody":
            return {"brandId": player.brand_id, "userId": player.user_id}
        if session == "unknown":
            # The token of a session that never was: right in form, wrong in its secret part.
            token = player.sessions["main"]
            return {"sessionToken": token[:-6] + ("AAAAAA" if not token.endswith("AAAAAA") else "BBBBBB")}
        return {"sessionToken": player.sessions[session]}

    def _action(self, scene: Scene, act: Act, player: Player, provider: Provider) -> dict[str, Any]:
        """One action of the provider's protocol."""
        options, words = act.options, act.words
        game = options.get("game", "1")
        games = {"1": provider.games[0], "2": provider.games[1]}
        document: dict[str, Any] = {
            "action": PATHS.get(act.verb, act.verb),
            "transactionId": scene.label(act.word(0)),
            "roundId": scene.label(options.get("round", "r1")),
            "gameId": games.get(game, f"no-such-game-{scene.tag}"),
        }
        if act.verb in ("bet", "win"):
            scale = scene.switches.get("moneyScale", "decimal")
            document["amount"] = envelope.scaled_json(act.word(1), scale, player.exponent)
            document["currency"] = options.get("currency", player.currency)
            if "type" in options:
                document["type"] = options["type"]
            if "free" in options:
                document["freeRoundsId"] = scene.kept.get(
                    f"grant {options['free']}", scene.hub_id("no grant")
                )
        if act.verb == "win" and "ref" in options:
            document["betTransactionId"] = scene.label(options["ref"])
        if act.verb == "rollback":
            document["originalTransactionId"] = scene.label(options["of"])
            document |= {"currency": options["currency"]} if "currency" in options else {}
            if "amount" in options:
                scale = scene.switches.get("moneyScale", "decimal")
                document["amount"] = envelope.scaled_json(options["amount"], scale, player.exponent)
            if "bare" in words:
                del document["roundId"], document["gameId"]
        if "closed" in words:
            document["roundClosed"] = True
        return document

    async def send(self, scene: Scene, act: Act) -> Reply:
        """One call for the player that the act names."""
        player = await self.player(scene, act.options.get("player", "1"))
        if act.options.get("as") == "parent":
            return await self._look(player)
        agent, provider = await self._sender(scene, act, player)
        document: dict[str, Any] = {"action": act.verb, **self._who(act, player)}
        transaction_id = ""
        if act.verb not in ("balance", "authenticate"):
            document = {**self._action(scene, act, player, provider), **self._who(act, player)}
            transaction_id = document["transactionId"]
        path = f"/wallet/{PATHS.get(act.verb, act.verb)}"
        exchange = await self.post(scene, path, document, act.wire, agent, provider)
        return read_hub(
            exchange,
            transaction_id=transaction_id,
            exponent=player.exponent,
            currency=player.currency,
            switches=scene.switches,
        )

    async def _look(self, player: Player) -> Reply:
        """The balance as the owner sees it, for an agent that nobody can call."""
        agent = await self.stage.agent(player.agent)
        if self.operator:
            balance = (await self.operator.look(player))["balance"]
        else:
            balance = (await self.stage.api(agent).ask("GET", f"/players/{player.hub_id}"))["balance"]
        from decimal import Decimal

        return Reply("OK", 200, Decimal(balance))

    async def send_list(self, scene: Scene, acts: Sequence[Act]) -> Reply:
        """POST /wallet/transaction."""
        player = await self.player(scene, acts[0].options.get("player", "1"))
        agent, provider = await self._sender(scene, acts[0], player)
        actions = [self._action(scene, act, player, provider) for act in acts]
        document = {
            "action": "transaction",
            **self._who(acts[0], player),
            "currency": player.currency,
            "actions": actions,
        }
        exchange = await self.post(scene, "/wallet/transaction", document, {}, agent, provider)
        return read_hub(
            exchange,
            transaction_id=actions[-1]["transactionId"],
            exponent=player.exponent,
            currency=player.currency,
            switches=scene.switches,
        )

    async def post(
        self,
        scene: Scene,
        path: str,
        document: Mapping[str, Any],
        wire: Mapping[str, str],
        agent: Agent,
        provider: Provider,
        raw: bytes | None = None,
    ) -> Exchange:
        """Sign and send; `nonce` names the message id and keeps the bytes, `again` sends kept bytes once more."""
        now_s = int(time.time())
        message_id = f"msg-{secrets.token_hex(12)}"
        if "nonce" in wire:
            message_id = f"{scene.tag}-{wire['nonce']}"
        if "again" in wire:
            sealed = scene.kept[f"bytes {wire['again']}"]
        elif raw is not None:
            sealed = envelope.spoil(
                document, raw, wire, secret=provider.secret, message_id=message_id, now_s=now_s
            )
        else:
            sealed = envelope.seal(document, wire, secret=provider.secret, message_id=message_id, now_s=now_s)
        if "nonce" in wire:
            scene.kept.setdefault(f"bytes {wire['nonce']}", sealed)
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Authorization": f"Bearer {agent.token}",
            "Pitboss-Provider": provider.integration_id,
            **sealed.headers,
        }
        return await self.line.call("POST", path, sealed.body, headers, wire)

    # ------------------------------------------------------------ controls
    async def control(self, scene: Scene, act: Act) -> Reply | None:
        """What is not a call; see hub_controls.py."""
        from pitboss.certify.hub_controls import VERBS

        verb = VERBS.get(act.verb)
        if verb is None:
            raise CaseSkipped(f"The hub cannot be asked for {act.verb}.")
        return await verb(self, scene, act)
