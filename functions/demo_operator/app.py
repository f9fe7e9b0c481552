"""The demo casino's callbacks, its seamless wallet, and a game to launch."""

from pitboss.demo import game_api, wallet_api  # noqa: F401 - they register their routes
from pitboss.demo.api import api

handler = api.handler
