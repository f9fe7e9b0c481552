"""Use cases over the life of a tournament. Each loads, decides by the pure rules, and commits one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pitboss.catalogue import public as catalogue
from pitboss.kernel.ids import is_ulid
from pitboss.kernel.refusal import Refusal
from pitboss.platform.dynamo import TooBusy, TransactionRefused
from pitboss.rounds import public as rounds
from pitboss.tenancy.public import settings_of
from pitboss.tournaments import gateway, store
from pitboss.tournaments.drafting import Defaults, check_publishable, draft
from pitboss.tournaments.lifecycle import FALL_SHORT, OPEN, PUBLISH, START, already, bells, due_event
from pitboss.tournaments.model import (
    CLOSING,
    DRAFT,
    FINAL,
    PAYING,
    PROVISIONAL,
    REFUNDING,
    SETTLED,
    Actor,
    Event,
    Spec,
    Tournament,
)
from pitboss.tournaments.rules import changed, check_seen, happen

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    type Op = TransactWriteItemTypeDef

ATTEMPTS = 8
_SETTLERS_WORK = (CLOSING, PROVISIONAL, FINAL, PAYING, SETTLED, *REFUNDING)


def defaults_of(tenant_id: str, games: Sequence[str]) -> Defaults:
    """What settings and catalogue of a tenant contribute to a draft."""
    settings = settings_of(tenant_id)
    known = catalogue.known(tenant_id)
    known.want(games=games)
    enabled = {slug for slug in games if (game := known.game(slug)) is not None and game.enabled}
    rates = {}
    for code, (num, den) in settings.fx.items():
        decimals = _decimals(code, settings.exponents)
        if decimals is not None:
            rates[code] = {"exponent": decimals, "num": num, "den": den}
    return Defaults(
        currency=settings.currency,
        exponents=settings.exponents,
        rates=rates,
        duration_ms=settings.default_duration_ms,
        grace_s=settings.default_grace_ms // 1000,
        approval=settings.approval,
        collect="callback" if settings.debits_url else "operator",
        brands=frozenset(catalogue.enabled_brands(tenant_id)),
        games=frozenset(enabled),
    )


def _decimals(currency: str, own: Mapping[str, int]) -> int | None:
    from pitboss.kernel.money import exponent_of

    try:
        return exponent_of(currency, own)
    except KeyError:
        return None


def games_of(given: Mapping[str, Any]) -> list[str]:
    """The game slugs that a request names, those of free rounds among its prizes too."""
    rows = [*(given.get("games") or ()), *([given["game_slug"]] if given.get("game_slug") else ())]
    lines = (given.get("prizes") or {"lines": ()})["lines"]
    prizes = [line["gameSlug"] for line in lines if line.get("gameSlug")]
    return [row if isinstance(row, str) else row["game_slug"] for row in rows] + prizes


def create(
    tenant_id: str, tournament_id: str, given: Mapping[str, Any], actor: Actor, *, as_draft: bool
) -> tuple[Tournament, list[str]]:
    """A new tournament, published at once unless it is to stay a draft. Repeated under the same id it answers the
    first one. Refusals: VALIDATION_ERROR, RULES_INVALID, PRIZES_INVALID."""
    there = store.load(tenant_id, tournament_id)
    if there is not None:
        return there, []
    spec, warnings = draft(given, defaults_of(tenant_id, games_of(given)), actor.now)
    tournament = Tournament(
        tenant_id=tenant_id,
        tournament_id=tournament_id,
        version=1,
        status=DRAFT,
        spec=spec,
        created_at=actor.now,
        created_by=actor.name,
        asked=dict(given),
    )
    return born(tournament, actor, as_draft=as_draft), warnings


def born(tournament: Tournament, actor: Actor, *, as_draft: bool) -> Tournament:
    """Write a tournament for the first time, with the events of its publication if it is to be published."""
    events = [Event("tournament.created", {"name": tournament.spec.name})]
    if not as_draft:
        tournament = replace(tournament, pages=pages_of(tournament.spec))
        for event in (PUBLISH, OPEN):
            if event == OPEN and actor.now < tournament.spec.opens_at:
                break
            tournament, told = happen(tournament, event, actor)
            events.append(told)
    try:
        store.commit([*store.create_ops(tournament, events, actor), *live_ops(tournament)])
    except TransactionRefused:
        there = store.load(tournament.tenant_id, tournament.tournament_id)
        if there is None:
            raise
        return there
    after_commit(tournament, actor.now)
    return tournament


def pages_of(spec: Spec) -> int:
    """Score pages of a tournament at its publication, from the expected players; they grow with those who come. How many
    may come at most says little: a hall of ten thousand seats is no reason to write ten thousand half-empty pages."""
    return rounds.pages_for(spec.expected_players or None)


def live_ops(tournament: Tournament, *, forgotten: bool = False) -> "list[Op]":
    """What the scorer must know of a published tournament (again, if `forgotten`), as part of the same transaction."""
    if not tournament.published_at:
        return []
    if tournament.archived or tournament.status in REFUNDING:
        return rounds.live_archive_ops(live_of(tournament))
    return [rounds.live_put_op(live_of(tournament), forgotten=forgotten)]


def live_of(tournament: Tournament) -> rounds.Live:
    """The scorer's view of a tournament."""
    spec = tournament.spec
    return rounds.Live(
        tenant_id=tournament.tenant_id,
        tournament_id=tournament.tournament_id,
        status=tournament.status,
        rules=spec.rules,
        start_at=spec.start_at,
        end_at=spec.end_at,
        grace_until=tournament.grace_until,
        pauses=tournament.pauses,
        brands=spec.brands,
        games=spec.games,
        pages=tournament.pages,
        currency=spec.currency,
        exponent=spec.exponent,
        ranking=spec.ranking,
        prizes=spec.prizes,
    )


def require(tenant_id: str, tournament_id: str) -> Tournament:
    """The tournament, or TOURNAMENT_NOT_FOUND: another tenant's is as absent as one that never was."""
    found = store.load(tenant_id, tournament_id) if is_ulid(tournament_id) else None
    if found is None:
        raise Refusal("TOURNAMENT_NOT_FOUND", "There is no tournament with this id.")
    return found


def current(tenant_id: str, tournament_id: str, now: int) -> Tournament:
    """The tournament as it is at `now`: a bell that has not rung yet is rung first, so that nobody enters or leaves
    in the seconds between a moment and its bell."""
    found = require(tenant_id, tournament_id)
    if due_event(found, now) is None:
        return found
    return ring(tenant_id, tournament_id, now) or found


def busy(what: str) -> Refusal:
    """Other writers kept winning; nothing was written."""
    return Refusal("SERVER_IS_BUSY", f"Too many {what} at this moment; try again.", retry_after_s=1)


def ring(tenant_id: str, tournament_id: str, now: int) -> Tournament | None:
    """Do whatever the clock owes a tournament, from its own record alone: early, double and late bells are harmless.

    Answers the tournament as it is then, None if there is none. SERVER_IS_BUSY if others kept changing it.
    """
    actor = Actor("clock", "", now)
    for _ in range(ATTEMPTS):
        before = store.load(tenant_id, tournament_id)
        if before is None:
            return None
        after, events = before, list[Event]()
        counted = False
        while (event := due_event(after, now)) is not None:
            counted = counted or event == FALL_SHORT or (event == START and after.spec.min_players > 0)
            after, told = happen(after, event, actor)
            events.append(told)
        if not events:
            after_commit(before, now, rung=True)
            return before
        # Who decides on the number of players must have decided on the number that still holds.
        condition = "players = :players" if counted else ""
        values = {":players": before.players} if counted else None
        try:
            commit_change(before, after, events, actor, condition=condition, values=values)
        except (TransactionRefused, TooBusy):
            continue
        return after
    raise busy("changes of this tournament")


def commit_change(
    before: Tournament,
    after: Tournament,
    events: Sequence[Event],
    actor: Actor,
    *,
    condition: str = "",
    values: Mapping[str, Any] | None = None,
    beside: Sequence["Op"] = (),
) -> None:
    """One transaction: the record, the scorer's view, list, due item and history. TransactionRefused if it moved."""
    ops = store.change_ops(before, after, events, actor, condition=condition, values=values)
    store.commit([*ops, *live_ops(after, forgotten=before.archived), *beside])
    after_commit(after, actor.now)


def after_commit(tournament: Tournament, now: int, *, rung: bool = False) -> None:
    """What follows a commit and may fail: the sweeper makes up for it."""
    if not rung and tournament.published_at:
        gateway.set_bells(tournament, bells(tournament), now)
    if tournament.status in _SETTLERS_WORK and tournament.due_at <= now:
        gateway.ask_settlement(tournament.tenant_id, tournament.tournament_id)


def transition(
    tenant_id: str,
    tournament_id: str,
    event: str,
    actor: Actor,
    reason: str = "",
    *,
    result_seen: int | None = None,
) -> Tournament:
    """A lifecycle event that somebody asks for. Asked again it answers as before and changes nothing; TOURNAMENT_STATE
    says in which statuses it can happen, VERSION_CONFLICT that another version of the result stands than was seen."""
    for _ in range(ATTEMPTS):
        before = current(tenant_id, tournament_id, actor.now)
        if already(before.status, event):
            return before
        after, told = happen(before, event, actor, reason)
        if result_seen is not None:
            check_seen(before, result_seen)
        events = [told]
        if event == PUBLISH:
            check_publishable(before.spec, actor.now)
            after = replace(after, pages=pages_of(after.spec))
            if actor.now >= after.spec.opens_at:
                after, told = happen(after, OPEN, actor)
                events.append(told)
        try:
            commit_change(before, after, events, actor)
        except (TransactionRefused, TooBusy):
            continue
        return after
    raise busy("changes of this tournament")


def change(
    tenant_id: str, tournament_id: str, given: Mapping[str, Any], version: int, actor: Actor
) -> tuple[Tournament, list[str]]:
    """Change the given fields. VERSION_CONFLICT unless `version` is the present one; RULES_IMMUTABLE for what is fixed
    at publication."""
    before = current(tenant_id, tournament_id, actor.now)
    if before.version != version:
        raise Refusal(
            "VERSION_CONFLICT",
            f"The tournament has version {before.version}; read it and change that.",
            facts={"version": before.version},
        )
    asked = {**before.asked, **given}
    if given.get("games"):
        asked.pop("game_slug", None)
    elif given.get("game_slug"):
        asked.pop("games", None)
    at = actor.now if "start_time" in given else min(actor.now, before.created_at)
    spec, warnings = draft(asked, defaults_of(tenant_id, games_of(asked)), at)
    if before.status != DRAFT:
        spec = _kept(before.spec, spec, given)
    after = replace(changed(before, spec, actor.now), asked=asked)
    told = Event("tournament.updated", {"fields": sorted(given)})
    try:
        commit_change(
            before,
            after,
            [told],
            actor,
            condition="seats <= :most" if spec.max_players else "",
        )
    except TransactionRefused:
        raise Refusal(
            "VERSION_CONFLICT", "The tournament was changed in the meantime; read it again."
        ) from None
    except TooBusy:
        raise busy("registrations") from None
    return after, warnings


# Which fields of the document each field of the request decides; all others keep what was published.
_DECIDES: Mapping[str, tuple[str, ...]] = {
    "name": ("name",),
    "external_ref": ("external_ref",),
    "approval": ("approval",),
    "max_players": ("max_players",),
    "min_players": ("min_players",),
    "on_short": ("on_short",),
    "expected_players": ("expected_players",),
    "start_time": ("start_at", "end_at", "late_until"),
    "end_time": ("end_at", "late_until"),
    "registration_opens_at": ("opens_at",),
    "late_registration_until": ("late_until",),
    "grace_seconds": ("grace_ms",),
}
_FIXED = (
    "rules",
    "ranking",
    "prizes",
    "buy_in",
    "rake",
    "rebuy",
    "add_on",
    "guarantee",
    "seed",
    "brands",
    "games",
)


def _kept(before: Spec, asked: Spec, given: Mapping[str, Any]) -> Spec:
    fields: set[str] = set()
    for name in given:
        fields.update(_DECIDES.get(name, (*_FIXED, "currency", "exponent", "max_prize_cost")))
    return replace(before, **{name: getattr(asked, name) for name in fields})


def clone(
    tenant_id: str,
    source_id: str,
    tournament_id: str,
    *,
    name: str | None,
    start_time: int | None,
    actor: Actor,
    as_draft: bool,
) -> Tournament:
    """A tournament like another one, its times moved to a new start. Repeated under the same id it answers the first."""
    there = store.load(tenant_id, tournament_id)
    if there is not None:
        return there
    source = require(tenant_id, source_id)
    asked = dict(source.asked)
    by = max(start_time or 0, actor.now) - asked["start_time"]
    for field in ("start_time", "end_time", "registration_opens_at", "late_registration_until"):
        if asked.get(field) is not None:
            asked[field] += by
    if asked.get("registration_opens_at") is not None:
        asked["registration_opens_at"] = max(asked["registration_opens_at"], actor.now)
    for purchase in ("rebuy", "add_on"):
        terms = (asked.get("entry") or {}).get(purchase)
        if terms and terms.get("until") is not None:
            asked["entry"] = {**asked["entry"], purchase: {**terms, "until": terms["until"] + by}}
    if name is not None:
        asked["name"] = name
    spec, _ = draft(asked, defaults_of(tenant_id, games_of(asked)), actor.now)
    tournament = Tournament(
        tenant_id=tenant_id,
        tournament_id=tournament_id,
        version=1,
        status=DRAFT,
        spec=spec,
        created_at=actor.now,
        created_by=actor.name,
        asked=asked,
        cloned_from=source_id,
    )
    return born(tournament, actor, as_draft=as_draft)


def reschedule(before: Tournament, due_at: int, actor: Actor, **fields: Any) -> Tournament | None:
    """Set when the clock looks next, and bookkeeping fields with it; None if the tournament moved meanwhile."""
    after = replace(before, due_at=due_at, version=before.version + 1, **fields)
    try:
        store.commit([*store.change_ops(before, after, [], actor), *live_ops(after)])
    except TransactionRefused:
        return None
    return after
