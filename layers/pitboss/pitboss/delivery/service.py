"""Use cases of money out: request, plan, drive to an end, undo, and what a person may do.

Every step leaves a record that says what to do next, written before anything leaves; so a process may die anywhere,
and whoever comes next repeats the same reference (the operator's contract makes that one movement).
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, Unpack

from pitboss.delivery import gateway, rules, store
from pitboss.delivery.model import DebitTerms, Family, Movement, Outcome, PayoutLine, Terms, fingerprint
from pitboss.kernel.refusal import Refusal
from pitboss.platform.dynamo import TooBusy
from pitboss.platform.observe import count, logger
from pitboss.platform.settings import is_local

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

SWEEP_LIMIT = 500  # per shard and minute; the rest is as due a minute later
SWEEP_GRACE_MS = 15_000  # a message is most likely on its way
_ATTEMPTS = 5


# ---------------------------------------------------------------- debits
def request_debit(tenant_id: str, tournament_id: str, *, now: int, **said: Unpack[DebitTerms]) -> Outcome:
    """Ask the operator to take `amount + rake` (minor units) from a player, and answer how that stands.

    `ref` names the debit for ever: asking again with the same terms sends nothing new once it has ended, and the same
    reference while it has not. `unknown` means that the seat is held: queue and sweeper drive the debit to its end, and
    the money worker then tells the tournament.

    Raises:
        Refusal: CONFLICT when `ref` was used with other terms.
    """
    # Born unleased and due: the claim below is the same one that the worker makes for a debit whose asker died here.
    asked = _asked(tenant_id, tournament_id, said, now)
    there = store.create(asked)
    if there is not None:
        if there.terms is not None and fingerprint(there.kind, there.terms) != fingerprint(
            said["kind"], _terms(said)
        ):
            raise Refusal("CONFLICT", "This debit reference was used with other terms.")
        asked = there
    if rules.may_claim(asked, now):
        asked = _attempt(asked, now) or _reload(asked)
    return rules.debit_outcome(asked)


def _asked(tenant_id: str, tournament_id: str, said: DebitTerms, now: int) -> Movement:
    """A debit of which nothing is known yet."""
    ref, kind = said["ref"], said["kind"]
    return Movement(
        tenant_id, tournament_id, "debit", ref, kind, "unknown", _terms(said), created_at=now, due_at=now
    )


def _terms(said: DebitTerms) -> Terms:
    return Terms(
        said["entry_id"],
        said["brand_id"],
        said["player_id"],
        said["amount"],
        said["rake"],
        said["currency"],
        said["exponent"],
    )


def debit_born(
    tenant_id: str, tournament_id: str, *, now: int, **said: Unpack[DebitTerms]
) -> tuple[Movement, "TransactWriteItemTypeDef"]:
    """A debit whose reference was never used, with the item that is to be written in the asker's own transaction; then
    `ask`. It is born claimed: an asker that dies leaves it to the worker, which sends the same reference when the lease
    has run out. Its place in the list is written here."""
    born = replace(rules.claim(_asked(tenant_id, tournament_id, said, now), now), version=1)
    store.list_first(born)
    return born, store.birth_op(born)


def ask(born: Movement, now: int) -> tuple[Outcome, Movement | None]:
    """Send a debit that was born just now. Where the answer is a plain yes or no, it comes as a movement that is not
    written yet: write `heard_op` with what follows from it, or `keep` it. Dying before either, the same reference is
    sent again when the lease has run out, and answered the same."""
    ended, ended_at = _sent(born, now)
    outcome = rules.debit_outcome(ended)
    if outcome.state == "unknown":
        _recorded(ended, ended_at)
        return outcome, None
    return outcome, ended


def heard_op(ended: Movement) -> "TransactWriteItemTypeDef":
    """The end of a debit, heard by its tournament, for the tournament's transaction; refused if the debit was changed."""
    return store.change_op(replace(ended, told=True, due_at=None))


def keep(ended: Movement) -> Outcome:
    """Write the end of a debit by itself; the worker will tell the tournament. Answers how the debit stands, which is
    another way if it was changed meanwhile."""
    return rules.debit_outcome(_recorded(ended, ended.attempts[-1].at) or _reload(ended))


def debit_outcome(tenant_id: str, tournament_id: str, ref: str) -> Outcome | None:
    """How a debit stands, or None if it was never asked for."""
    found = store.load(tenant_id, tournament_id, "debit", ref)
    return rules.debit_outcome(found) if found else None


def refund(
    tenant_id: str, tournament_id: str, *, debit_ref: str, refund_ref: str, reason: str, now: int
) -> bool:
    """Undo a debit, whatever became of it (rules.undo). True when a refund is on its way or done, False when there is
    nothing to give back. Safe to repeat with the same `refund_ref`; raises TooBusy if others keep changing the debit."""
    for _ in range(_ATTEMPTS):
        debit = store.load(tenant_id, tournament_id, "debit", debit_ref)
        match rules.undo(debit):
            case "bury":
                if _bury(tenant_id, tournament_id, debit, debit_ref, now):
                    return False
            case "nothing":
                return debit is not None and bool(debit.refund_ref)
            case "send" if debit is not None:
                back = rules.refund_of(debit, refund_ref, reason, now)
                undone = replace(
                    debit,
                    state=rules.step("debit", debit.state, "undo"),
                    version=debit.version + 1,
                    refund_ref=refund_ref,
                    due_at=None,
                    lease_until=0,
                    told=True,
                )
                if store.save_with_birth(undone, back):
                    gateway.announce([back], now)
                    return True
    raise TooBusy


def _bury(tenant_id: str, tournament_id: str, debit: Movement | None, ref: str, now: int) -> bool:
    why = "cancelled before it was sent"
    if debit is None:
        tomb = Movement(
            tenant_id, tournament_id, "debit", ref, "cancelled", "declined", None, created_at=now, reason=why
        )
        return store.create(tomb) is None
    ended = replace(
        debit, state="declined", version=debit.version + 1, due_at=None, lease_until=0, told=True, reason=why
    )
    return store.save(ended)


# ---------------------------------------------------------------- payouts
def plan_payouts(
    tenant_id: str,
    tournament_id: str,
    result_version: int,
    lines: Iterable[PayoutLine],
    approval: Literal["auto", "manual"],
    *,
    now: int,
) -> None:
    """Plan the payouts of a result; with `auto` they are sent at once, with `manual` each waits to be approved.

    Safe to repeat: a line whose `ref` is planned already is left as it is, whatever its state.

    Raises:
        Refusal: CONFLICT when a `ref` is planned already with another amount, kind, player or prize.
    """
    planned = [
        rules.payout_of(tenant_id, tournament_id, result_version, line, auto=approval == "auto", now=now)
        for line in lines
    ]
    by_ref = {movement.ref: movement for movement in planned}
    if len(by_ref) != len(planned):
        raise Refusal("CONFLICT", "Two payout lines have the same reference.")
    there = {movement.ref: movement for movement in store.create_all(planned)}
    for ref, stands in there.items():
        mine = by_ref[ref]
        if (mine.kind, mine.terms) != (stands.kind, stands.terms):
            raise Refusal("CONFLICT", f"Payout {ref} was planned before with other terms.")
    gateway.announce([m for m in planned if m.ref not in there and m.due_at is not None], now)


def payouts_of(tenant_id: str, tournament_id: str) -> list[Movement]:
    """All payouts of a tournament, by reference."""
    return list(store.of_tournament(tenant_id, tournament_id, "payout"))


def debits_of(tenant_id: str, tournament_id: str) -> list[Movement]:
    """All debits and refunds of a tournament, by reference."""
    return list(store.of_tournament(tenant_id, tournament_id, "debit"))


def all_settled(tenant_id: str, tournament_id: str) -> bool:
    """Whether no payout of the tournament is planned, approved or on its way: each is confirmed, reversed, or (rejected,
    manual) a person's."""
    return all(payout.at_rest for payout in store.of_tournament(tenant_id, tournament_id, "payout"))


# ---------------------------------------------------------------- driving
def drive(tenant_id: str, tournament_id: str, family: Family, ref: str, now: int) -> Movement | None:
    """Look at a movement: make the attempt that is due. Answers it when it is at rest and its tournament has yet to be
    told (see `mark_told`), else None."""
    movement = store.load(tenant_id, tournament_id, family, ref)
    if movement is None:
        logger.warning("no such movement", tenantId=tenant_id, tournamentId=tournament_id, ref=ref)
        return None
    if rules.may_claim(movement, now):
        movement = _attempt(movement, now)
    if movement is None or not movement.at_rest or movement.told:
        return None
    return movement


def mark_told(movement: Movement) -> bool:
    """The tournament has heard how it ended: nothing is due any more. False when it was changed meanwhile (and will be
    looked at again)."""
    return store.save(replace(movement, told=True, due_at=None, version=movement.version + 1))


def _attempt(movement: Movement, now: int) -> Movement | None:
    """Claim, send, record. None when somebody else was at it."""
    claimed = rules.claim(movement, now)
    if not store.save(claimed):
        return None
    ended, ended_at = _sent(claimed, now)
    if ended.family == "refund" and ended.state == "confirmed":
        return ended if _refunded(ended) else None
    return _recorded(ended, ended_at)


def _sent(claimed: Movement, now: int) -> tuple[Movement, int]:
    """What a claimed movement becomes by an attempt, and when that was; nothing of it is written yet."""
    reply = gateway.deliver(claimed, now, local=is_local())
    ended_at = now + reply.elapsed_ms
    if reply.verdict == "conflict":
        count("callback_conflicts")
        logger.error("the operator knows this reference with other content", ref=claimed.ref)
    return rules.after_attempt(claimed, reply, ended_at), ended_at


def _recorded(ended: Movement, ended_at: int) -> Movement | None:
    """Write how an attempt ended. None when somebody else changed the movement meanwhile."""
    if not store.save(ended):
        # A debit that was undone while it was being sent: its refund settles it either way.
        return None
    if ended.state in ("manual", "rejected"):
        count("money_needs_person")
    if not ended.at_rest:
        gateway.announce([ended], ended_at)
    return ended


def _refunded(back: Movement) -> bool:
    """A confirmed refund and its debit end together."""
    for _ in range(_ATTEMPTS):
        origin = back.terms.refund_of if back.terms else ""
        debit = store.load(back.tenant_id, back.tournament_id, "debit", origin)
        if debit is None or debit.state != "refunding":
            return store.save(back)
        done = replace(debit, state=rules.step("debit", debit.state, "undone"), version=debit.version + 1)
        if store.save_both(back, done):
            return True
        if _reload(back).version >= back.version:
            return False
    return False


def _reload(movement: Movement) -> Movement:
    found = store.load(movement.tenant_id, movement.tournament_id, movement.family, movement.ref)
    return found or movement


def sweep(now: int) -> int:
    """Queue again whatever is overdue: messages that were lost, retries beyond a queue's reach, attempts whose sender
    died. Answers how many were queued. The minute sweeper calls it; extra calls are harmless."""
    queued = 0
    for shard in range(store.SHARDS):
        late = store.due(shard, now - SWEEP_GRACE_MS, SWEEP_LIMIT)
        queued += gateway.announce(late, now)
    if queued:
        count("money_swept", queued)
    return queued


# ---------------------------------------------------------------- a person
def act_on(
    tenant_id: str,
    public_id: str,
    side: Literal["debit", "payout"],
    event: str,
    *,
    by: str,
    reason: str,
    now: int,
    transaction_id: str = "",
) -> Movement:
    """Approve, retry or resolve by hand, with who and why on record. Approving what is approved already and beyond, and
    resolving the same way again, answers the same.

    Raises:
        Refusal: PAYOUT_NOT_FOUND or DEBIT_NOT_FOUND, PAYOUT_STATE or DEBIT_STATE, VERSION_CONFLICT.
    """
    movement = find(tenant_id, public_id, side)
    if _done_before(movement, event):
        return movement
    try:
        acted = rules.act(movement, event, by=by, reason=reason, now=now, transaction_id=transaction_id)
    except rules.NotPossibleError as error:
        raise Refusal(
            f"{side.upper()}_STATE", f"It is {movement.state}: {error}.", facts={"state": movement.state}
        ) from None
    save = _refunded if acted.family == "refund" and acted.state == "confirmed" else store.save
    if not save(acted):
        raise Refusal("VERSION_CONFLICT", "It was changed in the meantime; read it again.")
    # Also when it was resolved: the worker then tells the tournament.
    gateway.announce([replace(acted, due_at=now)], now)
    return acted


def _done_before(movement: Movement, event: str) -> bool:
    acted = any(act.action == event for act in movement.acts)
    if event == "approve":
        return acted and movement.state != "planned"
    ends: dict[str, Sequence[str]] = {
        "resolve_paid": ("confirmed",),
        "resolve_cancelled": ("reversed", "declined"),
    }
    return acted and movement.state in ends.get(event, ())


def find(tenant_id: str, public_id: str, side: Literal["debit", "payout"]) -> Movement:
    """A payout, debit or refund by its public id. Raises Refusal `<SIDE>_NOT_FOUND`."""
    tournament_id, _, ref = public_id.partition(".")
    found = store.load(tenant_id, tournament_id, side, ref) if tournament_id and ref else None
    if found is None:
        raise Refusal(f"{side.upper()}_NOT_FOUND", f"There is no {side} with this id.")
    return found
