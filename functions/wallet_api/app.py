"""The wallet, for game providers."""

from pitboss.wallet.api import api

handler = api.handler
