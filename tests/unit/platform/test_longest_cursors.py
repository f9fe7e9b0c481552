"""A cursor that a list has answered is one that it takes, however long the ids are that it goes on from."""

import pytest
from pitboss.platform import cursors
from pitboss.platform.http import Api, Query
from pitboss.platform.wire import LONGEST_ID, read_query
from pitboss.players.api import api as players_api
from pitboss.players.store import player_key
from pitboss.tournaments.registrations_api import api as registrations_api
from pitboss.wallet.model import TxKey
from pitboss.wallet.store import tx_key
from pitboss.wallet.transactions_api import api as transactions_api

pytestmark = pytest.mark.unit

WIDE = "\U0001f3b0"
NAME = WIDE * 100
TENANT = "0" * 26
PLAYER = player_key(NAME, NAME)
FAILED = f"{10**12}:{tx_key(TENANT, TxKey('#' * 100, 'rollback', WIDE * LONGEST_ID, TENANT))[0]}"


def cursor_of(api: Api, path: str) -> Query:
    (route,) = [one for one in api.routes if (one.method, one.path) == ("GET", path)]
    (query,) = [one for one in route.query if one.name == "cursor"]
    return query


LISTS = (
    pytest.param(players_api, "/players", PLAYER, id="players"),
    pytest.param(registrations_api, "/tournaments/{id}/players", PLAYER, id="entries"),
    pytest.param(registrations_api, "/players/{id}/tournaments", f"{TENANT}#{NAME}", id="joined"),
    pytest.param(transactions_api, "/transactions/failed", FAILED, id="failed"),
)


@pytest.mark.parametrize(("api", "path", "position"), LISTS)
def test_the_longest_position_comes_back(api: Api, path: str, position: str) -> None:
    made = cursors.make(position, TENANT, "list")
    query = cursor_of(api, path)
    assert read_query([query], {"cursor": [made]}) == {"cursor": made}
    assert cursors.read(made, TENANT, "list") == position
