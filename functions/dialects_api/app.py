"""An integration's wallet settings and secrets, the vendors' own wallet protocols, the founding agent API."""

from pitboss.dialects.api import api

handler = api.handler
