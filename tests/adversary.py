"""An adversary of whole tournaments: random terms, players who come and go and buy at the worst moments, a dirty feed.

It keeps its own account of what must be (who may enter when, what each has paid, which times count), written from
docs/tournaments.md, and hands rounds, entries and times to the naive programs in devtools: none of the product's code
has a say in what it expects. Single-threaded, on moto; every instant it acts at is likely to be a boundary.
"""

import json
from dataclasses import dataclass, field
from random import Random
from typing import Any

from pitboss.kernel.instants import format_instant
from pitboss.rounds import service as rounds_service
from pitboss.rounds import store as rounds_store

from devtools.recompute_prizes import minor
from tests.money_world import demo_faults
from tests.tournament_world import BRANDS, GAMES, Hub

Document = dict[str, Any]
PLAYERS = [(brand, name) for brand in BRANDS for name in ("ann", "bob", "cid", "dan")]
CURRENCIES = ("EUR", "EUR", "EUR", "JPY", "USD", "GBP")
OPEN_MS, PLAY_MS, GRACE_MS = 60_000, 120_000, 30_000
TO_START = 300_000


@dataclass
class Mine:
    """What the adversary knows of one player: status, when each entry began, and what was paid and counted."""

    status: str = "none"
    joined: int = 0
    stints: list[int] = field(default_factory=list)
    extra_rounds: list[int] = field(default_factory=list)
    extra_points: list[int] = field(default_factory=list)
    rebuys: int = 0
    add_ons: int = 0
    lost: int = 0  # minor units that are with the operator now, prizes apart


def terms_of(rng: Random, rules: Document, ranking: Document, now: int) -> Document:
    """A creation request at `now`."""
    start = now + TO_START
    late = rng.choice([None, 0, PLAY_MS // 2, PLAY_MS])
    effects = ["new_entry"] + (["reset"] if rules.get("entries", "last") == "last" else [])
    add_ons = ["add_points"] + (["add_rounds"] if "firstN" in rules else [])
    entry: Document = {}
    if rng.random() < 0.7:
        entry = {"buyIn": rng.choice(["10.00", "7.77", "0.03"]), "rake": rng.choice(["0", "1.00", "0.01"])}
    if rng.random() < 0.6:
        effect = rng.choice(effects + (["add_rounds"] if "firstN" in rules else []))
        entry["rebuy"] = {"fee": "5.00", "rake": rng.choice(["0", "0.50"]), "max": 2, "effect": effect}
        if effect == "add_rounds":
            entry["rebuy"]["gives"] = rng.randint(1, 3)
        if rng.random() < 0.5:
            entry["rebuy"]["until"] = format_instant(start + PLAY_MS // 2)
    if rng.random() < 0.6:
        entry["addOn"] = {"fee": "3.01", "effect": rng.choice(add_ons), "gives": rng.randint(1, 4), "max": 2}
    asked: Document = {
        "name": "Adversary",
        "startTime": format_instant(start),
        "endTime": format_instant(start + PLAY_MS),
        "graceSeconds": GRACE_MS // 1000,
        "rules": rules,
        "ranking": ranking,
        "entry": entry,
        "approval": rng.choice(["auto", "auto", "manual"]),
        "guarantee": rng.choice(["0", "0", "33.33", "500.00"]),
        "seed": rng.choice(["0", "0", "10.01"]),
        "brands": list(BRANDS),
        "games": None,
    }
    if late is not None:
        asked["lateRegistrationUntil"] = format_instant(start + late)
    if rng.random() < 0.4:
        asked["registrationOpensAt"] = format_instant(now + OPEN_MS)
    if rng.random() < 0.3:
        asked["maxPlayers"] = rng.randint(2, 6)
    if rng.random() < 0.3:
        asked |= {"minPlayers": 2, "onShort": rng.choice(["start", "cancel_refund"])}
    return asked


def own_games(rules: Document) -> Document:
    """A rule set about the games that this hub knows."""
    text = json.dumps(rules).replace('"crash"', f'"{GAMES[0]}"').replace('"slot"', f'"{GAMES[1]}"')
    return dict(json.loads(text))


def prizes_of(rng: Random) -> Document:
    """A valid prize table as its creator would write it."""
    ties = rng.choice(["split_places", "split_places", "all_get_higher", "earliest_wins", "drop_to_lower"])
    lines: list[Document] = []
    left, place, each = 10_000, 1, 10_000.0
    for _ in range(rng.randint(1, 3)):
        last = place + rng.choice([0, 0, 1, 2])
        width = last - place + 1
        if ties != "all_get_higher" and rng.random() < 0.8:
            bps = min(left, int(each * width), rng.choice([left, rng.randint(1, 10_000)]))
            if bps < 1:
                break
            lines.append({"rankFrom": place, "rankTo": last, "shareBps": bps})
            left, each = left - bps, bps / width if ties == "drop_to_lower" else 10_000.0
        elif ties == "drop_to_lower":
            break  # its shares have no gap
        else:
            lines.append({"rankFrom": place, "rankTo": last, "amount": f"{rng.randint(1, 999)}.01"})
        place = last + 1
    if rng.random() < 0.4 or not lines:
        lines.append({"rankFrom": 1, "rankTo": rng.randint(1, 4), "kind": "bonus", "amount": "2.05"})
    if rng.random() < 0.4:
        free = {"kind": "free_rounds", "count": 7, "value": "0.20", "gameSlug": GAMES[0], "validHours": 24}
        lines.append({"rankFrom": 2, "rankTo": rng.randint(2, 5), **free})
    rest = {"minScore": rng.randint(0, 50)} if rng.random() < 0.3 else {}
    return {"lines": lines, "ties": ties, "remainder": rng.choice(["to_first", "next", "house"]), **rest}


class Match:
    """One tournament against one adversary."""

    def __init__(self, hub: Hub, rng: Random, rules: Document, ranking: Document) -> None:
        self.hub, self.rng = hub, rng
        self.rules = own_games(rules)
        self.asked = terms_of(rng, self.rules, ranking, hub.now)
        self.prized = rng.random() < 0.9
        self.asked["prizes"] = prizes_of(rng) if self.prized else None
        made = hub("POST", "/tournaments", {k: v for k, v in self.asked.items() if v is not None})
        assert made.status == 201, made.body
        self.tid = str(made.body["tournamentId"])
        self.effects = {name: (self.asked["entry"].get(name) or {}) for name in ("rebuy", "addOn")}
        born = hub.now
        self.start = born + TO_START
        self.end = self.start + PLAY_MS
        self.opens = born + (OPEN_MS if "registrationOpensAt" in self.asked else 0)
        late = self.asked.get("lateRegistrationUntil")
        self.late = next(t for t in (self.start, self.start + PLAY_MS // 2, self.end) if late in (None, format_instant(t)) and (late or t == self.end))  # fmt: skip
        self.pauses: list[list[int | None]] = []
        self.called_off, self.started = "", False
        self.players: dict[tuple[str, str], Mine] = {who: Mine() for who in PLAYERS}
        self.sent: list[Document] = []
        self.waiting: list[Any] = []
        self.last = "0"
        self.number = 0

    # -- what must be
    def price(self, name: str = "") -> tuple[int, int]:
        """Fee and rake of the buy-in, a rebuy or an add-on."""
        terms = self.effects[name] if name else self.asked["entry"]
        fee = terms.get("fee" if name else "buyIn", "0")
        return minor(fee, 2), minor(terms.get("rake", "0"), 2)

    def status(self) -> str:
        """Where the tournament must be now."""
        now = self.hub.now
        if self.called_off:
            return self.called_off
        if now < self.opens:
            return "scheduled"
        if now < self.start:
            return "registration"
        if now < self.end:
            return "paused" if self.pauses and self.pauses[-1][1] is None else "running"
        return "closing"

    def held(self) -> list[Mine]:
        """Players who hold a seat."""
        return [mine for mine in self.players.values() if mine.status in ("active", "disqualified")]

    def fall_short(self) -> None:
        """At the first look after the start, too few players call the tournament off."""
        if self.hub.now < self.start or self.called_off or self.asked.get("onShort") != "cancel_refund":
            return
        if not self.started and len(self.held()) < self.asked["minPlayers"]:
            self.called_off = "cancelled"
        self.started = True

    # -- moves
    def to(self, instant: int) -> None:
        """Go on to an instant; the bell may be missed."""
        self.hub.now = max(self.hub.now + 1, instant)
        if self.rng.random() < 0.5:
            self.hub.to(self.hub.now)
        self.fall_short()
        if self.pauses and self.pauses[-1][1] is None and self.hub.now >= self.end:
            self.pauses[-1][1] = self.end

    def call(self, who: tuple[str, str], method: str, action: str, body: Any = None, **more: Any) -> Any:
        brand, player = who
        return self.hub.player(method, self.tid, action, player, body, query={"brandId": brand}, **more)

    def register(self, who: tuple[str, str]) -> None:
        mine, status = self.players[who], self.status()
        declined = bool(self.price()[0]) and mine.status in ("none", "withdrawn") and self.rng.random() < 0.15
        if declined:
            demo_faults({"kind": "decline", "times": 1}, tournament=self.tid)
        body = {"userId": who[1], "displayName": who[1].title(), "brandId": who[0]}
        reply = self.hub("POST", "/tournaments/{id}/players", body, id=self.tid)
        if declined:
            demo_faults(tournament=self.tid)
        open_now = status == "registration" or (status == "running" and self.hub.now < self.late)
        if mine.status in ("active", "disqualified"):
            assert (reply.status, reply.body["status"]) == (200, mine.status)
        elif not open_now:
            assert reply.name == "REGISTRATION_CLOSED", (status, reply.body)
        elif self.asked.get("maxPlayers") and len(self.held()) >= self.asked["maxPlayers"]:
            assert reply.name == "TOURNAMENT_FULL", reply.body
        elif declined:
            assert reply.name == "BUY_IN_DECLINED", reply.body
            self.players[who] = Mine()  # also one who had left: the entry tells of the newest attempt
        else:
            assert (reply.status, reply.body["status"]) == (201, "active"), reply.body
            self.players[who] = Mine("active", self.hub.now, [self.hub.now], [0], [0], lost=sum(self.price()))

    def leave(self, who: tuple[str, str]) -> None:
        mine, early = self.players[who], self.status() in ("scheduled", "registration")
        reply = self.call(who, "DELETE", "")
        if mine.status == "none":
            assert reply.status == 404 or reply.body["status"] == "declined", reply.body
        elif mine.status == "withdrawn":
            assert reply.status == 200
        elif mine.status == "active" and early:
            assert (reply.status, reply.body["status"]) == (200, "withdrawn"), reply.body
            self.players[who] = Mine("withdrawn", lost=0)
        elif mine.status in ("active", "disqualified") and self.called_off != "cancelled":
            assert reply.status in (404, 409), reply.body

    def buy(self, who: tuple[str, str], name: str) -> None:
        mine, status, terms = self.players[who], self.status(), self.effects[name]
        path = {"rebuy": "rebuy", "addOn": "addon"}[name]
        self.number += 1
        key = f"{self.tid}-{self.number}"
        replies = [self.call(who, "POST", path, {}, key=key) for _ in range(self.rng.choice([1, 2]))]
        reply = replies[0]
        assert [r.status for r in replies] == [reply.status] * len(replies)
        bought = mine.rebuys if name == "rebuy" else mine.add_ons
        early = name == "addOn" or terms.get("effect") == "add_rounds"
        until = self.start + PLAY_MS // 2 if "until" in terms else self.end
        allowed = (
            terms
            and mine.status == "active"
            and status in (("registration", "running") if early else ("running",))
            and self.hub.now < until
            and bought < terms.get("max", 1)
        )
        if not allowed:
            assert reply.status >= 400, (status, terms, mine, reply.body)
            return
        assert reply.status == 200, (status, terms, mine, reply.body)
        mine.lost += sum(self.price(name))
        if name == "rebuy":
            mine.rebuys += 1
        else:
            mine.add_ons += 1
        if terms["effect"] in ("new_entry", "reset"):
            mine.stints.append(self.hub.now)
            mine.extra_rounds.append(0)
            mine.extra_points.append(0)
        elif terms["effect"] == "add_rounds":
            mine.extra_rounds[-1] += terms["gives"]
        else:
            mine.extra_points[-1] += terms["gives"]

    def judge(self, who: tuple[str, str], *, out: bool) -> None:
        mine = self.players[who]
        reply = self.call(who, "POST", "disqualify" if out else "reinstate", {"reason": "looked at"})
        if mine.status not in ("active", "disqualified"):
            assert reply.status >= 400, reply.body
        elif not self.called_off:
            assert reply.status == 200, reply.body
            mine.status = "disqualified" if out else "active"

    def pause(self) -> None:
        status = self.status()
        paused = status == "paused"
        reply = self.hub("POST", f"/tournaments/{{id}}/{'resume' if paused else 'pause'}", {}, id=self.tid)
        if status == "running":
            assert reply.status == 200, reply.body
            self.pauses.append([self.hub.now, None])
        elif paused:
            assert reply.status == 200, reply.body
            self.pauses[-1][1] = self.hub.now
        else:
            assert reply.name == "TOURNAMENT_STATE", reply.body

    def end_early(self) -> None:
        if self.status() not in ("running", "paused"):
            return
        kind = self.rng.choice(["finish", "pay_current", "refund"])
        body = {"reason": "enough"} | ({} if kind == "finish" else {"policy": kind})
        path = "finish" if kind == "finish" else "void"
        self.hub.ok("POST", f"/tournaments/{{id}}/{path}", body, id=self.tid)
        if kind == "refund":
            self.called_off = "voided"
        self.end = self.hub.now if self.hub.now > self.start else self.start + 1
        self.late = min(self.late, self.end)
        if self.pauses and self.pauses[-1][1] is None:
            self.pauses[-1][1] = self.end

    # -- the feed
    def fresh(self) -> Document:
        """A round that nobody has sent yet."""
        rng = self.rng
        self.number += 1
        who = rng.choice([*PLAYERS, ("aurora", "stranger")])
        moments = [self.start, self.end, self.hub.now, *self.players.get(who, Mine()).stints]
        moments += [at for pause in self.pauses for at in pause if at is not None]
        at = min(rng.choice(moments) + rng.choice([-1, 0, 0, 1, 500]), self.hub.now + 4000)
        currency = rng.choice(CURRENCIES)
        unit = "" if currency == "JPY" else ".00"
        bet, win = rng.choice([0, 1, 2, 5, 30]), rng.choice([0, 0, 1, 2, 3, 5, 60])
        funds = rng.random() < 0.2
        return {
            "roundId": f"r{self.number}",
            "brandId": who[0],
            "playerId": who[1],
            "gameId": rng.choice([*GAMES]),
            "roundType": rng.choice(["regular", "regular", "bonus_buy"]),
            "currency": currency,
            "bet": {"real": f"{bet}{unit}", "bonus": f"{rng.choice([0, 1])}{unit}"}
            if funds
            else f"{bet}{unit}",
            "win": {"real": f"{win}{unit}", "jackpot": f"1{unit}"} if funds else f"{win}{unit}",
            "settledAt": format_instant(at),
            "startedAt": format_instant(at - rng.choice([0, 1, 600])),
            "seq": rng.choice([0, 0, 1]),
        }

    def corrected(self) -> Document:
        """An earlier round once more: as it was, rolled back, amended, or in conflict."""
        old = self.rng.choice(self.sent)
        kind = self.rng.choice(["again", "rolled_back", "amended", "conflict"])
        if kind == "again":
            return dict(old)
        if kind == "conflict":
            return {**old, "win": "99" if old["currency"] == "JPY" else "99.00"}
        newest = max(m.get("revision", 0) for m in self.sent if self.same(m, old))
        new = {**old, "revision": newest + 1, "status": kind}
        return new if kind == "rolled_back" else {**new, "bet": "3" if old["currency"] == "JPY" else "3.00"}

    @staticmethod
    def same(a: Document, b: Document) -> bool:
        return all(a[name] == b[name] for name in ("brandId", "playerId", "roundId"))

    def feed(self) -> None:
        """One request of rounds; what contradicts an earlier message comes only when that one was scored."""
        batch: list[Document] = []
        for _ in range(self.rng.randint(1, 12)):
            correct = self.sent and not self.waiting and self.rng.random() < 0.35
            message = self.corrected() if correct else self.fresh()
            if self.rng.random() < 0.1:  # the rollback comes before its round
                batch.append({**message, "revision": message.get("revision", 0) + 1, "status": "rolled_back"})
            batch.append(message)
        answer = self.hub.ok("POST", "/rounds", {"integrationId": "main", "rounds": batch})
        assert not [row for row in answer["results"] if row["status"] == "rejected"], answer
        self.sent += batch
        self.waiting = list(rounds_store.inbox_since(self.hub.tenant, "main", self.last))

    def score(self) -> None:
        """The stream hands over what it has, some of it twice; or the scorer is down and nothing comes of it."""
        if not self.waiting or self.rng.random() < 0.3:
            return
        batches = list(self.waiting)
        rounds_service.score(batches)
        if self.rng.random() < 0.3:
            rounds_service.score([self.rng.choice(batches)])
        self.last, self.waiting = batches[-1].batch_id, []

    def play(self) -> None:
        """From creation to the end of grace."""
        rng = self.rng
        edges = [self.opens, self.start, self.late, self.end, self.start + PLAY_MS // 2]
        moments = sorted(
            [rng.choice(edges) + rng.choice([-1, 0, 0, 1, rng.randint(-9000, 9000)]) for _ in range(22)]
            + [rng.randint(self.opens, self.end + GRACE_MS - 1) for _ in range(22)]
        )
        for at in moments:
            if at >= self.end + GRACE_MS:
                break
            self.to(at)
            self.move()

    def move(self) -> None:
        """One move of many."""
        who = self.rng.choice(PLAYERS)
        early = self.hub.now < self.start
        moves: list[tuple[int, Any]] = [
            (12 if early else 5, lambda: self.register(who)),
            (2, lambda: self.leave(who)),
            (4, lambda: self.buy(who, "rebuy")),
            (4, lambda: self.buy(who, "addOn")),
            (2, lambda: self.judge(who, out=self.rng.random() < 0.5)),
            (0 if early else 2, self.pause),
            (0 if self.rng.random() < 0.9 else 2, self.end_early),
            (0 if early else 14, self.feed),
            (0 if early else 6, self.score),
            (1, self.hub.money),
        ]
        self.rng.choices([m for _, m in moves], [w for w, _ in moves])[0]()
