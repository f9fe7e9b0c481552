"""Everything that stands in the tables, so that a test can say that a call has written nothing."""

import base64
import gzip
import json
from dataclasses import dataclass
from typing import Any

import boto3
from pitboss.platform import signing
from pitboss.platform.clock import now_ms

from tests.provider_world import Provider
from tests.tenancy_world import Reply

Items = dict[tuple[str, str], dict[str, Any]]
# The inspector's record; the message id of a call whose signature was good.
RECORD, NONCES = "IC#", "NONCE#"
# And what finds the record; an environment's leases of slots and of the minute's calls, which no one call is the cause of.
BESIDES = ("II#", NONCES, "SLOTS#", "RATE#")


def snapshot(aws: dict[str, str]) -> Items:
    """Every item of the hub's and the ledger's tables by its key."""
    found: Items = {}
    client = boto3.client("dynamodb")
    for table in ("HUB_TABLE", "LEDGER_TABLE"):
        for page in client.get_paginator("scan").paginate(TableName=aws[table]):
            found |= {(item["pk"]["S"], item["sk"]["S"]): item for item in page["Items"]}
    return found


def changes(before: Items, after: Items) -> list[str]:
    """The partitions of what is new, gone or different."""
    keys = before.keys() | after.keys()
    return sorted(key[0] for key in keys if before.get(key) != after.get(key))


@dataclass
class Watch:
    """What calls are answered, and what they write."""

    aws: dict[str, str]
    provider: Provider
    refused: int = 0

    def __post_init__(self) -> None:
        self.provider("balance")
        self.stands = snapshot(self.aws)

    def wrote(self, *besides: str) -> list[str]:
        """The partitions written since the last look, but what is told of calls, and what begins with `besides`. Each
        refused call has one record of the inspector."""
        now = snapshot(self.aws)
        found = changes(self.stands, now)
        self.stands = now
        self.nonces = [pk for pk in found if pk.startswith(NONCES)]
        records = sum(pk.startswith(RECORD) for pk in found)
        told, self.refused = self.refused, 0
        if records != told:
            return [f"{records} records of {told} refused calls"]
        return [pk for pk in found if not pk.startswith((RECORD, *BESIDES, *besides))]

    def fault(self, reply: Reply, *names: str) -> str:
        """ "" when the reply is one of these refusals, final and without effect; else what is wrong."""
        self.refused += 1
        said = reply.body.get("name") or reply.body.get("status")
        if said not in names:
            return f"{reply.status} {said}: {reply.body.get('detail')}"
        known = reply.body["effect"] == "none" and reply.body["code"] > 1000 and 400 <= reply.status < 500
        return "" if known and not reply.body["retryable"] else str(reply.body)


def sent(provider: Provider, route: str, signed: bytes, given: bytes, **headers: str) -> Reply:
    """The signature of one body with another body."""
    stamp = signing.headers(provider.secret, f"m-{now_ms()}-{len(given)}", now_ms() // 1000, signed)
    head = {"Pitboss-Provider": provider.integration, **stamp, **headers}
    return provider.client("POST", f"/wallet/{route}", raw=given, headers=head)


def bet_text(
    provider: Provider, *, amount: str = "1", more: str = "", tx: str = "t-bad", **changes: Any
) -> bytes:
    """A bet as JSON text, with the amount as it is written."""
    body = {
        "action": "bet",
        "sessionToken": provider.token,
        "transactionId": tx,
        "roundId": "r-bad",
        "gameId": provider.game,
        "currency": "EUR",
        **changes,
    }
    return f'{json.dumps(body)[:-1]}, "amount": {amount}{more}}}'.encode()


def zipped(raw: bytes) -> bytes:
    """Under gzip, the same each time."""
    return gzip.compress(raw, mtime=0)


def respelled(token: str) -> list[str]:
    """A session token spoiled: cut, longer, with other characters, in other letters, with another secret."""
    prefix, text = token[:3], token[3:]
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    swapped = [raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :] for at in (0, 30, len(raw) - 20, len(raw) - 1)]
    others = [prefix + base64.urlsafe_b64encode(one).rstrip(b"=").decode() for one in swapped]
    flips = [
        token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :] for at in range(3, len(token), 7)
    ]
    return [
        token[:-1],
        token[: len(token) // 2],
        prefix,
        token + "A",
        token + "=",
        token + " ",
        token.swapcase(),
        "pl_" + text,
        text,
        "ps_" + "A" * 500,
        *others,
        *flips,
    ]
