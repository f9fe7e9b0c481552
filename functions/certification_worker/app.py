"""Plays certification runs, case by case."""

from pitboss.certify.worker import handler

__all__ = ["handler"]
