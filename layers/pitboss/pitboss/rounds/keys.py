"""Keys of the rounds engine in table `arena`; the only file of the context that spells them (docs/architecture.md)."""

from pitboss.rounds.model import LANE_PAGES, Place


def tournament_pk(tenant_id: str, tournament_id: str) -> str:
    """Partition of everything of one tournament, but for the pages beyond the first lane."""
    return f"T#{tenant_id}#{tournament_id}"


def lane_of(number: int) -> int:
    """The lane of a page: it follows from its number alone and never changes."""
    return number // LANE_PAGES


def lane_pk(tenant_id: str, tournament_id: str, lane: int) -> str:
    """Partition of a lane. Lanes keep a large tournament from being one hot key."""
    pk = tournament_pk(tenant_id, tournament_id)
    return f"{pk}#{lane}" if lane else pk


def page_pk(place: Place) -> str:
    """Partition of a page, its roster and its segments."""
    return lane_pk(place.tenant_id, place.tournament_id, lane_of(place.number))


def page_sk(page: int) -> str:
    """Sort key of a score page."""
    return f"PAGE#{page:05d}"


def roster_sk(page: int) -> str:
    """Sort key of a roster page."""
    return f"ROSTER#{page:05d}"


def part_sk(page: int) -> str:
    """Sort key of what a page's log gave (parts.py)."""
    return f"PART#{page:05d}"


def segment_prefix(page: int) -> str:
    """Sort keys of a page's segments begin with it."""
    return f"SEG#{page:05d}#"


def segment_sk(page: int, version: int, token: str) -> str:
    """Sort key of a segment."""
    return f"{segment_prefix(page)}{version:010d}#{token}"
