"""Pages of payouts and debits: which index answers a question, and the cursor that goes on from there."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pitboss.delivery import store
from pitboss.delivery.model import WAITING, Family, Movement
from pitboss.kernel.canonical import digest
from pitboss.kernel.instants import MAX_INSTANT
from pitboss.kernel.refusal import FieldError, Refusal

# A filter on a state that no index knows reads at most this many times the page, then answers a short page and a cursor.
READ_AHEAD = 10
_CURSOR_MAX = 1000


@dataclass(frozen=True, slots=True)
class Ask:
    """A question: side, filters ("" for any), page size. A cursor only goes on with the question that it came from."""

    tenant_id: str
    side: Literal["debit", "payout"]
    tournament_id: str = ""
    state: str = ""
    player_id: str = ""
    limit: int = 50

    def fits(self, movement: Movement) -> bool:
        """Whether a movement is among those asked for."""
        player = movement.terms.player_id if movement.terms else ""
        return self.state in ("", movement.state) and self.player_id in ("", player)

    @property
    def mark(self) -> str:
        """What the cursor is bound to."""
        return digest([self.tenant_id, self.side, self.tournament_id, self.state, self.player_id])[:16]


def page(ask: Ask, cursor: str | None) -> tuple[list[Movement], str | None]:
    """One page and the cursor of the next, or None at the end. A page may be short, even empty, before the end.

    Of one tournament by reference; of a tenant newest first, except what waits for a person (oldest first).

    Raises:
        Refusal: CURSOR_INVALID.
    """
    place = _read_cursor(ask, cursor) if cursor else None
    if ask.tournament_id:
        return _of_tournament(ask, place)
    if ask.state in WAITING:
        return _waiting(ask, place)
    return _of_tenant(ask, place)


def _of_tournament(ask: Ask, place: Sequence[str] | None) -> tuple[list[Movement], str | None]:
    after = place[0] if place else None
    found: list[Movement] = []
    read = 0
    rows = store.of_tournament(
        ask.tenant_id, ask.tournament_id, ask.side, after=after, limit=ask.limit * READ_AHEAD
    )
    for movement in rows:
        read += 1
        after = movement.ref
        if ask.fits(movement):
            found.append(movement)
            if len(found) == ask.limit:
                break
    full = len(found) == ask.limit or read == ask.limit * READ_AHEAD
    return found, _cursor(ask, [after]) if full and after else None


def _waiting(ask: Ask, place: Sequence[str] | None) -> tuple[list[Movement], str | None]:
    # A tenant's refunds wait in the same view as its debits: first the debits, then the refunds.
    families: tuple[Family, ...] = ("payout",) if ask.side == "payout" else ("debit", "refund")
    found: list[Movement] = []
    last: list[str] = []
    for family in families[families.index(_family(place[0])) if place else 0 :]:
        after = (int(place[1]), place[2], place[3]) if place and place[0] == family else None
        left = ask.limit - len(found)
        rows = store.waiting(ask.tenant_id, family, ask.state, after=after, limit=left)
        found += [movement for movement in rows if ask.fits(movement)]
        if rows:
            last = [family, str(rows[-1].created_at), rows[-1].tournament_id, rows[-1].ref]
        if len(rows) == left:
            return found, _cursor(ask, last)
    return found, None


def _of_tenant(ask: Ask, place: Sequence[str] | None) -> tuple[list[Movement], str | None]:
    before = place[0] if place else None
    found: list[Movement] = []
    for _ in range(READ_AHEAD):
        rows, more = store.of_tenant(ask.tenant_id, ask.side, before=before, limit=ask.limit)
        for before, movement in rows:
            if ask.fits(movement):
                found.append(movement)
                if len(found) == ask.limit:
                    return found, _cursor(ask, [before])
        if not more:
            return found, None
    return found, _cursor(ask, [before]) if before else None


# ---------------------------------------------------------------- cursors
def _cursor(ask: Ask, place: Sequence[str | None]) -> str:
    """Opaque, not secret: it holds a place within the tenant's own keys, so a forged one finds nothing of others."""
    text = json.dumps([ask.mark, *place], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_cursor(ask: Ask, cursor: str) -> list[str]:
    try:
        if len(cursor) > _CURSOR_MAX or not cursor.isascii():
            raise ValueError("too long")
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        document = json.loads(raw.decode("utf-8"))
        shapes = {1, 4} if not ask.tournament_id and ask.state in WAITING else {1}
        if not isinstance(document, list) or not all(isinstance(part, str) and part for part in document):
            raise ValueError("not a cursor of ours")
        mark, *place = document
        if mark != ask.mark or len(place) not in shapes:
            raise ValueError("the cursor of another question")
        if len(place) == 4:
            _family(place[0])
        time = place[1] if len(place) == 4 else "0" if ask.tournament_id else place[0].partition("#")[0]
        if not (time.isascii() and time.isdigit() and len(time) <= 13 and int(time) <= MAX_INSTANT):
            raise ValueError("not a cursor of ours")
    except (binascii.Error, ValueError, RecursionError):
        raise Refusal(
            "CURSOR_INVALID",
            "Use nextCursor as it was answered, with the same filters.",
            errors=[FieldError("cursor", "not a cursor of this list")],
        ) from None
    return place


def _family(text: str) -> Family:
    if text == "payout":
        return "payout"
    if text == "debit":
        return "debit"
    if text == "refund":
        return "refund"
    raise ValueError("not a family")
