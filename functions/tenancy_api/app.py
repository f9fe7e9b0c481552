"""Agents, API keys, settings."""

from pitboss.tenancy.api import api

handler = api.handler
