"""Rounds in."""

from pitboss.rounds.api import api

handler = api.handler
