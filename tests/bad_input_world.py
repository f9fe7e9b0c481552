"""Everything that stands in the tables, so that a test can say that a call has written nothing."""

import base64
import gzip
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import boto3
from pitboss.platform import signing
from pitboss.platform.clock import now_ms

from tests.provider_world import Provider
from tests.tenancy_world import Reply

Items = dict[tuple[str, str], dict[str, Any]]
# The inspector's records and what finds them; the message id of a call whose signature was good.
RECORDS, NONCES = ("IC#", "II#"), ("NONCE#",)


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
    """What a call is answered, and what it writes."""

    aws: dict[str, str]
    provider: Provider

    def __post_init__(self) -> None:
        # What the first call of an execution environment writes (its lease of slots) is not what is looked for.
        self.provider("balance")
        self.stands = snapshot(self.aws)

    def wrote(self, *besides: str) -> list[str]:
        """The partitions written since the last look, but the inspector's and nonces and what begins with `besides`."""
        now = snapshot(self.aws)
        told = (*RECORDS, *NONCES, *besides)
        found = [pk for pk in changes(self.stands, now) if not pk.startswith(told)]
        self.kept = [pk for pk in changes(self.stands, now) if pk.startswith("IC#")]
        self.nonces = [pk for pk in changes(self.stands, now) if pk.startswith(NONCES)]
        self.stands = now
        return found

    def fault(self, reply: Reply, name: str | Iterable[str], *besides: str) -> str:
        """"" when the reply is the refusal `name` with no effect, one record is kept and nothing else is written; else
        what is wrong."""
        names = (name,) if isinstance(name, str) else tuple(name)
        wrote = self.wrote(*besides)
        said = reply.body.get("name") or reply.body.get("status")
        if said not in names:
            return f"{reply.status} {said}: {reply.body.get('detail')}"
        if reply.body["effect"] != "none" or reply.body["code"] < 1000 or not 400 <= reply.status < 500:
            return f"{reply.status} {reply.body}"
        if wrote:
            return f"wrote {wrote}"
        return "" if len(self.kept) == 1 else f"{len(self.kept)} records"


def sent(provider: Provider, route: str, signed: bytes, given: bytes, **headers: str) -> Reply:
    """The signature of one body with another body."""
    stamp = signing.headers(provider.secret, f"m-{now_ms()}-{len(given)}", now_ms() // 1000, signed)
    head = {"Pitboss-Provider": provider.integration, **stamp, **headers}
    return provider.client("POST", f"/wallet/{route}", raw=given, headers=head)


def bet_text(provider: Provider, *, amount: str = "1", more: str = "", tx: str = "t-bad", **changes: Any) -> bytes:
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
        "ps_é",
        *others,
        *flips,
    ]
