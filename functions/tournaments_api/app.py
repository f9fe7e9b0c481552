"""The life of a tournament."""

from pitboss.tournaments.api import api

handler = api.handler
