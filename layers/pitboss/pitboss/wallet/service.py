"""A provider's call: load, decide, commit, answer. Whoever loses a race reads again, strongly, and decides again.

The first reading is eventually consistent, for it costs half: what is decided on it holds only if the conditions of the
write do. So a yes may come from it, a no never does.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache

from pitboss.catalogue.public import known as known_games
from pitboss.kernel.refusal import Refusal
from pitboss.platform import dynamo
from pitboss.platform.observe import count
from pitboss.points.public import may_bet
from pitboss.tenancy.public import standing_of
from pitboss.wallet import sessions, store
from pitboss.wallet.book import Decision, Facts, NeedMore, Place
from pitboss.wallet.commit import Loaded, Lost, Wanted, busy, commit, load
from pitboss.wallet.engine import decide
from pitboss.wallet.model import Action, Outcome, Session, TxKey, Wallet
from pitboss.wallet.profile import Profile
from pitboss.wallet.rules import key_of, round_mark, target_keys
from pitboss.wallet.tokens import Token

ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class Request:
    """A provider's call as the wallet understands it: whose, by whom, what.

    `token` is that of a session, or None where the call names the player; `user_id` is the player's name where the call
    has both, and they must agree. `raw` and `headers` are what the transaction keeps for the inspector (redacted and
    compressed body; JSON). `beside` runs while the wallet is read. `barred` is why the agent takes no bet now, where that
    came out at the write.
    """

    tenant_id: str
    player_id: str
    provider: str
    actions: tuple[Action, ...]
    profile: Profile
    now: int
    seed: str
    token: Token | None = None
    raw: bytes = b""
    headers: str = ""
    warnings: tuple[str, ...] = ()
    user_id: str = ""
    barred: Refusal | None = field(default=None, compare=False)
    beside: Callable[[], None] | None = field(default=None, compare=False)

    @property
    def places(self) -> set[Place]:
        """The rounds that the actions name."""
        return {(self.provider, action.round_id) for action in self.actions if action.round_id}

    @property
    def bets(self) -> list[Action]:
        """The bets among the actions."""
        return [action for action in self.actions if action.kind == "bet"]


def run(request: Request) -> Outcome:
    """Apply a call's actions once, all or nothing, or raise why not.

    Raises:
        Refusal: of the catalogue. OPERATION_IN_PROGRESS when other calls of the player kept winning: nothing was written.
    """
    wanted, own = first_wanted(request)
    loaded = _first(request, wanted, own)
    strong = False
    for attempt in range(1, ATTEMPTS + 1):
        if strong:
            loaded = read_again(request, wanted.more(txs=own))
        if loaded.wallet.mode == "seamless":
            from pitboss.wallet import seamless

            return seamless.run(request, loaded)
        try:
            facts = facts_of(request, loaded.wallet)
            decision = decided(request, loaded, facts)
            # What a reading that is behind may decide alone: only what the wallet's version will vouch for.
            sure = strong or (decision.wallet is not None and not doubtful(request, loaded))
            if sure:
                commit(decision, loaded.wallet, now=request.now)
        except NeedMore as need:
            wanted = wanted.asked(need)
            strong = True
            continue
        except Lost as lost:
            count("wallet_races")
            dynamo.pause(attempt)
            wanted = wanted.more(rounds=lost.places)
            strong = True
            continue
        except Refusal as refusal:
            if out_of_points(request, refusal):
                request = replace(request, barred=refusal)
            elif strong:
                raise
            strong = True
            continue
        if sure:
            return outcome_of(request, loaded, decision)
        strong = True
    raise busy()


def out_of_points(request: Request, refusal: Refusal) -> bool:
    """Whether the agent's points refused the write of a bet: then it is decided once more, with that as the reason, so
    that the no is recorded and stands for the bet's id."""
    fresh = refusal.name == "POINT_NOT_ENOUGH" and "replay" not in refusal.facts
    return fresh and request.barred is None and bool(request.bets)


def first_wanted(request: Request) -> tuple[Wanted, set[TxKey]]:
    """What a call reads first: its rounds, what its wins and rollbacks refer to, its grants; and its own transactions,
    which are only looked for when something speaks against it."""
    keys = [
        key_of(action, request.provider, request.player_id, request.profile) for action in request.actions
    ]
    own = set(keys)
    targets = {
        target
        for action, key in zip(request.actions, keys, strict=True)
        for target in target_keys(action, key)
    }
    grants = {action.free_id for action in request.actions if action.free_id}
    return Wanted(frozenset(request.places), frozenset(targets - own), frozenset(grants)), own


def _first(request: Request, wanted: Wanted, own: set[TxKey]) -> Loaded:
    """The first reading, beside whatever else the call has to wait for; the call's own ids are taken to be free."""
    if request.beside is None:
        loaded = load(request.tenant_id, request.player_id, wanted, consistent=False)
    else:
        waiting = _pool().submit(request.beside)
        try:
            loaded = load(request.tenant_id, request.player_id, wanted, consistent=False)
        finally:
            waiting.result()
    if loaded is None:
        return read_again(request, wanted.more(txs=own))
    return replace(loaded, known={**loaded.known, **dict.fromkeys(own)})


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=4, thread_name_prefix="beside")


def read_again(request: Request, wanted: Wanted) -> Loaded:
    """A strong reading, whole. Refusal USER_NOT_FOUND."""
    loaded = load(request.tenant_id, request.player_id, wanted)
    if loaded is None:
        raise Refusal("USER_NOT_FOUND", "There is no such player.")
    return settled_rounds(request, loaded)


def doubtful(request: Request, loaded: Loaded) -> list[Place]:
    """Rounds whose record may have been missed: a reading of several items is no snapshot, and the wallet tells of rounds
    closed lately, or kept in records, that were not read."""
    wallet = loaded.wallet
    mine = {(r.provider, r.round_id) for r in wallet.rounds}
    return [
        place
        for place in sorted(request.places)
        if place not in loaded.records
        and place not in mine
        and (wallet.spilled or round_mark(*place) in wallet.ring)
    ]


def settled_rounds(request: Request, loaded: Loaded) -> Loaded:
    """With the doubtful rounds read once more: what is read strongly after the wallet holds all that the wallet knows."""
    missed = doubtful(request, loaded)
    if not missed:
        return loaded
    found = store.read([store.round_key(request.tenant_id, request.player_id, *place) for place in missed])
    rounds = [store.round_from_item(item).round for item in found.values()]
    return replace(loaded, records={**loaded.records, **{(r.provider, r.round_id): r for r in rounds}})


def decided(request: Request, loaded: Loaded, facts: Facts) -> Decision:
    decision = decide(
        loaded.wallet,
        request.actions,
        provider=request.provider,
        known=loaded.known,
        records=loaded.records,
        grants=loaded.grants,
        profile=request.profile,
        facts=facts,
        now=request.now,
        seed=request.seed,
    )
    return with_request(decision, request)


# ---------------------------------------------------------------- facts
def facts_of(request: Request, wallet: Wallet) -> Facts:
    """What the world says about the call: its session, its agent, its games. Refusal TOKEN_INVALID for a token that was
    made up."""
    check_named(wallet, request.user_id)
    session, refusal = _session_of(request, wallet)
    facts = Facts(
        session=refusal,
        session_id=session.id if session else request.token.session_id if request.token else "",
        external_session_id=session.external_id if session else "",
        session_started_at=session.started_at if session else 0,
    )
    bets = request.bets
    if not bets:
        return facts
    return replace(
        facts,
        agent=request.barred or _agent_refusal(request, wallet),
        games={game_id: _game_refusal(request, wallet, game_id) for game_id in {bet.game_id for bet in bets}},
    )


def check_named(wallet: Wallet, user_id: str) -> None:
    """A call that has a token and names a player means one and the same."""
    if user_id not in ("", wallet.user_id):
        raise Refusal("USER_NOT_FOUND", "The session is another player's than the one that the call names.")


def _session_of(request: Request, wallet: Wallet) -> tuple[Session | None, Refusal | None]:
    """The session, and why it takes no bets. Wins and rollbacks do with a session that nobody remembers."""
    token = request.token
    if token is None:
        live = [s for s in wallet.sessions if sessions.alive(s, request.now)]
        return (
            (live[-1], None)
            if live
            else (None, Refusal("SESSION_EXPIRED", "The player has no live session."))
        )
    session = sessions.by_id(wallet, token.session_id)
    if session is None:
        return None, token_invalid()
    try:
        return sessions.find(wallet, token, request.now), None
    except Refusal as refusal:
        if refusal.name == "TOKEN_INVALID":
            raise
        return session, refusal


def token_invalid() -> Refusal:
    """2: of a token that is none of ours, of another tenant's or of a forgotten session nothing more is said."""
    return Refusal("TOKEN_INVALID", "The session token is not valid.")


def _agent_refusal(request: Request, wallet: Wallet) -> Refusal | None:
    standing = standing_of(request.tenant_id, request.now)
    if standing is None or standing.suspended_by:
        return Refusal(
            "TENANT_SUSPENDED", "The player's agent is suspended; wins and rollbacks are still taken."
        )
    return may_bet(request.tenant_id, request.now, mode=wallet.mode)


def _game_refusal(request: Request, wallet: Wallet, game_id: str) -> Refusal | None:
    games = known_games(request.tenant_id, request.now)
    fault = games.fault(wallet.brand_id, game_id)
    if fault == "game_disabled":
        return Refusal("GAME_DISABLED", "The game is disabled.", facts={"gameId": game_id})
    game = games.game(game_id)
    if fault == "unknown_game" or game is None or game.integration_id != request.provider:
        return Refusal("GAME_NOT_FOUND", "There is no such game of this provider.", facts={"gameId": game_id})
    if fault:
        return Refusal(
            "GAME_DISABLED", "The game is not offered to the player's brand.", facts={"gameId": game_id}
        )
    return None


# ---------------------------------------------------------------- outcome
def with_request(decision: Decision, request: Request) -> Decision:
    """The decision with the call's raw form in the first of its new transactions."""
    if not request.raw:
        return decision
    txs = list(decision.txs)
    for at, (tx, was) in enumerate(txs):
        if was is None and tx.state != "TOMBSTONE":
            txs[at] = (replace(tx, raw=request.raw, facts=request.headers), None)
            break
    return decision._replace(txs=tuple(txs))


def outcome_of(request: Request, loaded: Loaded, decision: Decision) -> Outcome:
    """What became of the call; raises the decision's own refusal."""
    if decision.refusal is not None:
        raise decision.refusal
    wallet = decision.wallet or loaded.wallet
    late = {place for place, round_ in loaded.records.items() if round_.status != "open"}
    for result in decision.results:
        if result.tx.kind == "win" and not result.replay and (result.tx.provider, result.tx.round_id) in late:
            count("late_wins")
    last = decision.results[-1].tx
    return Outcome(
        wallet,
        decision.results,
        wallet.shown if last.after is None else last.after,
        wallet.shown,
        free_left(request.actions, loaded, decision),
        request.warnings,
    )


def free_left(actions: Sequence[Action], loaded: Loaded, decision: Decision) -> int | None:
    grants = {**loaded.grants, **{grant.id: grant for grant, _ in decision.grants}}
    named = [grants[action.free_id].left for action in actions if action.free_id in grants]
    return named[-1] if named else None
