"""Players join, leave, rebuy; operators disqualify and reinstate."""

from pitboss.tournaments.registrations_api import api

handler = api.handler
