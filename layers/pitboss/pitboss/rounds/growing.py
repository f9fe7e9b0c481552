"""Growing: pages are split, one after the other, as players come (model.Layout says which one's turn it is)."""

import secrets

from pitboss.platform.clock import now_ms
from pitboss.platform.observe import count
from pitboss.rounds import layout_store
from pitboss.rounds.layout_store import Halves, Laid
from pitboss.rounds.model import Layout, Page, Place, Segment, Sheet, pages_for, player_hash

# A registration makes room for itself and a few others; what is left the next ones do.
SPLITS_A_CALL = 4
ATTEMPTS = 3


def grow(tenant_id: str, tournament_id: str, first: int, players: int) -> int:
    """Split pages until they suffice for so many players, a few at a time; the number of pages then.

    Whoever is overtaken leaves it at that: nothing is lost by a page that is too full for a while, and the next
    registration tries again. Dying in between leaves whole splits.
    """
    wanted = pages_for(players)
    laid = layout_store.read_layout(tenant_id, tournament_id, first)
    for _ in range(SPLITS_A_CALL):
        if laid.frozen or laid.layout.pages >= wanted or not split(tenant_id, tournament_id, laid):
            break
        count("pages_split")
        laid = Laid(laid.layout.grown(), stored=True)
    return laid.layout.pages


def split(tenant_id: str, tournament_id: str, laid: Laid) -> bool:
    """Split the page whose turn it is; False when others changed it meanwhile, or all is sealed."""
    number, _, _ = laid.layout.next_split()
    for _ in range(ATTEMPTS):
        sheet = layout_store.settled_sheet(Place(tenant_id, tournament_id, number))
        if sheet.page.sealed or sheet.span != laid.layout.span_of(number):
            return False
        halves = halved(sheet, laid.layout, now_ms())
        if layout_store.commit_split(tenant_id, tournament_id, laid, sheet, halves):
            return True
        again = layout_store.read_layout(tenant_id, tournament_id, laid.layout.first)
        if again != laid:
            return False
    return False


def halved(sheet: Sheet, layout: Layout, now: int) -> Halves:
    """Both halves of the page whose turn it is. Nothing a player has changes: states and seats go whole to one side, the
    hashes of the latest rounds to both (they do not say whose they are, and a stranger's does no harm), and the log before
    the split belongs to both."""
    _, child, span = layout.next_split()
    page = sheet.page
    version, at = page.version + 1, max(page.updated_at, now)
    born = (*page.lineage, (version, sheet.number))
    sides, marks = [], []
    for number, lineage in ((sheet.number, page.lineage), (child, born)):
        states = {k: s for k, s in page.states.items() if player_hash(k) % span == number}
        marks.append(Segment(version, secrets.token_hex(6), page.head, at, [], states))
        half = Page(
            version=version,
            head=marks[-1].token,
            horizon=page.horizon,
            states=states,
            recent=page.recent,
            orphans=page.orphans,
            updated_at=at,
            span=span,
            lineage=lineage,
            slots=page.slots,
            mapped=page.mapped,
            early=page.early,
        )
        seats = {k: s for k, s in sheet.seats.items() if player_hash(k) % span == number}
        sides.append(Sheet(number, half, seats, span, sheet.changes + 1))
    return Halves(sides[0], sides[1], (marks[0], marks[1]))
