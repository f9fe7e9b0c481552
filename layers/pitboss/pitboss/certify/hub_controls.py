"""What the cases ask of the hub beside calls: bar players, end sessions, grant free rounds, look into the books."""

import json
import time
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from pitboss.certify import envelope
from pitboss.certify.hub_driver import HubDriver
from pitboss.certify.model import Act, CaseFailed, CaseSkipped, Reply
from pitboss.certify.replies import read_hub
from pitboss.certify.scene import START, Player, Scene
from pitboss.certify.storm import Told
from pitboss.kernel.instants import format_instant
from pitboss.kernel.money import format_amount

type Verb = Callable[[HubDriver, Scene, Act], Awaitable[Reply | None]]
DAY_MS = 86_400_000


async def _player(driver: HubDriver, scene: Scene, act: Act) -> Player:
    return await driver.player(scene, act.options.get("player", "1"))


async def _patch(driver: HubDriver, scene: Scene, act: Act, body: Mapping[str, Any]) -> None:
    player = await _player(driver, scene, act)
    agent = await driver.stage.agent(player.agent)
    await driver.stage.api(agent).ask("PATCH", f"/players/{player.hub_id}", body)


async def make_player(driver: HubDriver, scene: Scene, act: Act) -> None:
    """`player NAME currency= agent=`"""
    await driver.player(scene, act.word(0, "1"), act.options)


async def block(driver: HubDriver, scene: Scene, act: Act) -> None:
    """`block`: the casino has blocked the player."""
    await _patch(driver, scene, act, {"status": "blocked"})


async def close(driver: HubDriver, scene: Scene, act: Act) -> None:
    """`close`: the account is closed."""
    await _patch(driver, scene, act, {"status": "closed"})


async def exclude(driver: HubDriver, scene: Scene, act: Act) -> None:
    """`exclude`: the player has excluded itself."""
    until = format_instant(time.time_ns() // 1_000_000 + DAY_MS)
    await _patch(driver, scene, act, {"selfExcludedUntil": until})


async def limit(driver: HubDriver, scene: Scene, act: Act) -> None:
    """`limit maxBet=5`"""
    limits: dict[str, Any] = {name: value for name, value in act.options.items() if name != "player"}
    if "sessionMinutes" in limits:
        limits["sessionMinutes"] = int(limits["sessionMinutes"])
    await _patch(driver, scene, act, {"limits": limits})


async def fund(driver: HubDriver, scene: Scene, act: Act) -> None:
    """`fund 1000`: the player gets money from elsewhere."""
    player = await _player(driver, scene, act)
    if driver.operator:
        held = Decimal((await driver.operator.look(player))["balance"]) + Decimal(act.word(0))
        minor = int(held.scaleb(player.exponent))
        await driver.operator.put(player, balance=format_amount(minor, player.exponent))
    else:
        await driver.deposit(player, act.word(0))


async def session(driver: HubDriver, scene: Scene, act: Act) -> None:
    """`session mobile`: another device."""
    await driver.session(await _player(driver, scene, act), act.word(0))


async def refresh(driver: HubDriver, scene: Scene, act: Act) -> None:
    """`refresh main`: a new token for the same device; the former one is kept as main-old."""
    player = await _player(driver, scene, act)
    name = act.word(0)
    player.sessions[f"{name}-old"] = player.sessions[name]
    await driver.session(player, name)


async def expire(driver: HubDriver, scene: Scene, act: Act) -> None:
    """`expire main`: the casino ends the session, which for the wallet is what its expiry is."""
    player = await _player(driver, scene, act)
    agent = await driver.stage.agent(player.agent)
    where = f"/players/{player.hub_id}/sessions/{player.session_ids[act.word(0)]}"
    await driver.stage.api(agent).ask("DELETE", where)


# ---------------------------------------------------------------- free rounds
async def grant(driver: HubDriver, scene: Scene, act: Act) -> None:
    """`grant g1 count=2 bet=10 win=bonus`"""
    player = await _player(driver, scene, act)
    agent = await driver.stage.agent(player.agent)
    provider = await driver.stage.provider(agent, scene.overrides)
    made = await driver.stage.api(agent).ask(
        "POST",
        "/free-rounds",
        {
            "playerId": player.hub_id,
            "gameIds": list(provider.games),
            "count": int(act.options["count"]),
            "betAmount": act.options["bet"],
            "expiresAt": format_instant(time.time_ns() // 1_000_000 + DAY_MS),
            "winKind": act.options.get("win", "cash"),
        },
    )
    scene.kept[f"grant {act.word(0)}"] = made["freeRoundsId"]


async def free(driver: HubDriver, scene: Scene, act: Act) -> None:
    """`free g1 used=1 left=1 won=7`: the grant's own count."""
    agent = await driver.stage.agent((await _player(driver, scene, act)).agent)
    where = f"/free-rounds/{scene.kept[f'grant {act.word(0)}']}"
    found = await driver.stage.api(agent).ask("GET", where)
    for name, wanted in act.options.items():
        if Decimal(str(found[name])) != Decimal(wanted):
            raise CaseFailed(scene.failure(_line(act), f"{name} {wanted}", f"{name} {found[name]}"))


async def cancel(driver: HubDriver, scene: Scene, act: Act) -> Reply:
    """`cancel g1 -> OK`"""
    agent = await driver.stage.agent((await _player(driver, scene, act)).agent)
    where = f"/free-rounds/{scene.kept[f'grant {act.word(0)}']}"
    exchange = await driver.stage.api(agent).call("DELETE", where)
    if exchange.status == 200:
        return Reply("OK", 200, exchange=exchange)
    return read_hub(exchange, transaction_id="", exponent=2, currency="EUR")


# ---------------------------------------------------------------- transactions and rounds
async def transactions(
    driver: HubDriver, scene: Scene, label: str, *, whose: str = ""
) -> list[dict[str, Any]]:
    """Every transaction that the hub has under the provider's id behind a label."""
    agent = await driver.stage.agent(whose or (await driver.player(scene, "1")).agent)
    provider = await driver.stage.provider(agent, scene.overrides)
    player = scene.players.get("1")
    found = await driver.stage.api(agent).ask(
        "GET",
        "/transactions",
        provider=provider.integration_id,
        transactionId=scene.label(label),
        playerId=player.hub_id if player and not whose else None,
    )
    rows: list[dict[str, Any]] = found["transactions"]
    return rows


async def tx(driver: HubDriver, scene: Scene, act: Act) -> None:
    """`tx t1 state=REFUSED type=free`: what the hub has stored."""
    rows = [row for row in await transactions(driver, scene, act.word(0)) if row["kind"] != "rollback"]
    for name, wanted in act.options.items():
        got = [str(row.get(name)) for row in rows]
        if got != [wanted]:
            raise CaseFailed(scene.failure(_line(act), f"one transaction with {name} {wanted}", str(got)))


async def kept(driver: HubDriver, scene: Scene, act: Act) -> None:
    """`kept t1`: the stored transaction has no expiry."""
    rows = await transactions(driver, scene, act.word(0))
    if [row.get("expiresAt", "not told") for row in rows] != [None]:
        raise CaseFailed(
            scene.failure(_line(act), "a stored transaction that never expires", json.dumps(rows)[:500])
        )
    scene.note = "The stored transaction has no expiry."


async def hidden(driver: HubDriver, scene: Scene, act: Act) -> None:
    """`hidden t1 as=other`: another tenant sees nothing of it."""
    whose = act.options["as"]
    rows = [
        row
        for row in await transactions(driver, scene, act.word(0), whose=whose)
        if row["kind"] == "bet" and row["state"] != "TOMBSTONE"  # of the other's own rollback
    ]
    player = await driver.player(scene, "1")
    agent = await driver.stage.agent(whose)
    exchange = await driver.stage.api(agent, own=True).call("GET", f"/players/{player.hub_id}")
    if rows or exchange.status != 404:
        got = f"{len(rows)} transactions, and HTTP {exchange.status} for the player"
        raise CaseFailed(scene.failure(_line(act), "nothing, and 404", got))


async def told(driver: HubDriver, scene: Scene, act: Act) -> None:
    """`told t1 bet=1 rollback=0`: what the operator's wallet was told about it."""
    if not driver.operator:
        raise CaseSkipped("Needs the control door of the operator's wallet.")
    player = await _player(driver, scene, act)
    rows = (await driver.operator.look(player))["transactions"]
    mine = [row for row in rows if row.get("providerTransactionId") == scene.label(act.word(0))]
    for action, wanted in act.options.items():
        got = sum(1 for row in mine if row["action"] == action)
        if got != int(wanted):
            raise CaseFailed(
                scene.failure(_line(act), f"{wanted} x {action}", f"{got}: {json.dumps(mine)[:400]}")
            )


async def operator(driver: HubDriver, scene: Scene, act: Act) -> None:
    """`operator 1000`: what the operator's own books say that the player holds."""
    if not driver.operator:
        raise CaseSkipped("Needs the control door of the operator's wallet.")
    balance = Decimal((await driver.operator.look(await _player(driver, scene, act)))["balance"])
    if balance != Decimal(act.word(0)):
        raise CaseFailed(scene.failure(_line(act), f"the operator to hold {act.word(0)}", str(balance)))


async def fault(driver: HubDriver, scene: Scene, act: Act) -> None:
    """`fault bet html`: the operator's wallet gets the next such call of this player wrong."""
    if not driver.operator:
        raise CaseSkipped("Needs the control door of the operator's wallet.")
    player = await _player(driver, scene, act)
    await driver.operator.fault(player, act.word(0), act.word(1), int(act.options.get("times", "1")))


async def round_state(driver: HubDriver, scene: Scene, act: Act) -> None:
    """`round r1 completed`"""
    player = await driver.player(scene, "1")
    agent = await driver.stage.agent(player.agent)
    where = f"/rounds/{quote(scene.label(act.word(0)), safe='')}"
    provider = await driver.stage.provider(agent, scene.overrides)
    found = await driver.stage.api(agent).ask(
        "GET", where, playerId=player.hub_id, provider=provider.integration_id
    )
    states = [row["status"] for row in found["rounds"]]
    if states != [act.word(1)]:
        raise CaseFailed(scene.failure(_line(act), act.word(1), str(states)))


async def open_rounds(driver: HubDriver, scene: Scene, act: Act) -> None:
    """`open r1 yes`: whether the sweeper's list has the round."""
    player = await driver.player(scene, "1")
    agent = await driver.stage.agent(player.agent)
    api = driver.stage.api(agent)
    found = await api.ask("GET", "/rounds/open", olderThanMinutes=0, playerId=player.hub_id)
    listed = scene.label(act.word(0)) in {row["roundId"] for row in found["rounds"]}
    if listed != (act.word(1) == "yes"):
        raise CaseFailed(scene.failure(_line(act), act.word(1), "listed" if listed else "not listed"))


async def raw(driver: HubDriver, scene: Scene, act: Act) -> Reply:
    """`raw html`: bytes that are no message of the protocol, rightly signed."""
    player = await _player(driver, scene, act)
    agent = await driver.stage.agent(player.agent)
    provider = await driver.stage.provider(agent, scene.overrides)
    exchange = await driver.post(
        scene, "/wallet/bet", {}, {}, agent, provider, raw=envelope.BODIES[act.word(0)]
    )
    return read_hub(
        exchange,
        transaction_id="",
        exponent=player.exponent,
        currency=player.currency,
        switches=scene.switches,
    )


# ---------------------------------------------------------------- books
def _signed(row: Mapping[str, Any]) -> Decimal:
    """By how much a stored transaction says that it has moved the balance."""
    return Decimal(row["after"] or 0) - Decimal(row["before"] or 0)


async def books(driver: HubDriver, scene: Scene, act: Act) -> None:
    """`books`: each transaction of the storm is stored once, with before and after, and they sum up to the balance."""
    entries: list[Told] = scene.kept["books"]
    total = Decimal(0)
    for entry in entries:
        label, verb = entry.act.word(0), entry.act.verb
        rows = [row for row in await transactions(driver, scene, label) if row["kind"] == verb]
        moved = [_signed(row) for row in rows if row["state"] in ("DONE", "ROLLED_BACK")]
        if moved != [entry.amount * entry.sign]:
            wanted = f"{verb} {label} once, moving {entry.amount * entry.sign}"
            raise CaseFailed(scene.failure(_line(act), wanted, json.dumps(rows)[:600]))
        total += moved[0]
    reply = await driver.send(scene, Act("balance"))
    if reply.balance != START + total:
        got = f"the entries sum up to {START + total}"
        raise CaseFailed(scene.failure(_line(act), f"the balance {reply.balance}", got))


async def reconcile(driver: HubDriver, scene: Scene, act: Act) -> None:
    """`reconcile`: the provider's file of the day against the hub's history; then the file with three changes."""
    from pitboss.certify.reconcile import reconcile as compare

    await compare(driver, scene, _line(act))


def _line(act: Act) -> str:
    return " ".join((act.verb, *act.words, *(f"{name}={value}" for name, value in act.options.items())))


VERBS: Mapping[str, Verb] = {
    "player": make_player,
    "block": block,
    "close": close,
    "exclude": exclude,
    "limit": limit,
    "fund": fund,
    "session": session,
    "refresh": refresh,
    "expire": expire,
    "grant": grant,
    "free": free,
    "cancel": cancel,
    "tx": tx,
    "kept": kept,
    "hidden": hidden,
    "told": told,
    "operator": operator,
    "fault": fault,
    "round": round_state,
    "open": open_rounds,
    "raw": raw,
    "books": books,
    "reconcile": reconcile,
}
