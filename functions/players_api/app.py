"""Players, sessions, launches, free rounds, and money in and out in transfer mode."""

from pitboss.players.api import api

handler = api.handler
