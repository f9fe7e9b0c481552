"""Schemathesis calls with the tenants that the end-to-end suite makes."""

from tests.e2e.conftest import hub, rival, root, tenants, tournament

__all__ = ["hub", "rival", "root", "tenants", "tournament"]
