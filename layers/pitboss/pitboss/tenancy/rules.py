"""Decisions about tree, keys and settings. Pure: times and ids come in as arguments."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from ipaddress import ip_address

from pitboss.kernel.money import EXPONENTS, MAX_EXPONENT, exponent_of
from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.tenancy.model import (
    CEILINGS,
    DEFAULT_LIMITS,
    MAX_DEPTH,
    ApiKey,
    Node,
    OwnSettings,
    Settings,
    Standing,
)

CHILD_KINDS: Mapping[str, tuple[str, ...]] = {
    "root": ("operator", "agent"),
    "operator": ("operator", "agent"),
    "agent": (),
}
REMEMBERED_KEYS = 20
# Crypto currencies have no decimals that everyone agrees on, so these rows of the kernel's table may be restated.
_CRYPTO = frozenset({"BTC", "ETH", "LTC", "USDT", "USDC"})
_RATE = re.compile(r"(0|[1-9]\d{0,11})(?:\.(\d{1,12}))?", re.ASCII)
_URL = re.compile(r"(https?)://([^/?#@\s]+)(/[^\s#]*)?", re.ASCII)
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::(\d{1,5}))?", re.ASCII)


# ---------------------------------------------------------------- tree
def new_child(
    parent: Standing, *, node_id: str, name: str, kind: str, currency: str | None, now: int
) -> Node:
    """A node below `parent`. An agent is one casino and has nothing below it; one currency for each account.

    Raises:
        Refusal: VALIDATION_ERROR for kind and depth, CURRENCY_NOT_SUPPORTED.
    """
    above = parent.node
    if kind not in CHILD_KINDS[above.kind]:
        allowed = " or ".join(CHILD_KINDS[above.kind]) or "nothing"
        raise _invalid("kind", f"below {_article(above.kind)} stands {allowed}, not {_article(kind)}")
    if above.depth >= MAX_DEPTH:
        raise _invalid("kind", f"the tree is at most {MAX_DEPTH} nodes deep")
    code = currency or above.currency
    check_currency("currency", code, parent.settings.exponents)
    return Node(node_id, name, kind, above.id, f"{above.path}{node_id}/", code, "active", now)  # type: ignore[arg-type]


def _article(kind: str) -> str:
    return f"{'a' if kind == 'root' else 'an'} {kind}"


def check_currency(field: str, code: str, exponents: Mapping[str, int]) -> None:
    """Refusal CURRENCY_NOT_SUPPORTED unless the decimals of `code` are known."""
    try:
        exponent_of(code, exponents)
    except KeyError:
        raise Refusal(
            "CURRENCY_NOT_SUPPORTED",
            f"{code} is neither an ISO 4217 currency nor in the settings' exponents.",
            errors=[FieldError(field, "unknown currency")],
        ) from None


def _invalid(field: str, reason: str) -> Refusal:
    return Refusal("VALIDATION_ERROR", f"{field}: {reason}.", errors=[FieldError(field, reason)])


# ---------------------------------------------------------------- keys
def grant_scopes(asked: Sequence[str], held: Iterable[str], known: Sequence[str]) -> tuple[str, ...]:
    """The scopes of a new key, in catalogue order; "*" asks for all that the maker has.

    Raises:
        Refusal: VALIDATION_ERROR for unknown ones, PERMISSION_ERROR for those the maker lacks.
    """
    mine = frozenset(held)
    unknown = [
        FieldError(f"scopes[{i}]", f"unknown scope {scope!r}")
        for i, scope in enumerate(asked)
        if scope != "*" and scope not in known
    ]
    if unknown:
        raise Refusal(
            "VALIDATION_ERROR", "Unknown scopes; the known ones are " + ", ".join(known) + ".", errors=unknown
        )
    wanted = mine if "*" in asked else frozenset(asked)
    lacking = sorted(wanted - mine)
    if lacking:
        raise Refusal(
            "PERMISSION_ERROR",
            "A key can only be given scopes that its maker has; yours lacks " + ", ".join(lacking) + ".",
            facts={"missingScopes": lacking},
        )
    return tuple(scope for scope in known if scope in wanted)


def add_key(keys: Sequence[ApiKey], fresh: ApiKey, *, limit: int, now: int) -> tuple[ApiKey, ...]:
    """The register with one more key. A key of the same id (our own earlier attempt, whose token nobody ever saw) gives way.

    Raises:
        Refusal: KEY_LIMIT when `limit` others are active.
    """
    others = tuple(key for key in keys if key.id != fresh.id)
    active = [key.id for key in others if key.active(now)]
    if len(active) >= limit:
        raise Refusal(
            "KEY_LIMIT",
            f"{len(active)} keys are active and {limit} may be; revoke one first.",
            facts={"limit": limit, "activeKeyIds": active},
        )
    return _forget_old((*others, fresh), now)


def _forget_old(keys: tuple[ApiKey, ...], now: int) -> tuple[ApiKey, ...]:
    """Active keys all stay; of the others the newest are kept for display."""
    dead = [key for key in keys if not key.active(now)]
    gone = {key.id for key in dead[: max(0, len(dead) - REMEMBERED_KEYS)]}
    return tuple(key for key in keys if key.id not in gone)


def change_key(keys: Sequence[ApiKey], key_id: str, **members: int | str) -> tuple[ApiKey, ...]:
    """The register with members of one key changed."""
    return tuple(replace(key, **members) if key.id == key_id else key for key in keys)  # type: ignore[arg-type]


# ---------------------------------------------------------------- settings
def effective(path: Sequence[tuple[Node, OwnSettings]]) -> Standing:
    """What is in force for the last node of `path` (root first): its own settings within those above.

    Limits: the stated ones, else the defaults (the root: the ceilings), and never above the parent's. Exponents and
    rates flow down; rates only to nodes of the same base currency, since to others they would mean something else.
    """
    limits: Mapping[str, int] = CEILINGS
    exponents: dict[str, int] = {}
    fx: dict[str, tuple[int, int]] = {}
    base = ""
    for node, own in path:
        stated: Mapping[str, int] = {**(CEILINGS if node.kind == "root" else DEFAULT_LIMITS), **own.limits}
        limits = {name: min(stated[name], limits[name]) for name in CEILINGS}
        exponents = {**own.exponents, **exponents}
        if node.currency != base:
            base, fx = node.currency, {}
        fx = {**fx, **{code: parse_rate(rate) for code, rate in own.fx.items()}}
    node, own = path[-1]
    settings = Settings(
        tenant_id=node.id,
        version=own.version,
        currency=node.currency,
        allowed_ips=own.allowed_ips,
        payouts_url=own.payouts_url,
        debits_url=own.debits_url,
        game_url=own.game_url,
        approval=own.approval,
        default_duration_ms=own.default_duration_minutes * 60_000,
        default_grace_ms=own.grace_seconds * 1000,
        active_keys=own.active_keys,
        limits=limits,
        exponents=exponents,
        fx=fx,
        branding=own.branding,
        wallet_mode=own.wallet_mode,
        wallet_url=own.wallet_url,
        wallet_timeout_ms=own.wallet_timeout_ms,
        wallet_transactions=own.wallet_transactions,
        wallet_lock_on_failed=own.wallet_lock_on_failed,
    )
    suspended = next((above.id for above, _ in path if above.status != "active"), "")
    return Standing(node, settings, suspended)


def parse_rate(text: str) -> tuple[int, int]:
    """A positive decimal such as "0.9213" as an exact fraction. ValueError says what is wrong."""
    match = _RATE.fullmatch(text)
    if match is None:
        raise ValueError('a positive decimal string with at most 12 decimals, such as "0.9213"')
    fraction = match[2] or ""
    number = int(match[1] + fraction)
    if number == 0:
        raise ValueError("a rate is greater than zero")
    return number, int(10 ** len(fraction))


def check_settings(
    fresh: OwnSettings,
    before: OwnSettings,
    parent: Settings | None,
    *,
    node: Node,
    by_itself: bool,
    local: bool,
    ports: frozenset[int] = frozenset(),
) -> list[FieldError]:
    """What is wrong with new settings, field by field. `parent` is None for the root; `ports` as in `url_fault`."""
    return [
        *_check_limits(fresh, before, parent, by_itself=by_itself and parent is not None),
        *_check_exponents(fresh, before, parent),
        *_check_rates(fresh, parent, node.currency),
        *_check_game_url(fresh.game_url, local=local),
        *_check_wallet(fresh, local=local, ports=ports),
    ]


def _check_limits(
    fresh: OwnSettings, before: OwnSettings, parent: Settings | None, *, by_itself: bool
) -> list[FieldError]:
    errors = []
    for name, value in fresh.limits.items():
        ceiling = parent.limits[name] if parent else CEILINGS[name]
        granted = min(ceiling, before.limits.get(name, DEFAULT_LIMITS[name]))
        if value > ceiling:
            errors.append(FieldError(f"limits.{name}", f"at most {ceiling}, which is what stands above"))
        elif by_itself and value > granted:
            errors.append(
                FieldError(
                    f"limits.{name}", f"a tenant may not raise its own limit ({granted}); its parent may"
                )
            )
    if by_itself:
        # Leaving out a limit that was stated means the default again, which may be more than what was granted.
        for name, value in before.limits.items():
            if name not in fresh.limits and value < DEFAULT_LIMITS[name]:
                errors.append(
                    FieldError(f"limits.{name}", "only the parent can lift a limit below the default")
                )
    return errors


def _check_exponents(fresh: OwnSettings, before: OwnSettings, parent: Settings | None) -> list[FieldError]:
    errors = []
    above = parent.exponents if parent else {}
    for code, exponent in fresh.exponents.items():
        field = f"exponents.{code}"
        if not 0 <= exponent <= MAX_EXPONENT:
            errors.append(FieldError(field, f"0 to {MAX_EXPONENT} decimals"))
        elif code in EXPONENTS and code not in _CRYPTO:
            errors.append(FieldError(field, "the decimals of this currency are fixed by ISO 4217"))
        elif code in EXPONENTS and code not in before.exponents and before.version:
            errors.append(FieldError(field, "can be restated only in the first settings of a tenant"))
        elif code in above and above[code] != exponent:
            errors.append(FieldError(field, f"fixed at {above[code]} above this tenant"))
        elif before.exponents.get(code, exponent) != exponent:
            errors.append(FieldError(field, "amounts are recorded with it already; it cannot change"))
    errors += [
        FieldError(f"exponents.{code}", "amounts may be recorded with it already; it cannot be taken away")
        for code in before.exponents
        if code not in fresh.exponents
    ]
    return errors


def _check_rates(fresh: OwnSettings, parent: Settings | None, currency: str) -> list[FieldError]:
    known = {**EXPONENTS, **(parent.exponents if parent else {}), **fresh.exponents}
    errors = []
    for code, rate in fresh.fx.items():
        if code == currency:
            errors.append(FieldError(f"fx.{code}", "the tenant's own currency needs no rate"))
        elif code not in known:
            errors.append(FieldError(f"fx.{code}", "unknown currency; give its decimals in exponents"))
        else:
            try:
                parse_rate(rate)
            except ValueError as error:
                errors.append(FieldError(f"fx.{code}", str(error)))
    return errors


def _check_game_url(template: str, *, local: bool) -> list[FieldError]:
    if not template:
        return []
    sample = re.sub(r"\{(game|brand|tournament)\}", "x", template)
    if "{" in sample or "}" in sample:
        return [FieldError("gameUrl", "placeholders are {game}, {brand} and {tournament}")]
    reason = url_fault(sample, local=local)
    return [FieldError("gameUrl", reason)] if reason else []


def _check_wallet(fresh: OwnSettings, *, local: bool, ports: frozenset[int]) -> list[FieldError]:
    if not fresh.wallet_url:
        missing = fresh.wallet_mode == "seamless"
        return [FieldError("walletUrl", "a seamless wallet needs its base URL")] if missing else []
    if "?" in fresh.wallet_url:
        return [FieldError("walletUrl", "a base URL, to which /bet and the like are added, has no query")]
    reason = url_fault(fresh.wallet_url, local=local, ports=ports)
    return [FieldError("walletUrl", reason)] if reason else []


def url_fault(url: str, *, local: bool, ports: frozenset[int] = frozenset()) -> str:
    """Why a callback URL may not be used, or "". `ports`: those that the hub calls, empty for any. The address behind a
    name is checked again at every call."""
    match = _URL.fullmatch(url)
    host = _HOST.fullmatch(match[2]) if match else None
    if match is None or host is None or len(url) > 500:
        return "an absolute URL of at most 500 characters, without user, password or fragment"
    if host[2] and not 1 <= int(host[2]) <= 65535:
        return "the port is 1 to 65535"
    if local:
        return ""
    if match[1] != "https":
        return "https is required"
    if ports and int(host[2] or 443) not in ports:
        return "the port is one of " + ", ".join(map(str, sorted(ports)))
    name = host[1].strip("[]").lower()
    try:
        public = ip_address(name).is_global
    except ValueError:
        # Forms such as "2130706433" and "0x7f.1" are addresses to a resolver, and no public name ends in a number.
        last = name.rsplit(".", 1)[-1]
        public = "." in name and not last[0].isdigit() and last not in ("localhost", "local", "internal")
    return "" if public else "a public host is required"
