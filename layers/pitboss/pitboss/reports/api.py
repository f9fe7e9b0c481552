"""Every route of reports."""

from pitboss.platform.http import Api
from pitboss.reports import figures_api, history_api, reconciliation_api
from pitboss.tenancy.public import gate

api = Api("reports_api", gate)
for part in (history_api, figures_api, reconciliation_api):
    part.routes.join(api)
