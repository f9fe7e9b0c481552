"""What stands of a round, whatever the order of its messages; and what the log says of it twice over."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pitboss.rounds.model import TOMBSTONE, Arrival, Recorded, fingerprint, round_hash
from pitboss.rounds.standing import contradictions, first_record, latest_by_hash, latest_records, merge
from pitboss.scoring.public import AMENDED, ROLLED_BACK, SETTLED, Round

pytestmark = pytest.mark.unit
HASH = round_hash("main", "aurora", "ann", "r1")


def content(revision: int, bet: int = 0) -> Arrival:
    """A message with content, told apart by its bet."""
    status = AMENDED if revision else SETTLED
    amount = bet or 100 + revision
    round_ = Round(
        "r1", revision, status, "aurora", "ann", "slot", "regular", "EUR", 2, amount, 0, 0, 0, 0, 1, 1, 0
    )
    return Arrival(round_, HASH, fingerprint(round_))


def rollback(revision: int) -> Arrival:
    round_ = content(revision).round._replace(status=ROLLED_BACK, bet=0)
    return Arrival(round_, HASH, fingerprint(round_))


def after(*messages: Arrival) -> Recorded:
    """What stands when these came in this order."""
    standing = first_record(messages[0])
    for message in messages[1:]:
        standing = merge(standing, message) or standing
    return standing


@given(st.data(), st.lists(st.integers(0, 6), min_size=1, max_size=5, unique=True))
def test_the_newest_message_decides_and_under_a_rollback_the_newest_content_is_kept(
    data: st.DataObject, revisions: list[int]
) -> None:
    messages = [data.draw(st.sampled_from([content, rollback])) for _ in revisions]
    sent = [make(revision) for make, revision in zip(messages, revisions, strict=True)]
    standing = after(*data.draw(st.permutations(sent)))
    newest = max(sent, key=lambda a: a.round.revision)
    contents = [a for a in sent if a.round.status != ROLLED_BACK]
    assert (standing.round.revision, standing.fingerprint) == (newest.round.revision, newest.fingerprint)
    if newest in contents:
        assert standing.round == newest.round
        assert standing.content_revision == newest.round.revision
    elif contents:
        kept = max(contents, key=lambda a: a.round.revision).round
        assert standing.round == kept._replace(revision=newest.round.revision, status=ROLLED_BACK)
        assert standing.content_revision == kept.revision
    else:
        assert (standing.round.status, standing.content_revision) == (TOMBSTONE, -1)


@pytest.mark.parametrize(
    ("messages", "late"),
    [
        ([content(2)], content(1)),  # older content
        ([content(2)], rollback(1)),  # what was undone came again since
        ([rollback(2)], rollback(1)),
        ([content(0), rollback(2)], rollback(1)),
        ([content(2), rollback(3)], content(1)),  # newer content is under the rollback already
    ],
)
def test_an_older_message_that_says_nothing_new_changes_nothing(
    messages: list[Arrival], late: Arrival
) -> None:
    assert merge(after(*messages), late) is None


def test_what_stands_was_not_judged_yet() -> None:
    """Entry, points and reason are the judge's; the reason of a tombstone is that it is one."""
    for messages in ([content(0)], [content(0), content(1)], [rollback(1), content(0)]):
        assert after(*messages)[4:] == (0, 0, "")
    assert after(rollback(1))[4:] == (0, 0, "tombstone")


def test_the_log_read_in_any_order_says_the_same() -> None:
    log = [
        after(rollback(1)),
        after(rollback(1), content(0)),
        after(rollback(1), content(0), content(2)),
        after(rollback(1), content(0), content(2), rollback(4)),
        after(rollback(1), content(0), content(2), rollback(4), content(3)),
    ]
    for records in permutations(log):
        assert latest_records(records) == [log[-1]]
    assert latest_records(log[:1]) == []
    assert latest_by_hash(log[:1]) == {HASH: log[0]}


def test_one_revision_with_two_contents_in_the_log_is_a_contradiction() -> None:
    first, same, other = after(content(1)), after(content(1)), after(content(1, bet=7))
    assert contradictions([first, same, after(content(2))]) == []
    assert contradictions([first, other, same]) == [other]
    # Content that came under its rollback bears the rollback's own mark: nobody contradicted anybody.
    assert contradictions([after(rollback(1)), after(rollback(1), content(0))]) == []
