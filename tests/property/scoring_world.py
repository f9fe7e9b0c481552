"""Random tournaments for the scoring properties: rule sets, seats, rounds with every fault a feed can have."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st
from pitboss.kernel.instants import format_instant
from pitboss.kernel.money import format_amount
from pitboss.scoring.public import (
    AMENDED,
    MAX_INSTANT,
    ROLLED_BACK,
    SETTLED,
    Ranked,
    Round,
    Row,
    Rules,
    Seat,
    Stint,
    Window,
    distinct_rounds,
    rank,
    refold,
)

START, END = 1_700_000_000_000, 1_700_000_000_040
STATUS_NAMES = {SETTLED: "settled", AMENDED: "amended", ROLLED_BACK: "rolled_back"}
EXPONENTS = {"EUR": 2, "JPY": 0, "USD": 2, "GBP": 2}

_counts = st.fixed_dictionaries({}, optional={"decimals": st.integers(0, 3)})
_points = st.fixed_dictionaries(
    {"per": st.integers(1, 70), "points": st.integers(1, 5)},
    optional={"mode": st.sampled_from(["step", "linear"]), "decimals": st.integers(0, 2)},
)
_shapes: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    **{name: st.just({}) for name in ("total_wagered", "total_won", "net_win", "sum_multipliers")},
    "round_count": _counts,
    "win_count": _counts,
    "wins_at_least": st.fixed_dictionaries({"multiple": st.sampled_from([5_000, 10_000, 20_000, 33_333])}),
    "bet_points": _points,
    "win_points": _points,
    "biggest_win": st.just({}),
    "biggest_multiplier": st.just({}),
}


def metric(name: str) -> st.SearchStrategy[dict[str, Any]]:
    """Descriptions of one metric."""
    single = [n for n in _shapes if not n.startswith("biggest")]
    match name:
        case "best_n":
            return st.fixed_dictionaries(
                {
                    "metric": st.just(name),
                    "n": st.integers(1, 4),
                    "of": st.sampled_from(single).flatmap(metric),
                }
            )
        case "best_n_consecutive":
            inner = st.sampled_from([n for n in single if n != "net_win"]).flatmap(metric)
            return st.fixed_dictionaries({"metric": st.just(name), "n": st.integers(1, 4), "of": inner})
        case "first_to_target":
            inner = st.sampled_from(single).flatmap(metric)
            return st.fixed_dictionaries(
                {"metric": st.just(name), "target": st.integers(1, 400), "of": inner}
            )
        case "consecutive_wins":
            return st.fixed_dictionaries(
                {"metric": st.just(name)},
                optional={
                    "multiple": st.sampled_from([1, 10_000, 20_000]),
                    "strict": st.booleans(),
                    "minLength": st.integers(1, 3),
                    "value": st.sampled_from(["length", "multiples"]),
                },
            )
        case "weighted":
            names = [*_shapes, "best_n", "best_n_consecutive", "consecutive_wins"]
            weight = st.integers(-30_000, 30_000).filter(bool)
            part = st.fixed_dictionaries({"weight": weight, "rule": st.sampled_from(names).flatmap(metric)})
            return st.fixed_dictionaries(
                {"metric": st.just(name), "parts": st.lists(part, min_size=1, max_size=4)},
                optional={"decimals": st.integers(0, 4)},
            )
    return _shapes[name].map(lambda shape: {"metric": name, **shape})


_limits = st.fixed_dictionaries({}, optional={"min": st.integers(0, 3), "max": st.integers(5, 30)})
_filters: dict[str, st.SearchStrategy[Any]] = {
    "timestamp": st.sampled_from(["settled", "started"]),
    "games": st.fixed_dictionaries(
        {},
        optional={
            "include": st.just(["slot", "crash"]),
            "exclude": st.just(["crash"]),
            "weights": st.fixed_dictionaries({"slot": st.sampled_from([0, 3_333, 15_000])}),
        },
    ),
    "brands": st.just(["aurora"]),
    "currencies": st.just(["EUR", "JPY"]),
    "roundTypes": st.just(["regular"]),
    "minBet": st.integers(0, 60),
    "maxBet": st.integers(60, 300),
    "betLimits": st.dictionaries(st.sampled_from(["JPY", "USD", "EUR"]), _limits),
    "funds": st.sampled_from(["all", "real"]),
    "jackpot": st.booleans(),
}
# Few filters at a time: with all of them hardly a round would be left to score.
_eligibility = st.lists(st.sampled_from(sorted(_filters)), max_size=2, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({name: _filters[name] for name in names})
)


def documents(name: str) -> st.SearchStrategy[dict[str, Any]]:
    """Whole rule sets of one metric."""
    entries = ["best", "last"] if name == "first_to_target" else ["best", "last", "sum"]
    return st.fixed_dictionaries(
        {
            "schema": st.just(1),
            "base": st.just({"currency": "EUR", "exponent": 2}),
            "rates": st.just(
                {"USD": {"exponent": 2, "num": 91, "den": 100}, "JPY": {"exponent": 0, "num": 7, "den": 1100}}
            ),
            "scoring": metric(name),
            "eligibility": _eligibility,
        },
        optional={
            "minRoundsToRank": st.integers(0, 4),
            "firstN": st.fixed_dictionaries(
                {"rounds": st.integers(1, 5)}, optional={"refill": st.booleans()}
            ),
            "maxPointsPerRound": st.integers(1, 500),
            "entries": st.sampled_from(entries),
        },
    )


rankings = st.fixed_dictionaries(
    {},
    optional={
        "ties": st.sampled_from(["earliest", "shared"]),
        "style": st.sampled_from(["competition", "dense", "unique"]),
    },
)


@st.composite
def seats(draw: st.DrawFn) -> list[Seat]:
    """Three players of two brands, some with a rebuy and add-ons, some out."""
    out = []
    for number, (brand, player) in enumerate([("aurora", "ann"), ("aurora", "bob"), ("borealis", "ann")]):
        joined = START + draw(st.integers(-3, 6))
        moments = [joined, *sorted(draw(st.lists(st.integers(joined + 1, END), max_size=1)))]
        stints = tuple(
            Stint(i, at, draw(st.integers(0, 2)), draw(st.integers(0, 30))) for i, at in enumerate(moments, 1)
        )
        status = draw(st.sampled_from(["active"] * 9 + ["withdrawn", "disqualified", "pending_payment"]))
        out.append(Seat(f"e{number}", brand, player, player.title(), status, joined, stints))
    return out


@st.composite
def rounds(draw: st.DrawFn, most: int = 24) -> list[Round]:
    """Messages in the order they arrive: corrections, repeats, conflicts and rollbacks ahead of their rounds."""
    out: list[Round] = []
    for _ in range(draw(st.integers(0, most))):
        if out and draw(st.integers(0, 9)) < 4:
            old = out[draw(st.integers(0, len(out) - 1))]
            kind = draw(st.sampled_from(["again", "rolled_back", "amended", "conflict"]))
            if kind == "again":
                new = old
            elif kind == "conflict":
                new = old._replace(win=old.win + 7)
            else:
                new = old._replace(revision=old.revision + 1, status=ROLLED_BACK)
                if kind == "amended":
                    moved = draw(st.sampled_from([0, 0, -3, 4]))
                    new = new._replace(status=AMENDED, bet=old.bet + 1, settled_at=old.settled_at + moved)
                elif draw(
                    st.booleans()
                ):  # some casinos send a rollback without amounts, or with its own time
                    new = new._replace(
                        bet=0, win=0, bet_bonus=0, win_bonus=0, jackpot=0, settled_at=START + 30
                    )
            out.insert(draw(st.integers(0, len(out))), new)
            continue
        bet = draw(st.sampled_from([0, 1, 20, 50, 100, 250]))
        win = draw(st.sampled_from([0, 0, 10, 50, 100, 101, 200, 777]))
        settled = START + draw(st.integers(-2, 42))
        out.append(
            Round(
                f"r{draw(st.integers(0, 30))}",
                0,
                SETTLED,
                draw(st.sampled_from(["aurora", "aurora", "aurora", "borealis"])),
                draw(st.sampled_from(["ann", "ann", "ann", "bob"])),
                draw(st.sampled_from(["slot", "slot", "slot", "crash", "wheel"])),
                draw(st.sampled_from(["regular", "regular", "bonus_buy"])),
                (currency := draw(st.sampled_from(["EUR", "EUR", "EUR", "JPY", "USD", "GBP"]))),
                EXPONENTS[currency],
                bet,
                win,
                draw(st.sampled_from([0, 0, 0, bet])),
                draw(st.sampled_from([0, 0, win // 2])),
                draw(st.sampled_from([0, 0, win // 3])),
                settled - draw(st.integers(0, 5)),
                settled,
                draw(st.sampled_from([0, 0, 1, 2])),
            )
        )
    return out


windows = st.lists(st.integers(1, 38), min_size=0, max_size=4, unique=True).map(
    lambda cuts: Window(
        START,
        END,
        tuple(
            (START + a, START + b if b is not None else MAX_INSTANT)
            for a, b in zip(sorted(cuts)[::2], [*sorted(cuts)[1::2], None], strict=False)
        ),
    )
)


def key_of(round_: Round) -> int:
    """A 64-bit hash of the round, as docs/scoring.md states it."""
    text = f"casino\x1f{round_.brand_id}\x1f{round_.player_id}\x1f{round_.round_id}"
    whole = hashlib.blake2b(text.encode(), digest_size=8, key=b"pitboss-round-1")
    return int.from_bytes(whole.digest(), "big")


def message_of(round_: Round) -> dict[str, Any]:
    """The round as a casino would have sent it."""
    bet = {"real": round_.bet - round_.bet_bonus, "bonus": round_.bet_bonus}
    win = {
        "real": round_.win - round_.win_bonus - round_.jackpot,
        "locked": round_.win_bonus,
        "jackpot": round_.jackpot,
    }
    return {
        "roundId": round_.round_id,
        "revision": round_.revision,
        "status": STATUS_NAMES[round_.status],
        "brandId": round_.brand_id,
        "playerId": round_.player_id,
        "gameId": round_.game,
        "roundType": round_.round_type,
        "currency": round_.currency,
        "bet": {part: format_amount(minor, round_.exponent) for part, minor in bet.items()},
        "win": {part: format_amount(minor, round_.exponent) for part, minor in win.items()},
        "startedAt": format_instant(round_.started_at),
        "settledAt": format_instant(round_.settled_at),
        "seq": round_.seq,
    }


def tournament_of(
    doc: dict[str, Any], ranking: dict[str, Any], players: Sequence[Seat], window: Window
) -> dict[str, Any]:
    """The tournament as the naive program reads it."""
    return {
        "integrationId": "casino",
        "ruleSet": doc,
        "ranking": ranking,
        "window": {
            "startAt": format_instant(window.start_at),
            "endAt": format_instant(window.end_at),
            "pauses": [[a, None if b == MAX_INSTANT else b] for a, b in window.pauses],
        },
        "seats": [
            {
                "entryId": s.entry_id,
                "brandId": s.brand_id,
                "playerId": s.player_id,
                "status": s.status,
                "stints": [
                    {
                        "entryNo": x.entry_no,
                        "from": x.from_ms,
                        "roundsExtra": x.rounds_extra,
                        "pointsExtra": x.points_extra,
                    }
                    for x in s.stints
                ],
            }
            for s in players
        ],
    }


class Book:
    """Standings kept up round by round, as a scorer keeps them: fold what is new, undo what was corrected, and refold
    an entry where only that can tell. Every state goes through JSON after each step, as it does in storage."""

    def __init__(self, rules: Rules, players: Sequence[Seat], window: Window) -> None:
        self.rules, self.seats, self.window = rules, players, window
        self.arrived: list[tuple[Round, int]] = []
        self.states: dict[tuple[str, int], list[Any]] = {}
        self.held: dict[tuple[str, int], dict[str, tuple[Round, int, int, str]]] = {}
        self.refolds = self.undone = 0

    def stint(self, seat: Seat, number: int) -> Stint:
        return next(s for s in seat.stints if s.entry_no == number)

    def take(self, round_: Round) -> None:
        """One message, whatever it is."""
        same = [
            pair
            for pair in self.arrived
            if pair[0][3:5] == round_[3:5] and pair[0].round_id == round_.round_id
        ]
        before = distinct_rounds(same)
        self.arrived.append((round_, key_of(round_)))
        after = distinct_rounds([*same, self.arrived[-1]])
        if before == after:
            return
        seat = next((s for s in self.seats if (s.brand_id, s.player_id) == round_[3:5]), None)
        for old, _ in before:
            self.drop(old, seat)
        for new, key in after:
            self.add(new, key, seat)

    def judge(self, round_: Round, seat: Seat | None) -> tuple[int, str]:
        """Whatever the seat's present status: who is reinstated has every round."""
        return self.rules.judge(round_, seat and seat._replace(status="active"), self.window)

    def drop(self, old: Round, seat: Seat | None) -> None:
        number, _ = self.judge(old, seat)
        if not number or seat is None:
            return
        name = (seat.entry_id, number)
        round_, key, points, reason = self.held[name].pop(old.round_id)
        undone = self.rules.unfold(self.states[name], round_, key, points, reason)
        if undone is None:
            self.refold(name, seat)
        else:
            self.states[name] = undone
            self.undone += 1

    def add(self, new: Round, key: int, seat: Seat | None) -> None:
        number, _ = self.judge(new, seat)
        if not number or seat is None:
            return
        name = (seat.entry_id, number)
        stint = self.stint(seat, number)
        state = self.states.get(name) or self.rules.fresh(stint.rounds_extra)
        last = self.rules.last_seen(state)
        held = self.held.setdefault(name, {})
        if last is not None and self.rules.event_order(new, key) < last:
            held[new.round_id] = (new, key, 0, "")
            self.refold(name, seat)
            return
        state, points, reason = self.rules.fold(state, new, key)
        held[new.round_id] = (new, key, points, reason)
        self.states[name] = json.loads(json.dumps(state))

    def refold(self, name: tuple[str, int], seat: Seat) -> None:
        held = self.held[name]
        extra = self.stint(seat, name[1]).rounds_extra
        state, answers = refold(self.rules, [(r, k) for r, k, _, _ in held.values()], extra)
        ordered = sorted(held.values(), key=lambda row: self.rules.event_order(row[0], row[1]))
        for (round_, key, _, _), (points, reason) in zip(ordered, answers, strict=True):
            held[round_.round_id] = (round_, key, points, reason)
        self.states[name] = json.loads(json.dumps(state))
        self.refolds += 1

    def board(self, ranking: dict[str, Any]) -> list[Ranked]:
        rows = []
        for seat in self.seats:
            standings = [
                self.rules.standing(
                    self.states.get((seat.entry_id, s.entry_no)) or self.rules.fresh(s.rounds_extra), s
                )
                for s in seat.stints
            ]
            best = self.rules.best_of(standings)
            rows.append(
                Row(
                    seat.entry_id,
                    seat.brand_id,
                    seat.player_id,
                    best.score,
                    best.reached_at,
                    seat.status,
                    best.qualified,
                    best.rounds,
                )
            )
        return rank(rows, ranking)
