"""The demo game's back end: open with a launch token, spin, and bring every spin to an end."""

import hashlib
import secrets
from dataclasses import replace
from typing import Any

from pitboss.demo import game, game_store
from pitboss.demo.game import FINAL, Play, Provider, Spin
from pitboss.demo.game_gateway import tell
from pitboss.kernel.money import format_amount, parse_amount
from pitboss.kernel.refusal import FieldError, Refusal

_STEPS = 6


def provider_of(tenant_id: str) -> Provider:
    """How the game speaks to the hub for a tenant. Refusal PROVIDER_NOT_FOUND."""
    found = game_store.provider(tenant_id)
    if found is None:
        raise Refusal(
            "PROVIDER_NOT_FOUND",
            "Tell the demo game how to speak to the hub: PUT /demo-operator/game/provider.",
        )
    return found


def open_game(
    tenant_id: str, token: str, open_id: str, game_id: str, *, free_rounds_id: str, free_bet: str
) -> tuple[Play, str]:
    """Exchange the launch token, and the balance. The same `open_id` may be sent again; another one with the same token is
    refused by the hub, since a launch URL opens once.

    Raises:
        Refusal: what the hub answered; PROVIDER_ERROR when it gave no answer.
    """
    provider = provider_of(tenant_id)
    play_id = hashlib.sha256(f"{tenant_id}|{token}|{open_id}".encode()).hexdigest()[:24]
    told = tell(provider, "authenticate", {"action": "authenticate", "launchToken": token}, f"open-{play_id}")
    if not told.ok:
        raise _passed_on(told.body)
    body = told.body
    exponent = _exponent(str(body["balance"]))
    play = Play(
        play_id=play_id,
        tenant_id=tenant_id,
        game_id=game_id,
        mode="real",
        currency=body["currency"],
        exponent=exponent,
        session_token=body["sessionToken"],
        free_rounds_id=free_rounds_id,
        free_bet=parse_amount(free_bet, exponent) if free_rounds_id else 0,
    )
    return game_store.open_play(play), str(body["balance"])


def open_demo(game_id: str, open_id: str) -> tuple[Play, str]:
    """A game for fun: its money is the game's own, and the hub's wallet is not called."""
    play_id = hashlib.sha256(f"demo|{game_id}|{open_id}".encode()).hexdigest()[:24]
    play = game_store.open_play(
        Play(play_id, "", game_id, "demo", "FUN", game.DEMO_EXPONENT, balance=game.DEMO_BALANCE)
    )
    return play, format_amount(play.balance, play.exponent)


def _exponent(amount: str) -> int:
    """The hub writes all decimals of a currency."""
    return len(amount.partition(".")[2])


def _passed_on(body: dict[str, Any]) -> Refusal:
    from pitboss.kernel.refusal import catalogue

    name = str(body.get("name", ""))
    if name in catalogue():
        return Refusal(name, str(body.get("detail", "")))
    return Refusal("PROVIDER_ERROR", "The hub gave no answer; open the game again.")


def find(play_id: str) -> Play:
    """A play. Refusal SESSION_NOT_FOUND."""
    play = game_store.play(play_id)
    if play is None:
        raise Refusal("SESSION_NOT_FOUND", "There is no such play; launch the game again.")
    return play


def bets(play: Play) -> list[str]:
    """The stakes that the wheel is played with, in major units of the play's currency."""
    scale = 10 ** max(0, play.exponent - 2)
    minor = [
        max(1, bet * scale if play.exponent >= 2 else bet // 10 ** (2 - play.exponent))
        for bet in game.BETS_MINOR
    ]
    return [format_amount(bet, play.exponent) for bet in dict.fromkeys(minor)]


def spin(play_id: str, spin_id: str, bet: Any, *, free: bool) -> tuple[Play, Spin]:
    """Turn the wheel: the same `spin_id` again gets the same spin. A spin that was left open is ended first.

    Raises:
        Refusal: SESSION_NOT_FOUND, VALIDATION_ERROR, OPERATION_IN_PROGRESS.
    """
    play = find(play_id)
    standing = game_store.spin(play_id, spin_id)
    if standing is None:
        if play.last_spin and play.last_spin != spin_id:
            _ended(play, play.last_spin)
        play, standing = _draw(play, spin_id, bet, free=free)
    return play, drive(play, standing)


def _ended(play: Play, spin_id: str) -> None:
    before = game_store.spin(play.play_id, spin_id)
    if before is not None and drive(play, before).state not in FINAL:
        raise Refusal("OPERATION_IN_PROGRESS", "The spin before is still being settled.", retry_after_s=1)


def _draw(play: Play, spin_id: str, bet: Any, *, free: bool) -> tuple[Play, Spin]:
    stake = play.free_bet if free else _stake(play, bet)
    if free and not play.free_rounds_id:
        raise Refusal("FREEROUND_NOT_FOUND", "The game was not opened with free rounds.")
    drawn = Spin(spin_id, stake, free, secrets.randbelow(game.SEGMENTS))
    after = replace(play, last_spin=spin_id)
    if play.mode == "demo":
        if play.balance < stake:
            drawn = replace(
                drawn, state="refused", refusal="BALANCE_NOT_ENOUGH", detail="The demo money is gone."
            )
        else:
            after = replace(after, balance=play.balance - stake + drawn.win)
            drawn = replace(drawn, state="done")
        drawn = replace(drawn, balance=format_amount(after.balance, play.exponent))
    if not game_store.begin(play, after, drawn):
        raise Refusal("OPERATION_IN_PROGRESS", "Another spin of this game is turning.", retry_after_s=1)
    return after, drawn


def _stake(play: Play, bet: Any) -> int:
    if bet not in bets(play):
        raise Refusal(
            "VALIDATION_ERROR", "Play one of the stakes.", errors=[FieldError("bet", ", ".join(bets(play)))]
        )
    return parse_amount(bet, play.exponent)


def drive(play: Play, spin: Spin) -> Spin:
    """Bring a spin as far as it goes now. Its state is kept after every step, so it may be driven again at any time."""
    if play.mode == "demo" or spin.state in FINAL:
        return spin
    provider = provider_of(play.tenant_id)
    bodies = game.messages(
        play, spin, format_amount(spin.bet, play.exponent), format_amount(spin.win, play.exponent)
    )
    for _ in range(_STEPS):
        following = _step(provider, play, spin, bodies)
        if following is None:
            return spin
        if not game_store.step(play.play_id, spin, following):
            return game_store.spin(play.play_id, spin.spin_id) or spin
        spin = following
        if spin.state in FINAL:
            return spin
    return spin


def _step(provider: Provider, play: Play, spin: Spin, bodies: dict[str, dict[str, Any]]) -> Spin | None:
    """The next state, or None when nobody can say and the call must be repeated later."""
    kind = {"drawn": "bet", "bet": "win", "undo": "rollback"}[spin.state]
    told = tell(provider, kind, bodies[kind], f"{game.transaction_id(play, spin, kind[0])}")
    if told.ok:
        done = {"bet": "bet", "win": "done", "rollback": "undone"}[kind]
        return spin.step(done, balance=str(told.body["balance"]))  # type: ignore[arg-type]
    why = {"refusal": told.name, "detail": str(told.body.get("detail", ""))[:300]}
    if kind == "bet":
        # A refusal is final and is never rolled back; anything else is taken back until that is acknowledged.
        if told.definite:
            return spin.step("refused", **why)
        return spin.step("undo", **why)
    return spin.step("failed", **why) if told.definite and not told.body.get("retryable") else None


def shown(play: Play, spin: Spin) -> dict[str, Any]:
    """A spin as the page is told."""
    return {
        "spinId": spin.spin_id,
        "state": spin.state,
        "segment": spin.segment,
        "multiplier": game.multiplier(spin.segment),
        "bet": format_amount(spin.bet, play.exponent),
        "free": spin.free,
        "win": format_amount(spin.win if spin.state == "done" else 0, play.exponent),
        "balance": spin.balance or None,
        "refusal": spin.refusal or None,
        "detail": spin.detail or None,
    }
