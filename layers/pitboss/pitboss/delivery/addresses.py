"""Where a callback may go: the platform's rule for every URL that a tenant names."""

from pitboss.platform.addresses import Target, UrlRefusedError, forbidden, read_url

__all__ = ["Target", "UrlRefusedError", "forbidden", "read_url"]
