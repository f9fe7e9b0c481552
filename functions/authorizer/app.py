"""Who calls."""

from pitboss.tenancy.authorizer import handler

__all__ = ["handler"]
