"""Every money call, by any id.

Composed here because the inspector knows no wallet: applied calls are kept with their transactions.
"""

from pitboss.inspector.api import api
from pitboss.inspector.search import serve_transactions
from pitboss.reports import inspected

serve_transactions(inspected)
handler = api.handler
