"""Use cases of free rounds: grant, list, cancel. Playing them is the wallet's."""

from pitboss.catalogue.public import read
from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.platform import cursors, dynamo
from pitboss.players import service, store
from pitboss.players.model import Event
from pitboss.players.service import Known, Who
from pitboss.wallet.public import FreeRounds, free_rounds, sessions

MAX_AHEAD_MS = 366 * 86_400_000
SCAN_LIMIT = 500


def judge_games(tenant_id: str, known: Known, games: list[str]) -> str:
    """The one integration whose games these are.

    Raises:
        Refusal: GAME_NOT_FOUND, GAME_DISABLED, FREEROUND_NOT_SUPPORTED, VALIDATION_ERROR (several integrations).
    """
    found = read(tenant_id, [], games)[1]
    for place, slug in enumerate(games):
        game, pointer = found.get(slug), f"gameIds[{place}]"
        if game is None:
            raise Refusal(
                "GAME_NOT_FOUND", f"There is no game {slug!r}.", errors=[FieldError(pointer, "unknown")]
            )
        if not game.enabled or (game.brands is not None and known.player.brand_id not in game.brands):
            raise Refusal(
                "GAME_DISABLED",
                f"{game.name} is not offered to the player's brand now.",
                errors=[FieldError(pointer, "not offered")],
            )
        if not game.free_rounds:
            raise Refusal(
                "FREEROUND_NOT_SUPPORTED",
                f"{game.name} has no free rounds; list with GET /games?isFreeroundSupported=true.",
                errors=[FieldError(pointer, "no free rounds")],
            )
    providers = {game.integration_id for game in found.values()}
    if len(providers) != 1:
        raise Refusal(
            "VALIDATION_ERROR",
            "The games of one grant belong to one integration.",
            errors=[FieldError("gameIds", "games of one integration")],
        )
    return providers.pop()


def grant(rounds: FreeRounds, *, who: Who, now: int) -> tuple[FreeRounds, bool]:
    """Keep a grant, and whether it is new: a repeated attempt finds its own.

    Raises:
        Refusal: PLAYER_BLOCKED, PLAYER_SELF_EXCLUDED, PLAYER_COOLING_OFF, PLAYER_CLOSED; VALIDATION_ERROR for an end
            that has passed or lies more than a year ahead.
    """
    if not now < rounds.expires_at <= now + MAX_AHEAD_MS:
        raise Refusal(
            "VALIDATION_ERROR",
            "expiresAt lies ahead, at most a year.",
            errors=[FieldError("expiresAt", "ahead, at most a year")],
        )
    facts = {"freeRoundsId": (None, rounds.id), "count": (None, rounds.count)}
    event = Event(who.event_id, rounds.player_id, "freerounds.granted", now, who.key_id, who.source_ip, facts)
    if store.grant(rounds, event):
        return rounds, True
    standing = free_rounds.read(rounds.tenant_id, rounds.player_id, rounds.id)
    return standing or rounds, False


def judge_player(known: Known, now: int) -> None:
    """No gifts to those who may not play. Refusals of sessions.barred."""
    if refusal := sessions.barred(known.wallet, now):
        raise refusal


def find(tenant_id: str, grant_id: str) -> FreeRounds:
    """A grant by its id. Refusal FREEROUND_NOT_FOUND."""
    player_id = store.owner_of(tenant_id, grant_id)
    found = free_rounds.read(tenant_id, player_id, grant_id) if player_id else None
    if found is None:
        raise Refusal("FREEROUND_NOT_FOUND", "There are no such free rounds.")
    return found


def cancel(tenant_id: str, grant_id: str, *, who: Who, now: int) -> FreeRounds:
    """Cancel a grant of which no round was played; again is the same.

    Raises:
        Refusal: FREEROUND_NOT_FOUND, FREEROUND_CANNOT_CANCEL.
    """
    for attempt in range(1, service.ATTEMPTS + 1):
        before = find(tenant_id, grant_id)
        after = free_rounds.cancel(before)
        if after == before:
            return before
        facts = {"freeRoundsId": (grant_id, None)}
        event = Event(
            who.event_id, before.player_id, "freerounds.cancelled", now, who.key_id, who.source_ip, facts
        )
        if store.withdraw(before, after, event):
            return after
        dynamo.pause(attempt)
    raise Refusal("OPERATION_IN_PROGRESS", "The rounds are being played; repeat it.", retry_after_s=1)


def listed(
    tenant_id: str, *, player_id: str | None, state: str | None, cursor: str | None, limit: int, now: int
) -> tuple[list[FreeRounds], str | None]:
    """Grants, the newest first, of one player or of all, and the next cursor. At most SCAN_LIMIT grants are looked at for
    one page, so a page may be short and yet have a next one."""
    bound = (tenant_id, "free-rounds", player_id, state)
    before = cursors.read(cursor, *bound)
    page: list[FreeRounds] = []
    looked = 0
    while looked < SCAN_LIMIT:
        if player_id is None:
            keys = store.granted(tenant_id, before=before, limit=100)
            batch = store.grants(tenant_id, keys)
        else:
            mine = sorted(free_rounds.of_player(tenant_id, player_id), key=lambda row: row.id, reverse=True)
            batch = [row for row in mine if before is None or row.id < before][:100]
            keys = [(row.player_id, row.id) for row in batch]
        for row in batch:
            if state is None or row.status_at(now) == state:
                if len(page) == limit:
                    return page, cursors.make(page[-1].id, *bound)
                page.append(row)
        if len(keys) < 100:
            return page, None
        before, looked = keys[-1][1], looked + len(keys)
    return page, cursors.make(str(before), *bound)
