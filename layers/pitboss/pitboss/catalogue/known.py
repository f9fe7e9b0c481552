"""What is known of brands and games, for those who must judge thousands of rounds a second.

Enabled brands and games are kept for a few seconds in the execution environment; whatever would lead to a rejection
is read again first, strongly. So a game synced a moment ago is never rejected by an old memory, and one disabled a
moment ago may pass for at most KEPT_MS.
"""

from collections.abc import Iterable

from pitboss.catalogue import store
from pitboss.catalogue.model import Brand, Game
from pitboss.platform.clock import now_ms

KEPT_MS = 10_000
KEPT_ITEMS = 20_000

_brands: dict[tuple[str, str], tuple[int, Brand]] = {}
_games: dict[tuple[str, str], tuple[int, Game]] = {}


def forget() -> None:
    """Drop what is kept (after an own sync, and in tests)."""
    _brands.clear()
    _games.clear()


class Known:
    """A view for one request: `brands` and `games` hold what was looked up (unknown ones are None)."""

    def __init__(self, tenant_id: str, now: int | None = None) -> None:
        self.tenant_id = tenant_id
        self.brands: dict[str, Brand | None] = {}
        self.games: dict[str, Game | None] = {}
        self._fresh: set[tuple[str, str]] = set()
        self._now = now_ms() if now is None else now

    def want(self, brands: Iterable[str] = (), games: Iterable[str] = ()) -> None:
        """Look up many at once: one BatchGetItem for those neither in this view nor in memory."""
        ask_brands = [ref for ref in set(brands) if ref not in self.brands and not self._recall_brand(ref)]
        ask_games = [slug for slug in set(games) if slug not in self.games and not self._recall_game(slug)]
        if ask_brands or ask_games:
            self._read(ask_brands, ask_games)

    def brand(self, ref: str) -> Brand | None:
        """The brand, or None."""
        self.want(brands=(ref,))
        return self.brands[ref]

    def game(self, slug: str) -> Game | None:
        """The game, or None."""
        self.want(games=(slug,))
        return self.games[slug]

    def fault(self, brand_ref: str, slug: str) -> str:
        """Why a round of this brand and game is not taken, or "".

        One of `unknown_brand`, `brand_disabled`, `unknown_game`, `game_disabled`, `game_not_for_brand`. Never told from
        memory: what memory would reject is read again once per view.
        """
        self.want((brand_ref,), (slug,))
        reason = self._judge(brand_ref, slug)
        if reason:
            stale_brands = [] if ("b", brand_ref) in self._fresh else [brand_ref]
            stale_games = [] if ("g", slug) in self._fresh else [slug]
            if stale_brands or stale_games:
                self._read(stale_brands, stale_games)
                reason = self._judge(brand_ref, slug)
        return reason

    def _judge(self, brand_ref: str, slug: str) -> str:
        brand, game = self.brands[brand_ref], self.games[slug]
        if brand is None:
            return "unknown_brand"
        if game is None:
            return "unknown_game"
        if not brand.enabled:
            return "brand_disabled"
        if not game.enabled:
            return "game_disabled"
        if game.brands is not None and brand_ref not in game.brands:
            return "game_not_for_brand"
        return ""

    def _recall_brand(self, ref: str) -> bool:
        kept = _brands.get((self.tenant_id, ref))
        if kept is None or not 0 <= self._now - kept[0] < KEPT_MS:
            return False
        self.brands[ref] = kept[1]
        return True

    def _recall_game(self, slug: str) -> bool:
        kept = _games.get((self.tenant_id, slug))
        if kept is None or not 0 <= self._now - kept[0] < KEPT_MS:
            return False
        self.games[slug] = kept[1]
        return True

    def _read(self, brands: list[str], games: list[str]) -> None:
        found_brands, found_games = store.read(self.tenant_id, brands, games)
        if len(_brands) + len(_games) > KEPT_ITEMS:
            forget()
        for ref in brands:
            brand = self.brands[ref] = found_brands.get(ref)
            self._fresh.add(("b", ref))
            if brand is not None and brand.enabled:
                _brands[self.tenant_id, ref] = (self._now, brand)
            else:
                _brands.pop((self.tenant_id, ref), None)
        for slug in games:
            game = self.games[slug] = found_games.get(slug)
            self._fresh.add(("g", slug))
            if game is not None and game.enabled:
                _games[self.tenant_id, slug] = (self._now, game)
            else:
                _games.pop((self.tenant_id, slug), None)
