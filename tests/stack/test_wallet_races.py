"""One player's wallet under real concurrency: the local DynamoDB orders what many threads send at once."""

import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Barrier

import pytest
from pitboss.catalogue import known as catalogue_memory
from pitboss.catalogue.model import Brand, Game
from pitboss.kernel.refusal import Refusal
from pitboss.platform import aws as clients
from pitboss.platform import dynamo
from pitboss.platform.clock import new_ulid, now_ms
from pitboss.platform.settings import hub_table
from pitboss.points import play
from pitboss.tenancy import standing
from pitboss.tenancy.public import create_root
from pitboss.tenancy.store import find_key
from pitboss.tenancy.tokens import token_hash
from pitboss.wallet import service, store
from pitboss.wallet.accounts import open_wallet_ops
from pitboss.wallet.cash import deposit, withdraw
from pitboss.wallet.model import Action, Session, Wallet
from pitboss.wallet.profile import DEFAULT
from pitboss.wallet.service import Request
from pitboss.wallet.tokens import Token, digest_of

from tests.conftest import Stack

pytestmark = pytest.mark.stack
THREADS, BRAND, GAME, PROVIDER, SECRET = 12, "aurora", "book-of-suns", "acme", bytes(16)


@dataclass
class Player:
    """A transfer player with 1,000.00 EUR and two sessions."""

    tenant_id: str
    player_id: str

    def run(self, *actions: Action, session: str = "S1") -> str:
        """OK, replay, or the name of the refusal; a passing no is asked again, as a provider does."""
        token = Token(self.tenant_id, self.player_id, session, digest_of(SECRET))
        while True:
            now = now_ms()
            request = Request(
                self.tenant_id, self.player_id, PROVIDER, actions, DEFAULT, now, new_ulid(now), token=token
            )
            try:
                outcome = service.run(request)
            except Refusal as refusal:
                if not refusal.entry.retryable:
                    return refusal.name
            else:
                return "replay" if outcome.replay else "OK"

    def bet(self, ext_id: str, amount: str = "10", round_id: str = "r1", session: str = "S1") -> str:
        """A bet."""
        return self.run(Action("bet", ext_id, round_id, GAME, amount, "EUR", "bet"), session=session)

    def back(self, ext_id: str, ref: str) -> str:
        """A rollback."""
        return self.run(Action("rollback", ext_id, ref=ref))

    @property
    def wallet(self) -> Wallet:
        """As it stands."""
        found = store.read_wallet(self.tenant_id, self.player_id)
        assert found is not None
        assert found.balance + found.house + found.cash == found.receivable
        assert found.balance >= 0
        return found


@pytest.fixture
def player(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Player]:
    monkeypatch.setenv("AWS_ENDPOINT_URL", stack.endpoint)
    monkeypatch.setenv("HUB_TABLE", stack.outputs["HubTable"])
    monkeypatch.setenv("LEDGER_TABLE", stack.outputs["LedgerTable"])
    forget()
    key = find_key(token_hash(create_root(f"Hub {uuid.uuid4().hex}", "EUR")))
    assert key is not None
    tenant, now, player_id = str(key["tenantId"]), now_ms(), new_ulid()
    head = {"pk": f"CAT#{tenant}", "tenantId": tenant, "schema": 1}
    for sk, item in (
        (f"BRAND#{BRAND}", Brand(BRAND, BRAND, "op", "Op", PROVIDER, True)),
        (f"GAME#{GAME}", Game(GAME, GAME, "Acme", PROVIDER, True)),
    ):
        dynamo.apply(dynamo.put_op(hub_table(), {**head, "sk": sk, **item.to_record()}))
    sessions = tuple(
        Session(one, digest_of(SECRET), device, now, now + 3_600_000)
        for one, device in (("S1", "desktop"), ("S2", "mobile"))
    )
    wallet = Wallet(tenant, player_id, BRAND, "ann", "EUR", 2, "transfer", sessions=sessions)
    dynamo.transact(open_wallet_ops(wallet))
    deposit(tenant, player_id, "first", 100_000, now=now, seed=new_ulid())
    yield Player(tenant, player_id)
    forget()


def forget() -> None:
    clients.forget_clients()
    catalogue_memory.forget()
    standing.forget()
    play.forget()


def together[Item, T](work: list[Item], do: Callable[[Item], T]) -> list[T]:
    """Run `do(item)` for all items on THREADS threads that start at the same moment."""
    barrier = Barrier(THREADS)

    def one(index: int) -> list[T]:
        barrier.wait()
        return [do(item) for item in work[index::THREADS]]

    with ThreadPoolExecutor(THREADS) as pool:
        return [answer for part in pool.map(one, range(THREADS)) for answer in part]


def test_15_one_bet_sent_fifty_times_at_once_is_taken_once(player: Player) -> None:
    answers = Counter(together(list(range(50)), lambda _: player.bet("t1")))
    assert answers == {"OK": 1, "replay": 49}
    assert player.wallet.balance == 99_000


def test_16_many_bets_never_take_more_than_there_is(player: Player) -> None:
    answers = Counter(together(list(range(24)), lambda n: player.bet(f"t{n}", "100", f"r{n}")))
    assert answers == {"OK": 10, "BALANCE_NOT_ENOUGH": 14}
    assert player.wallet.balance == 0
    assert player.bet("late", "0.01") == "BALANCE_NOT_ENOUGH"


def test_39_two_devices_play_one_wallet(player: Player) -> None:
    answers = together(list(range(24)), lambda n: player.bet(f"t{n}", "1", f"r{n % 5}", f"S{n % 2 + 1}"))
    assert answers == ["OK"] * 24
    assert player.wallet.balance == 97_600


def test_48_a_rollback_races_its_bet(player: Player) -> None:
    """Whoever comes first, the balance ends where it was, and the bet's own repetition says so."""

    def one(number: int) -> str:
        bet, back = number // 2, number % 2
        return player.back(f"x{bet}", f"t{bet}") if back else player.bet(f"t{bet}", "1", f"r{bet}")

    answers = together(list(range(48)), one)
    assert set(answers) <= {"OK", "TX_ROLLED_BACK"}
    assert player.wallet.balance == 100_000
    assert {player.bet(f"t{n}", "1", f"r{n}") for n in range(24)} == {"TX_ROLLED_BACK"}
    assert not player.wallet.rounds


def test_everything_at_once_and_every_sum_holds(player: Player) -> None:
    """Bets, wins, rollbacks, deposits and withdrawals of one player; the books are those of what was answered OK."""

    def one(number: int) -> int:
        now, kind, group = now_ms(), number % 6, number // 6
        tenant, player_id = player.tenant_id, player.player_id
        try:
            if kind == 0:
                deposit(tenant, player_id, f"d{group}", 700, now=now, seed=new_ulid())
                return 700
            if kind == 1:
                withdraw(tenant, player_id, f"w{group}", 300, now=now, seed=new_ulid())
                return -300
        except Refusal as refusal:
            if not refusal.entry.retryable:
                raise
            return 0
        if kind == 5:
            win = Action("win", f"p{group}", f"r{group}", GAME, "2", "EUR", "promo")
            return 200 if player.run(win) == "OK" else 0
        return -100 if player.bet(f"t{number}", "1", f"r{group}") == "OK" else 0

    moved = together(list(range(72)), one)
    wallet = player.wallet
    assert wallet.balance == 100_000 + sum(moved)
    records = store.recorded_rounds(player.tenant_id, player.player_id)
    rounds = [*wallet.rounds, *(record.round for record in records)]
    assert sum(r.stake - r.win for r in rounds) == wallet.house
    assert replace(wallet, rounds=()).spilled == sum(r.status == "open" for r in rounds if r.revision)
