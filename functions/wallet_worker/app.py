"""Seamless transactions to their end: by the queue, and by the minute."""

from pitboss.wallet.worker import handle as handler

__all__ = ["handler"]
