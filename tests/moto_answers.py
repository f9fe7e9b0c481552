"""moto's DynamoDB answers without a search for names that are not there.

moto writes every answer by the service's model, and looks for each member of it under four spellings, as its models for
other services name them. DynamoDB's answers are dictionaries in the wire's own spelling: a member is there or not. An
attribute value has ten members, of which one is there, so this search was a fifth of what a call cost.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from moto.core import serialize


@contextmanager
def plain_answers() -> Iterator[None]:
    """Members of DynamoDB's answers by their own names only; single-threaded, as moto is used here."""
    original = serialize.ResponseSerializer.get_value

    def get_value(self: Any, value: Any, key: str, shape: Any) -> Any:
        if type(value) is dict and self.operation_model.service_model.service_name == "dynamodb":
            return value.get(key)
        return original(self, value, key, shape)

    serialize.ResponseSerializer.get_value = get_value  # type: ignore[method-assign]
    try:
        yield
    finally:
        serialize.ResponseSerializer.get_value = original  # type: ignore[method-assign]
