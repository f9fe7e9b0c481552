"""Inbox batches of the stream, folded into pages."""

from pitboss.rounds.scorer import handler

__all__ = ["handler"]
