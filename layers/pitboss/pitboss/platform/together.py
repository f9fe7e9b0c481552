"""Calls that wait for the network, several at a time (docs/decisions/046).

How many is told by CALLS_AT_ONCE, one unless the template says more: a single caller then does things in order, as tests and
simulations need it.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING

from pitboss.platform.settings import optional

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor


@cache
def _callers(many: int) -> "ThreadPoolExecutor":
    """Kept for the life of the execution environment: threads cost more than most calls."""
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(many, "caller")


def each[Part, Answer](call: Callable[[Part], Answer], parts: Sequence[Part]) -> list[Answer]:
    """What `call` answers for each part, in their order. One at a time, the first error ends it; several at a time, every part is
    tried, and then the first error is raised. `call` must not share state that it changes.

    Who dies in the middle leaves any of the parts done, not only the first ones.
    """
    many = int(optional("CALLS_AT_ONCE", "1"))
    if many == 1 or len(parts) < 2:
        return [call(part) for part in parts]
    waiting = [_callers(many).submit(call, part) for part in parts]
    errors = [error for one in waiting if (error := one.exception())]
    if errors:
        raise errors[0]
    return [one.result() for one in waiting]
