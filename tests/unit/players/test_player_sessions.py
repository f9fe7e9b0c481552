"""Sessions of a wallet: devices, refreshing, launches, exchange, eviction, time played."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pitboss.kernel.refusal import Refusal
from pitboss.wallet import sessions, tokens
from pitboss.wallet.model import MAX_SESSIONS, Limits, Session, Wallet

pytestmark = pytest.mark.unit

NOW = 1_800_000_000_000
MINUTE = sessions.MINUTE_MS
TTL = sessions.SESSION_TTL_MS
WALLET = Wallet("tenant", "PLAYER", "aurora", "ann", "EUR", 2, "transfer")


def live(name: str, device: str = "desktop", now: int = NOW, external: str = "") -> Session:
    return Session(name, tokens.digest_of(name.encode()), device, now, now + TTL, external_id=external)


def launched(name: str, now: int = NOW, device: str = "desktop/slot") -> tuple[Session, str]:
    secret = name.encode().ljust(16, b"-")
    token = tokens.make("tenant", "PLAYER", name, secret, tokens.LAUNCH)
    until = now + sessions.LAUNCH_TTL_MS
    return (
        Session(name, b"", device, now, until, launch=tokens.digest_of(secret), launch_until=until),
        token,
    )


def refused(name: str, call: object, *arguments: object, **more: object) -> Refusal:
    with pytest.raises(Refusal) as caught:
        call(*arguments, **more)  # type: ignore[operator]
    assert caught.value.name == name
    return caught.value


def alive_ids(wallet: Wallet, now: int = NOW) -> list[str]:
    return [session.id for session in wallet.sessions if sessions.alive(session, now)]


def test_one_session_for_each_device() -> None:
    wallet = sessions.start(WALLET, live("a"), NOW)
    wallet = sessions.start(wallet, live("b", "mobile"), NOW)
    assert alive_ids(wallet) == ["a", "b"]
    wallet = sessions.start(wallet, live("c"), NOW + 1)
    assert alive_ids(wallet, NOW + 1) == ["b", "c"]
    assert sessions.by_id(wallet, "a") is not None


def test_the_same_external_id_refreshes_across_devices() -> None:
    wallet = sessions.start(WALLET, live("a", "desktop", external="x"), NOW)
    wallet = sessions.start(wallet, live("b", "mobile", external="x"), NOW)
    assert alive_ids(wallet) == ["b"]


def test_a_token_is_found_while_kept_and_takes_bets_while_alive() -> None:
    wallet = sessions.start(WALLET, live("a"), NOW)
    true = tokens.Token("tenant", "PLAYER", "a", tokens.digest_of(b"a"))
    assert sessions.find(wallet, true, NOW).id == "a"
    refused("TOKEN_INVALID", sessions.find, wallet, true._replace(digest=tokens.digest_of(b"x")), NOW)
    refused("TOKEN_INVALID", sessions.find, wallet, true._replace(session_id="b"), NOW)
    refused("SESSION_EXPIRED", sessions.find, wallet, true, NOW + TTL)
    ended = sessions.end(wallet, "a")
    refused("SESSION_EXPIRED", sessions.find, ended, true, NOW)
    kept = sessions.lookup(ended, true)
    assert kept is not None
    assert kept.ended
    assert sessions.end(ended, "a") == ended
    refused("SESSION_NOT_FOUND", sessions.end, ended, "nope")


def test_a_launch_token_is_no_session_token() -> None:
    session, text = launched("a")
    wallet = sessions.launch(WALLET, session, NOW)
    assert alive_ids(wallet) == []
    assert tokens.read(text) is None
    token = tokens.read(text, tokens.LAUNCH)
    assert token is not None
    assert sessions.lookup(wallet, token) is None


def test_a_launch_token_is_exchanged_once_but_repeatably() -> None:
    session, text = launched("a")
    wallet = sessions.launch(WALLET, session, NOW)
    after, token = sessions.exchange(wallet, text, "msg-1", NOW + MINUTE)
    assert alive_ids(after, NOW + MINUTE) == ["a"]
    read = tokens.read(token)
    assert read is not None
    assert sessions.find(after, read, NOW + MINUTE).started_at == NOW + MINUTE
    assert sessions.exchange(after, text, "msg-1", NOW + 2 * MINUTE) == (after, token)
    refused("LAUNCH_TOKEN_USED", sessions.exchange, after, text, "msg-2", NOW + MINUTE)
    refused("LAUNCH_TOKEN_EXPIRED", sessions.exchange, wallet, text, "m", NOW + sessions.LAUNCH_TTL_MS)
    refused("LAUNCH_TOKEN_EXPIRED", sessions.exchange, sessions.end(wallet, "a"), text, "m", NOW)
    forged = tokens.make("tenant", "PLAYER", "a", b"0" * 16, tokens.LAUNCH)
    refused("TOKEN_INVALID", sessions.exchange, wallet, forged, "m", NOW)
    refused("TOKEN_INVALID", sessions.exchange, after, forged, "msg-1", NOW)
    refused("TOKEN_INVALID", sessions.exchange, WALLET, text, "m", NOW)
    refused("TOKEN_INVALID", sessions.exchange, wallet, token, "m", NOW)


def test_the_same_game_opened_again_takes_over_and_another_one_does_not() -> None:
    wallet = WALLET
    for name, device in (("a", "desktop/slot"), ("b", "desktop/crash"), ("c", "desktop/slot")):
        session, text = launched(name, device=device)
        wallet, _ = sessions.exchange(sessions.launch(wallet, session, NOW), text, name, NOW)
    assert alive_ids(wallet) == ["b", "c"]


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"status": "blocked"}, "PLAYER_BLOCKED"),
        ({"status": "closed"}, "PLAYER_CLOSED"),
        ({"self_excluded_until": NOW + 1}, "PLAYER_SELF_EXCLUDED"),
        ({"cool_off_until": NOW + 1}, "PLAYER_COOLING_OFF"),
        ({"status": "blocked", "self_excluded_until": NOW + 1}, "PLAYER_SELF_EXCLUDED"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_who_may_not_play_gets_no_session(change: dict[str, object], name: str) -> None:
    session, text = launched("a")
    waiting = sessions.launch(WALLET, session, NOW)
    barred = replace(WALLET, **change)  # type: ignore[arg-type]
    refused(name, sessions.start, barred, live("b"), NOW)
    refused(name, sessions.launch, barred, session, NOW)
    refused(name, sessions.exchange, replace(waiting, **change), text, "m", NOW)  # type: ignore[arg-type]
    over = replace(WALLET, self_excluded_until=NOW, cool_off_until=NOW)
    assert sessions.may_begin(over, NOW) is None


def test_time_played_counts_through_refreshing_and_devices() -> None:
    wallet = sessions.start(WALLET, live("a"), NOW)
    later = NOW + 30 * MINUTE
    wallet = sessions.start(wallet, live("b", "mobile", later), later)
    wallet = sessions.start(wallet, live("c", "desktop", later), later)
    assert [s.started_at for s in wallet.sessions] == [NOW, NOW, NOW]
    assert sessions.begun_at(wallet, later) == NOW
    pause = sessions.end_all(wallet)
    assert sessions.begun_at(pause, later) == later


def test_a_full_session_time_is_followed_by_a_pause() -> None:
    wallet = replace(sessions.start(WALLET, live("a"), NOW), limits=Limits(session_minutes=60))
    full = NOW + 60 * MINUTE
    assert sessions.may_begin(wallet, full - 1) is None
    refused("SESSION_TIME_LIMIT", sessions.start, wallet, live("b", "mobile", full), full)
    refused(
        "SESSION_TIME_LIMIT", sessions.start, wallet, live("b", "mobile", full), full + sessions.PAUSE_MS - 1
    )
    assert sessions.may_begin(wallet, full + sessions.PAUSE_MS) is None


def test_blocking_ends_everything() -> None:
    session, text = launched("b")
    wallet = sessions.launch(sessions.start(WALLET, live("a"), NOW), session, NOW)
    ended = sessions.end_all(wallet)
    assert alive_ids(ended) == []
    refused("LAUNCH_TOKEN_EXPIRED", sessions.exchange, ended, text, "m", NOW)


STEPS = st.lists(
    st.tuples(st.sampled_from(("start", "launch", "end")), st.integers(0, 3), st.integers(0, 90)), max_size=40
)


@given(STEPS)
def test_the_newest_session_stands_and_the_wallet_stays_small(steps: list[tuple[str, int, int]]) -> None:
    wallet, now = WALLET, NOW
    for number, (kind, device, minutes) in enumerate(steps):
        now += minutes * MINUTE
        name = f"s{number}"
        if kind == "start":
            wallet = sessions.start(wallet, live(name, f"d{device}", now), now)
            assert name in alive_ids(wallet, now)
        elif kind == "launch":
            session, text = launched(name, now, f"d{device}/slot")
            wallet = sessions.launch(wallet, session, now)
            exchanged, _ = sessions.exchange(wallet, text, name, now)
            assert name in alive_ids(exchanged, now)
        elif wallet.sessions:
            wallet = sessions.end(wallet, wallet.sessions[device % len(wallet.sessions)].id)
        assert len(wallet.sessions) <= MAX_SESSIONS
        assert len({s.id for s in wallet.sessions}) == len(wallet.sessions)
        devices = [s.device for s in wallet.sessions if sessions.alive(s, now)]
        assert len(devices) == len(set(devices))


def test_the_wallet_stays_small() -> None:
    """Of sessions that are over two stay, and an exchanged launch token is forgotten an hour after its time."""
    wallet = Wallet("T1", "P1", "aurora", "ann", "EUR", 2, "transfer")
    for number in range(6):
        now = NOW + number * MINUTE
        session = Session(f"S{number}", bytes([number]) * 16, "desktop", now, now + 60 * MINUTE)
        launched = replace(session, launch=b"l" * 16, launch_until=now + 10 * MINUTE, used=b"u" * 16)
        wallet = sessions.start(wallet, launched, now)
    assert [s.id for s in wallet.sessions] == ["S3", "S4", "S5"]
    assert all(s.used for s in wallet.sessions)
    later = NOW + 120 * MINUTE
    wallet = sessions.start(
        wallet, replace(session, id="S9", started_at=later, expires_at=later + MINUTE), later
    )
    assert [(s.id, s.launch, s.used) for s in wallet.sessions] == [
        ("S4", b"", b""),
        ("S5", b"", b""),
        ("S9", b"", b""),
    ]
