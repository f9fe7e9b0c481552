"""Pages to a board snapshot."""

from pitboss.rounds.ranker import handler

__all__ = ["handler"]
