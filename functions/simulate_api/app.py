"""What-if."""

from pitboss.tournaments.simulate_api import api

handler = api.handler
