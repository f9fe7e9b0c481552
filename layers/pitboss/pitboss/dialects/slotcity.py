"""What the two protocols of SlotCity have in common: their commands, and that no nonce is sent. v4 and v1 differ in
envelope, proof and codes, which their own modules hold."""

from abc import abstractmethod
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar, override

from pitboss.dialects.model import Asked, Command, Dialect
from pitboss.dialects.spelling import identifier, invalid, read_object
from pitboss.kernel.refusal import Refusal

BOTH: Mapping[str, tuple[Command, str]] = {
    "authenticate": ("authenticate", "authenticate"),
    "balance": ("balance", "balance"),
    "bet": ("money", "bet"),
    "win": ("money", "win"),
    "cancel": ("money", "rollback"),
}
SAYS: Mapping[str, str] = {action: command for command, (_, action) in BOTH.items()}


class SlotCity(Dialect):
    """The base of both codecs."""

    commands: ClassVar[Mapping[str, tuple[Command, str]]] = BOTH

    @override
    def nonce(self, headers: Mapping[str, str]) -> str:
        """Nothing: a repeated transaction is known by its own id."""
        return ""

    @override
    def decode_request(self, raw: bytes, headers: Mapping[str, str]) -> Asked:
        """See `model.Dialect`."""
        command = ""
        try:
            body = read_object(raw)
            command = str(body.get("command", ""))
            if command not in self.commands:
                raise invalid("command", "one of " + ", ".join(self.commands))
            return self.understood(command, body)
        except Refusal as refusal:
            kind, action = self.commands.get(command, ("money", "transaction"))
            return Asked(kind, action, {}, refusal=refusal)

    @abstractmethod
    def understood(self, command: str, body: Mapping[str, Any]) -> Asked:
        """A request whose command is one of `commands`. Raises Refusal."""


def amount_of(members: Mapping[str, Any]) -> int | Decimal | str:
    """The member `amount`, exact and unscaled. Raises Refusal."""
    amount = members.get("amount")
    if isinstance(amount, bool) or not isinstance(amount, int | Decimal | str):
        raise invalid("amount", "a number")
    return amount


def play_ids(members: Mapping[str, Any], names: Mapping[str, str], command: str) -> dict[str, str]:
    """Ids of the play under our names, from `names` (theirs to ours); a cancel may lack them. Raises Refusal."""
    found = {ours: identifier(members, name, required=command != "cancel") for name, ours in names.items()}
    return {ours: value for ours, value in found.items() if value}
