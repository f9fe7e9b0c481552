"""From a vendor's code back to the hub's name for it: what the provider's half of a codec reads in an answer."""

from functools import cache
from typing import Any

from pitboss.dialects.profiles import Code, code_of, fallbacks, outcomes
from pitboss.kernel.refusal import Refusal, catalogue


@cache
def name_of(profile: str, code: Code, action: str) -> str:
    """The first outcome of the table that is called so; INTERNAL_ERROR for the vendor's word for anything else."""
    if code in fallbacks(profile):
        return "INTERNAL_ERROR"
    known = catalogue()
    for outcome in outcomes():
        if outcome in known and code_of(profile, outcome, action) == code:
            return outcome
    return "INTERNAL_ERROR"


def refusal_of(profile: str, code: Code, action: str, **facts: Any) -> Refusal:
    """The refusal that a vendor's code stands for. What no longer says whether money moved is `effect: unknown`, unless
    the protocol has a code of its own for that."""
    name = name_of(profile, code, action)
    certain = code in fallbacks(profile) and code != fallbacks(profile)[-1]
    return Refusal(
        name,
        f"The wallet answered {code}.",
        facts={"vendorCode": code, **facts},
        effect="none" if certain else None,
    )
