"""A game between its row of the API and its record."""

from typing import Any

from pitboss.catalogue import links
from pitboss.catalogue.model import Facts, Game
from pitboss.kernel.instants import format_instant
from pitboss.kernel.money import AmountError, format_amount, parse_amount
from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.platform.settings import is_local
from pitboss.tenancy.public import exponent


def game_of(row: Any, integration: str, pointer: str, tenant_id: str) -> Game:
    """The game that a validated `GameRow` describes. Refusal VALIDATION_ERROR, INVALID_AMOUNT or AMOUNT_PRECISION for
    bet limits that no bet of the currency could keep, URL_NOT_ALLOWED for a launch URL that opens nothing."""
    _check_launch_url(row.launch_url, f"{pointer}.launchUrl")
    facts = Facts(
        tags=_sorted(row.tags),
        volatility=row.volatility or "",
        rtp_bps=row.rtp or 0,
        devices=_sorted(row.devices),
        currencies=_sorted(row.currencies),
        languages=_sorted(row.languages),
        restricted_countries=_sorted(row.restricted_countries),
        demo=row.has_demo,
        bets=tuple(
            sorted(
                _limits(limits, f"{pointer}.betLimits[{i}]", tenant_id)
                for i, limits in enumerate(row.bet_limits)
            )
        ),
        thumbnails=tuple((picture.url, picture.width, picture.height) for picture in row.thumbnails),
        released_at=row.released_at or 0,
        launch_url=row.launch_url,
    )
    return Game(
        slug=row.game_id,
        name=row.display_name,
        provider=row.game_provider_display_name,
        integration_id=integration,
        enabled=row.is_enabled,
        free_rounds=row.is_freeround_supported,
        icon_url=row.icon_url,
        brands=None if row.enabled_brand_refs is None else _sorted(row.enabled_brand_refs),
        facts=facts,
    )


def _check_launch_url(url: str, pointer: str) -> None:
    faults = links.faults(url, local=is_local()) if url else []
    if faults:
        raise Refusal(
            "URL_NOT_ALLOWED",
            f"{pointer}: " + "; ".join(sentence for _, sentence in faults) + ".",
            errors=[FieldError(pointer, f"{code}: {sentence}") for code, sentence in faults],
        )


def _sorted(values: list[str]) -> tuple[str, ...]:
    # The order of a list of names says nothing: the same names in another order are no change.
    return tuple(sorted(set(values)))


def _limits(limits: Any, pointer: str, tenant_id: str) -> tuple[str, str, str]:
    decimals = exponent(tenant_id, limits.currency)
    try:
        least, most = parse_amount(limits.min_bet, decimals), parse_amount(limits.max_bet, decimals)
    except AmountError as error:
        raise Refusal(error.code, f"{pointer}: {error}.", errors=[FieldError(pointer, str(error))]) from None
    if not 0 <= least <= most:
        reason = "0 <= minBet <= maxBet"
        raise Refusal("VALIDATION_ERROR", f"{pointer}: {reason}.", errors=[FieldError(pointer, reason)])
    return limits.currency, format_amount(least, decimals), format_amount(most, decimals)


def game_row(game: Game) -> dict[str, Any]:
    """The game as lists answer it."""
    facts = game.facts
    return {
        "gameId": game.slug,
        "displayName": game.name,
        "gameProviderDisplayName": game.provider,
        "isEnabled": game.enabled,
        "isFreeroundSupported": game.free_rounds,
        "iconUrl": game.icon_url,
        "enabledBrandRefs": None if game.brands is None else list(game.brands),
        "tags": list(facts.tags),
        "volatility": facts.volatility or None,
        "rtp": format_amount(facts.rtp_bps, 2) if facts.rtp_bps else None,
        "devices": list(facts.devices),
        "currencies": list(facts.currencies),
        "languages": list(facts.languages),
        "restrictedCountries": list(facts.restricted_countries),
        "hasDemo": facts.demo,
        "betLimits": [{"currency": c, "minBet": low, "maxBet": high} for c, low, high in facts.bets],
        "thumbnails": [
            {"url": url, "width": width, "height": height} for url, width, height in facts.thumbnails
        ],
        "releasedAt": format_instant(facts.released_at) if facts.released_at else None,
        "launchUrl": facts.launch_url,
        "integrationId": game.integration_id,
        "changedAt": format_instant(game.changed_at) if game.changed_at else None,
    }
