"""Final ranking, result, prizes."""

from pitboss.tournaments.settler import handler

__all__ = ["handler"]
