"""What other contexts may use of the rounds engine."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from pitboss.rounds import catching_up, closing, gateway, growing, layout_store, ranker, store
from pitboss.rounds.boards import Snapshot
from pitboss.rounds.closing import Beat, FinalRanking
from pitboss.rounds.model import Live, Place, pages_for, player_key
from pitboss.rounds.reading import newest_board, rows_at
from pitboss.rounds.sorting import ranked_of
from pitboss.scoring.public import Ranked, Seat

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

__all__ = [
    "Beat",
    "FinalRanking",
    "Live",
    "Snapshot",
    "catch_up",
    "final_ranking",
    "grow",
    "live_archive_ops",
    "live_put_op",
    "live_tournaments",
    "newest_board",
    "pages_for",
    "player_key",
    "rank_now",
    "ranked_from",
    "read_seat",
    "request_rank",
    "roster_put_ops",
    "seal",
    "seats",
]


def live_put_op(live: Live, *, forgotten: bool = False) -> "TransactWriteItemTypeDef":
    """Part of a lifecycle transaction: from its commit on the scorer knows the tournament as given. One that it had
    `forgotten` (`live_archive_ops`) has the pages that it had grown to: the scorer would look for players elsewhere."""
    if forgotten:
        laid = layout_store.read_layout(live.tenant_id, live.tournament_id, live.pages)
        live = replace(live, grown=laid.layout.pages)
    return store.live_put(live)


def live_archive_ops(live: Live) -> "list[TransactWriteItemTypeDef]":
    """Part of a lifecycle transaction: the scorer forgets the tournament; its board can still be read."""
    return store.live_archive(live)


def live_tournaments(tenant_id: str) -> list[Live]:
    """Every tournament the scorer knows of a tenant."""
    return store.live_of(tenant_id)


def roster_put_ops(
    tenant_id: str, tournament_id: str, pages: int, seat: Seat, *, expect: Seat | None
) -> "list[TransactWriteItemTypeDef]":
    """Part of a registration transaction: the seat as it will be, on condition that it is `expect` now (None: absent).
    `pages` as at publication. Refused also when the page is split meanwhile; made anew, it finds the right one."""
    layout = layout_store.read_layout(tenant_id, tournament_id, pages).layout
    number = layout.page_of(player_key(seat.brand_id, seat.player_id))
    place = Place(tenant_id, tournament_id, number)
    return [store.roster_put(place, layout.span_of(number), seat, expect)]


def grow(tenant_id: str, tournament_id: str, pages: int, players: int) -> int:
    """Make room for so many players (or entries, if there are more), as far as one call goes; the number of pages then.
    `pages` as at publication. To be called after registrations; harmless at any time and by any number of callers."""
    return growing.grow(tenant_id, tournament_id, pages, players)


def read_seat(tenant_id: str, tournament_id: str, pages: int, brand_id: str, player_id: str) -> Seat | None:
    """One seat, read strongly. `pages` as at publication."""
    return layout_store.read_seat(tenant_id, tournament_id, pages, player_key(brand_id, player_id))


def seats(tenant_id: str, tournament_id: str, pages: int) -> Iterator[Seat]:
    """Every seat of a tournament. `pages` as at publication."""
    for sheet in layout_store.sheets(tenant_id, tournament_id, pages):
        yield from sheet.seats.values()


def request_rank(tenant_id: str, tournament_id: str) -> None:
    """Ask for a new board within a tick or two."""
    gateway.request_ranks([(tenant_id, tournament_id)])


def rank_now(tenant_id: str, tournament_id: str) -> int | None:
    """Publish a new board now; its seq, or None when the tournament is not live."""
    made = ranker.rank_now(tenant_id, tournament_id)
    return made.seq if made else None


def catch_up(tenant_id: str, tournament_id: str, beat: Beat) -> None:
    """Make sure that every batch acknowledged in the closing hour is folded, or in all of the tournament's time while there are
    batches that the scorer gave up. This and the next two take as long as there are rounds; `beat` is called after each part
    of it."""
    from pitboss.catalogue.public import integrations

    catching_up.catch_up(tenant_id, tournament_id, integrations(tenant_id), beat, whole=gateway.given_up())


def seal(tenant_id: str, tournament_id: str, beat: Beat) -> bool:
    """Close every page against further rounds; True when all are closed."""
    return closing.seal(tenant_id, tournament_id, beat)


def final_ranking(tenant_id: str, tournament_id: str, beat: Beat) -> FinalRanking:
    """The ranking recomputed from the log. LookupError when the tournament is not live any more."""
    return closing.final_ranking(tenant_id, tournament_id, beat)


def ranked_from(board: Snapshot, offset: int, limit: int) -> list[Ranked]:
    """Players of a board in its order, from place `offset` (0 first)."""
    return [ranked_of(row) for row in rows_at(board, offset, limit)]
