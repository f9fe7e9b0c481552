"""Checking of JSON documents by hand: every fault with its dotted path, no pydantic, so that workers can do it too."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from pitboss.kernel.refusal import FieldError

SAFE_INT = (1 << 53) - 1  # what every JSON reader keeps exactly
MAX_FAULTS = 50
CURRENCY = re.compile(r"[A-Z][A-Z0-9]{2,9}", re.ASCII)


class Checker:
    """Collects faults; each method answers whether (or with what) the reader can go on."""

    def __init__(self) -> None:
        self.faults: list[FieldError] = []

    def fault(self, path: str, reason: str) -> None:
        """Note one fault; beyond fifty they say nothing new."""
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(FieldError(path, reason))

    def fields(self, path: str, node: Any, required: Collection[str], optional: Collection[str] = ()) -> bool:
        """An object with these members and no others."""
        if not isinstance(node, Mapping):
            self.fault(path or "(document)", "must be an object")
            return False
        dot = f"{path}." if path else ""
        for name in node:
            if name not in required and name not in optional:
                self.fault(f"{dot}{name}", "unknown field")
        missing = [name for name in required if name not in node]
        for name in missing:
            self.fault(f"{dot}{name}", "is required")
        return not missing

    def integer(self, path: str, value: Any, low: int = 0, high: int = SAFE_INT) -> int | None:
        """A whole number in a range; booleans, floats and strings are none."""
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.fault(path, f"must be a whole number from {low} to {high}")
            return None
        return value

    def optional_integer(
        self, node: Mapping[str, Any], path: str, name: str, low: int = 0, high: int = SAFE_INT
    ) -> int | None:
        """The member as a whole number, None where it is absent or wrong."""
        if name not in node:
            return None
        return self.integer(f"{path}.{name}" if path else name, node[name], low, high)

    def choice(self, path: str, value: Any, choices: Collection[str]) -> str | None:
        """One of the given words."""
        if not isinstance(value, str) or value not in choices:
            self.fault(path, "must be one of " + ", ".join(choices))
            return None
        return value

    def flag(self, path: str, value: Any) -> None:
        """true or false."""
        if not isinstance(value, bool):
            self.fault(path, "must be true or false")

    def text(self, path: str, value: Any, longest: int = 100) -> bool:
        """A printable id of theirs or ours."""
        if not isinstance(value, str) or not 1 <= len(value) <= longest or not value.isprintable():
            self.fault(path, f"must be a text of 1 to {longest} printable characters")
            return False
        return True

    def texts(self, path: str, value: Any, most: int = 2000) -> None:
        """A list of different texts, at least one."""
        if not isinstance(value, list) or not 1 <= len(value) <= most:
            self.fault(path, f"must be a list of 1 to {most} texts")
            return
        good = True
        for i, item in enumerate(value):
            good = self.text(f"{path}[{i}]", item) and good
        if good and len(set(value)) < len(value):
            self.fault(path, "names something twice")

    def currency(self, path: str, value: Any) -> bool:
        """A currency code such as EUR or USDT."""
        if not isinstance(value, str) or CURRENCY.fullmatch(value) is None:
            self.fault(path, "must be a currency code such as EUR")
            return False
        return True
