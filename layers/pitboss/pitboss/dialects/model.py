"""What a dialect translates between: a vendor's bytes on one side, the documents of the hub's own wallet API on the other.

A document is the body of `POST /wallet/<action>` as JSON members (docs/wallet.md); an outcome is the body of its answer,
or the Refusal that was given instead. A codec is pure: it sees bytes, headers and documents, never a table or a clock.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from pitboss.kernel.refusal import Refusal

Document = dict[str, Any]
Outcome = Document | Refusal
Command = Literal["authenticate", "balance", "money", "status"]


@dataclass(frozen=True, slots=True)
class Credential:
    """One accepted secret of a caller: `secret` as the vendor spells it, or only the SHA-256 `digest` of it where the
    vendor issued it and comparing is all that is needed. `key_id` goes with it where the protocol names keys."""

    secret: bytes = b""
    digest: bytes = b""
    key_id: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A vendor's request, understood (or, with `refusal`, not). `echo` is what its answer has to repeat."""

    command: Command
    action: str
    document: Document
    echo: Mapping[str, Any] = field(default_factory=dict)
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """A request in the vendor's form: header names are lower-case."""

    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Said:
    """An answer in the vendor's form."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Terms:
    """What a codec has to know of the integration: whose codes (`profile`) and how money is written (`money_scale`)."""

    profile: str
    money_scale: str


class Dialect(Protocol):
    """A codec, both ends of it: the wallet's (decode a request, encode the answer) and the provider's (the inverse)."""

    name: str

    def fault(
        self, raw: bytes, headers: Mapping[str, str], accepted: Sequence[Credential], now_s: int
    ) -> str:
        """Why the request is not its sender's, "" if it is. Every comparison takes constant time."""
        ...

    def nonce(self, headers: Mapping[str, str]) -> str:
        """What may come only once with different content, "" where the protocol has nothing of the kind."""
        ...

    def decode_request(self, raw: bytes, headers: Mapping[str, str]) -> Asked:
        """Never raises: what cannot be understood comes back with its refusal, to be told in the vendor's words."""
        ...

    def encode_reply(
        self, asked: Asked, outcome: Outcome, terms: Terms, credential: Credential | None
    ) -> Said:
        """The answer in the vendor's words; `credential` signs it where the protocol signs answers."""
        ...

    def encode_request(
        self, document: Document, terms: Terms, credential: Credential, now_s: int, nonce: str
    ) -> Sent:
        """A wallet document as the vendor would send it. ValueError for what the protocol cannot say."""
        ...

    def decode_reply(self, document: Document, said: Said, terms: Terms) -> Document:
        """The answer to `document` as ours would read. Raises Refusal for a refusal."""
        ...
