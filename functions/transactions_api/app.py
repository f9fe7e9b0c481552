"""What the wallet did: transactions, the failed list, rounds; with the look-ups that reports keep."""

from pitboss.reports.public import find_transaction, list_transactions, players_of_round
from pitboss.wallet.transactions_api import Index, api, use

use(Index(find_transaction, list_transactions, players_of_round))
handler = api.handler
