"""The demo game's items in the demo table.

| item | pk | sk |
|---|---|---|
| how to speak to the hub | `DEMO#GAME#<tenant>` | `PROVIDER` |
| play | `DEMO#PLAY#<play>` | `META` |
| spin | `DEMO#PLAY#<play>` | `SPIN#<spin>` |
"""

from dataclasses import asdict, replace

from pitboss.demo.game import Play, Provider, Spin
from pitboss.platform.dynamo import ConditionFailed, Record, TransactionRefused, apply, get, put_op, transact
from pitboss.platform.settings import setting

_KEYS = ("pk", "sk")


def _table() -> str:
    return setting("DEMO_TABLE")


def _plain(record: Record) -> Record:
    return {name: value for name, value in record.items() if name not in _KEYS}


def keep_provider(provider: Provider) -> None:
    """Replace how the game speaks to the hub for a tenant."""
    key = {"pk": f"DEMO#GAME#{provider.tenant_id}", "sk": "PROVIDER"}
    apply(put_op(_table(), {**key, **asdict(provider)}))


def provider(tenant_id: str) -> Provider | None:
    """How the game speaks to the hub for a tenant."""
    record = get(_table(), f"DEMO#GAME#{tenant_id}", "PROVIDER")
    return Provider(**_plain(record)) if record else None


def play(play_id: str) -> Play | None:
    """A play, or None."""
    record = get(_table(), f"DEMO#PLAY#{play_id}", "META")
    return Play(**_plain(record)) if record else None


def open_play(new: Play) -> Play:
    """Keep a play; the same one again is found as it is by now."""
    key = {"pk": f"DEMO#PLAY#{new.play_id}", "sk": "META"}
    try:
        apply(put_op(_table(), {**key, **asdict(replace(new, version=1))}, condition="absent"))
    except ConditionFailed:
        return play(new.play_id) or new
    return replace(new, version=1)


def spin(play_id: str, spin_id: str) -> Spin | None:
    """A spin, or None."""
    record = get(_table(), f"DEMO#PLAY#{play_id}", f"SPIN#{spin_id}")
    return Spin(**_plain(record)) if record else None


def begin(before: Play, after: Play, drawn: Spin) -> bool:
    """Keep a spin with the play that it changes. False if the play went on meanwhile, or the spin is kept already."""
    table, pk = _table(), f"DEMO#PLAY#{before.play_id}"
    moved = {"pk": pk, "sk": "META", **asdict(replace(after, version=before.version + 1))}
    try:
        transact(
            [
                put_op(table, moved, condition="version = :was", values={":was": before.version}),
                put_op(
                    table, {"pk": pk, "sk": f"SPIN#{drawn.spin_id}", **drawn.to_record()}, condition="absent"
                ),
            ]
        )
    except TransactionRefused:
        return False
    return True


def step(play_id: str, before: Spin, after: Spin) -> bool:
    """Keep a spin's next state. False if another call of the same spin was quicker."""
    record = {"pk": f"DEMO#PLAY#{play_id}", "sk": f"SPIN#{before.spin_id}", **after.to_record()}
    try:
        apply(
            put_op(
                _table(),
                record,
                condition="#state = :was",
                names={"#state": "state"},
                values={":was": before.state},
            )
        )
    except ConditionFailed:
        return False
    return True
