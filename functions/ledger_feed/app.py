"""The ledger's stream to history, figures and tournaments.

Composed here because reports do not know the rounds engine: what closed rounds are good for is its knowledge.
"""

from pitboss.reports.worker import build
from pitboss.rounds.wallet_feed import ingest_closed

handler = build(ingest_closed)
