"""History, figures, exports, reconciliation, books."""

from pitboss.reports.api import api

handler = api.handler
