"""Payouts and debits."""

from pitboss.delivery.api import api

handler = api.handler
