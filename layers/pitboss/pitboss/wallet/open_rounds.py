"""Rounds that nobody ended, across players: by the register that wallets with open rounds are entered in, day by day."""

from itertools import islice

from pitboss.platform import dynamo
from pitboss.platform.observe import count, logger
from pitboss.wallet import store
from pitboss.wallet.failed import open_of
from pitboss.wallet.model import RoundRecord

# Vendors end their rounds within hours; after two days one is stuck (certification case 93).
LATE_MS = 48 * 3_600_000
KEPT_SLOTS = 31
# Partitions that one page looks at; most are empty.
PARTITIONS = 64
# Wallets that one page reads: a busy day has entered tens of thousands, most of which have nothing open any more.
WALLETS = 400
_PLAYERS = 50
MOST = 2_000  # wallets of one sweep: some 20 s of the worker's 60


def page(
    tenant_id: str, started_before: int, position: str | None, limit: int, now: int
) -> tuple[list[RoundRecord], str | None]:
    """Open rounds of a tenant that began before an instant, the last days first, and where the next page begins. A page
    may be short, even empty, before the end."""
    today = store.open_slot(now)
    place, after = 0, None
    if position:
        text, _, after_text = position.partition(":")
        place, after = int(text), after_text or None
    found: list[RoundRecord] = []
    looked = 0
    last = min(place + PARTITIONS, KEPT_SLOTS * store.OPEN_BUCKETS)
    while place < last:
        slot, bucket = today - place // store.OPEN_BUCKETS, place % store.OPEN_BUCKETS
        players = list(store.marked_in(slot, bucket, tenant_id=tenant_id, after=after, limit=_PLAYERS))
        for _, player_id in players:
            wallet = store.read_wallet(tenant_id, player_id)
            # A wallet stands in a slot of each day that it opened a round on; the latest one counts.
            if wallet is not None and (wallet.marked <= slot or not wallet.marked):
                found += open_of(wallet, started_before)
            after = player_id
            looked += 1
            if len(found) >= limit or looked >= WALLETS:
                return found, f"{place}:{after}"
        if len(players) < _PLAYERS:
            place, after = place + 1, None
    return found, f"{place}:" if last < KEPT_SLOTS * store.OPEN_BUCKETS else None


def sweep(now: int, most: int = MOST) -> int:
    """Look at wallets entered two days ago and before: those without open rounds leave the register, the others are
    counted and move on to today's slot. Answers how many rounds are late. Extra calls are harmless. At most `most` wallets,
    the longest entered first: what a busy day leaves for the next hours must not fall out at the far end."""
    today = store.open_slot(now)
    late = 0
    for slot in range(today - KEPT_SLOTS + 1, store.open_slot(now - LATE_MS) + 1):
        for tenant_id, player_id in list(islice(store.marked(slot, most), most)):
            most -= 1
            wallet = store.read_wallet(tenant_id, player_id)
            if wallet is not None and (wallet.rounds or wallet.spilled):
                stuck = open_of(wallet, now - LATE_MS)
                late += len(stuck)
                for record in stuck[:5]:
                    logger.warning(
                        "a round is open for two days",
                        tenantId=tenant_id,
                        provider=record.round.provider,
                        roundId=record.round.round_id,
                        playerId=player_id,
                    )
                # Entered anew before it leaves: should we die in between, it stands in both.
                dynamo.apply(store.mark_open_op(wallet, today))
            store.unmark(slot, tenant_id, player_id)
        if most <= 0:
            break
    if late:
        count("wallet_rounds_late", late)
    return late
