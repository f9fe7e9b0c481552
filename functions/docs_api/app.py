"""OpenAPI, docs page, JWKS, health."""

from pitboss.contract.api import api

handler = api.handler
