"""Points of the agent tree: accounts, movements, statements, billing."""

from pitboss.points.api import api

handler = api.handler
