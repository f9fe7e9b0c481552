"""A ledger of one tenant on moto."""

import pytest

from tests.reports_world import Ledger, make_ledger


@pytest.fixture
def ledger(aws: dict[str, str]) -> Ledger:
    """A fresh tenant with an empty ledger."""
    return make_ledger()
