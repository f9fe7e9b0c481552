"""Bells of tournaments."""

from pitboss.tournaments.clock import handler

__all__ = ["handler"]
