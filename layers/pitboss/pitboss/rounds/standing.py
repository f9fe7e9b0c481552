"""What is known of a round after each of its messages: a record, and of several records of the log the one that stands.
Pure.

The newest revision decides; a rollback before its round waits as a tombstone (rounds-engine.md).
"""

from collections.abc import Iterable

from pitboss.rounds.model import TOMBSTONE, Arrival, Recorded
from pitboss.scoring.public import ROLLED_BACK


def first_record(arrival: Arrival) -> Recorded:
    """What stands after the first message of a round, not yet judged."""
    round_ = arrival.round
    if round_.status == ROLLED_BACK:
        tombstone = round_._replace(status=TOMBSTONE)
        return Recorded(tombstone, arrival.hash, arrival.fingerprint, -1, 0, 0, "tombstone")
    return Recorded(round_, arrival.hash, arrival.fingerprint, round_.revision, 0, 0, "")


def merge(before: Recorded, arrival: Arrival) -> Recorded | None:
    """What stands after a further revision of a known round; None if it changes nothing.

    The newest revision decides; under a rollback the content kept is that of the highest revision with content.
    """
    round_, revision = arrival.round, arrival.round.revision
    undone = before.round.status in (ROLLED_BACK, TOMBSTONE)
    if revision > before.round.revision:
        if round_.status == ROLLED_BACK:
            status = TOMBSTONE if before.round.status == TOMBSTONE else ROLLED_BACK
            content = before.round._replace(revision=revision, status=status)
            return before._replace(round=content, fingerprint=arrival.fingerprint)
        return Recorded(round_, arrival.hash, arrival.fingerprint, revision, 0, 0, "")
    if undone and round_.status != ROLLED_BACK and revision > before.content_revision:
        content = round_._replace(revision=before.round.revision, status=ROLLED_BACK)
        return Recorded(content, arrival.hash, before.fingerprint, revision, 0, 0, "")
    return None


def latest_records(records: Iterable[Recorded]) -> list[Recorded]:
    """The records that stand, one a round, in the order in which the rounds were first logged.

    The highest revision decides, then the highest revision with content, then the first of equals: a message that got
    into the log a second time (its time was changed, against the contract) decides nothing.
    """
    return [r for r in latest_by_hash(records).values() if r.round.status != TOMBSTONE]


def latest_by_hash(records: Iterable[Recorded]) -> dict[int, Recorded]:
    """What the log says of each round, tombstones included."""
    standing: dict[int, Recorded] = {}
    for record in records:
        before = standing.get(record.hash)
        if before is None or outranks(record, before):
            standing[record.hash] = record
    return standing


def outranks(record: Recorded, other: Recorded) -> bool:
    """Whether the one record of a round says more than the other."""
    return _standing_of(record) > _standing_of(other)


def _standing_of(record: Recorded) -> tuple[int, int]:
    return record.round.revision, record.content_revision


def contradictions(records: Iterable[Recorded]) -> list[Recorded]:
    """Records of a revision that the log knew already with other content: conflicts that slipped in unseen."""
    first: dict[tuple[int, int], int] = {}
    found = []
    for record in records:
        print_ = first.setdefault((record.hash, record.round.revision), record.fingerprint)
        if print_ != record.fingerprint:
            found.append(record)
    return found
