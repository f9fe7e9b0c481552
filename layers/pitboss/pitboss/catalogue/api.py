"""Routes of the catalogue: full lists of brands and games in, lists out, and which games have a tournament on."""

from collections.abc import Callable, Iterable

from pitboss.catalogue import presenting, rules, service
from pitboss.catalogue.model import Brand, Counts
from pitboss.catalogue.rules import Running
from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.platform.http import Answer, Api, Call, Query
from pitboss.tenancy.public import gate

SCHEMAS = "pitboss.catalogue.schemas"
MAX_BODY = 5 * 1024 * 1024
api = Api("catalogue_api", gate)

_PAGE = (
    Query("limit", "Rows of a page", "integer", 100, 1, 500),
    Query("cursor", "`nextCursor` of the page before", maximum=1000),
)
_ENABLED = Query("isEnabled", "Only enabled or only disabled ones", "boolean")
_INTEGRATION = Query("integrationId", "Only of this integration", maximum=100)


def _check(call: Call, refs: list[tuple[str, str]], most: int, what: str) -> str:
    errors = rules.repeated(refs)
    if len(refs) > most:
        errors = [FieldError(what, f"at most {most} in one list")]
    if errors:
        raise Refusal(
            "VALIDATION_ERROR",
            "; ".join(f"{e.pointer}: {e.reason}" for e in errors[:3]) + ".",
            errors=errors[:50],
        )
    integration = call.params["id"]
    if len(integration) > 100:
        raise Refusal(
            "PARAMETERS_INVALID",
            "An integration id has at most 100 characters.",
            errors=[FieldError("id", "too long")],
        )
    return integration


def _counted(integration: str, counts: Counts) -> Answer:
    return Answer(
        {
            "integrationId": integration,
            "created": counts.created,
            "updated": counts.updated,
            "disabled": counts.disabled,
            "unchanged": counts.unchanged,
        }
    )


@api.route(
    "PUT",
    "/integrations/{id}/operators",
    "Replace operators and brands",
    scope="games.write",
    body=f"{SCHEMAS}:PutOperators",
    answer=f"{SCHEMAS}:SyncAnswer",
    max_body=MAX_BODY,
    errors=("OPERATION_IN_PROGRESS",),
    about="The full list, at most 2,000 brands: brands of this integration that are missing are disabled. Sending the "
    "same list again writes nothing. The integration comes into being with its first list.",
)
def put_operators(call: Call) -> Answer:
    """Brand refs are unique in the tenant."""
    pointed = [
        (f"operators[{i}].brands[{j}].ref", operator, brand)
        for i, operator in enumerate(call.body.operators)
        for j, brand in enumerate(operator.brands)
    ]
    integration = _check(call, [(p, brand.ref) for p, _, brand in pointed], service.MAX_BRANDS, "operators")
    wanted = {
        pointer: Brand(brand.ref, brand.name, operator.ref, operator.name, integration, True)
        for pointer, operator, brand in pointed
    }
    counts = service.sync_brands(call.tenant_id, integration, wanted, lease=call.new_id("sync"), now=call.now)
    return _counted(integration, counts)


@api.route(
    "PUT",
    "/integrations/{id}/games",
    "Replace games",
    scope="games.write",
    body=f"{SCHEMAS}:PutGames",
    answer=f"{SCHEMAS}:SyncAnswer",
    max_body=MAX_BODY,
    errors=(
        "OPERATION_IN_PROGRESS",
        "INVALID_AMOUNT",
        "AMOUNT_PRECISION",
        "AMOUNT_LIMIT",
        "CURRENCY_NOT_SUPPORTED",
        "URL_NOT_ALLOWED",
    ),
    about="The full list, at most 10,000 games (gzip is welcome): games of this integration that are missing are "
    "disabled. Sending the same list again writes nothing.",
)
def put_games(call: Call) -> Answer:
    """Game ids are unique in the tenant."""
    pointed = [(f"games[{i}].gameId", row) for i, row in enumerate(call.body.games)]
    integration = _check(call, [(p, row.game_id) for p, row in pointed], service.MAX_GAMES, "games")
    wanted = {
        pointer: presenting.game_of(row, integration, f"games[{place}]", call.tenant_id)
        for place, (pointer, row) in enumerate(pointed)
    }
    counts = service.sync_games(call.tenant_id, integration, wanted, lease=call.new_id("sync"), now=call.now)
    return _counted(integration, counts)


@api.route(
    "GET",
    "/games",
    "List games",
    scope="games.read",
    answer=f"{SCHEMAS}:GameList",
    query=(
        *_PAGE,
        Query("provider", "Display name of the provider", maximum=120),
        Query("tag", "Games that carry this tag", maximum=40),
        Query("currency", "Games that may be played in it", maximum=10),
        Query("device", "Games for it", choices=("desktop", "mobile", "tablet")),
        Query("language", "Games that speak it", maximum=10),
        Query("country", "Without games restricted in it", maximum=2),
        Query("brandId", "Games that this brand offers", maximum=100),
        Query("hasDemo", "Only with or only without a demo", "boolean"),
        Query("isFreeroundSupported", "Only with or only without free rounds", "boolean"),
        Query("changedSince", "Games written since, disabled ones too", "instant"),
        _ENABLED,
        _INTEGRATION,
    ),
    errors=("CURSOR_INVALID",),
    about="To keep a copy, ask from time to time with `changedSince` a minute before the latest `changedAt` you hold: a "
    "list that is being taken in while you ask is then never missed.",
)
def list_games(call: Call) -> Answer:
    """By game id."""
    q = call.query
    wanted = service.GameFilter(
        provider=q["provider"],
        enabled=q["isEnabled"],
        integration=q["integrationId"],
        tag=q["tag"],
        currency=q["currency"],
        device=q["device"],
        language=q["language"],
        country=q["country"],
        free_rounds=q["isFreeroundSupported"],
        demo=q["hasDemo"],
        brand=q["brandId"],
        changed_since=q["changedSince"],
    )
    games, following = service.list_games(call.tenant_id, wanted, cursor=q["cursor"], limit=q["limit"])
    return Answer({"games": [presenting.game_row(game) for game in games], "nextCursor": following or None})


@api.route(
    "GET",
    "/brands",
    "List brands",
    scope="games.read",
    answer=f"{SCHEMAS}:BrandList",
    query=(*_PAGE, _ENABLED, _INTEGRATION),
    errors=("CURSOR_INVALID",),
)
def list_brands(call: Call) -> Answer:
    """By ref."""
    q = call.query
    brands, following = service.list_brands(
        call.tenant_id,
        enabled=q["isEnabled"],
        integration=q["integrationId"],
        cursor=q["cursor"],
        limit=q["limit"],
    )
    rows = [
        {
            "ref": brand.ref,
            "name": brand.name,
            "operatorRef": brand.operator_ref,
            "operatorName": brand.operator_name,
            "integrationId": brand.integration_id,
            "isEnabled": brand.enabled,
        }
        for brand in brands
    ]
    return Answer({"brands": rows, "nextCursor": following or None})


# The catalogue does not know tournaments; who composes the function says which are on.
_running: list[Callable[[str, int], Iterable[Running]]] = []


def serve_active_games(running: Callable[[str, int], Iterable[Running]]) -> None:
    """Give `GET /active-games` its source: `(tenant_id, now_ms)` to the tournaments on or soon to start."""
    _running[:] = [running]


@api.route(
    "GET",
    "/active-games",
    "List games with a tournament on",
    scope="games.read",
    answer=f"{SCHEMAS}:ActiveGames",
    also=(304,),
    about="Games by brands whose rounds are wanted, tournaments that soon start included. Made for polling every "
    "three minutes: send If-None-Match with the ETag and get 304 while nothing changed.",
)
def list_active_games(call: Call) -> Answer:
    """Enabled games and brands only."""
    rows, etag = service.active_games(call.tenant_id, _running[0](call.tenant_id, call.now))
    return Answer({"activeGames": rows}, etag=etag)
