"""Leaderboard, own standing, why a round counted."""

from pitboss.rounds.boards_api import api

handler = api.handler
