"""Brands, games, integrations, active games."""

from pitboss.catalogue.api import api

handler = api.handler
