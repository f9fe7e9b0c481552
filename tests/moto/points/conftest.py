"""A root, an operator and an agent below it, each with a key, spoken to through the points function."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from pitboss.points import play
from pitboss.points.api import api as points_api
from pitboss.tenancy.api import api as tenancy_api

from tests.tenancy_world import Client, Reply, made, operator, root_client


@dataclass
class Tree:
    """Ids and clients: `root` > `op` > `agent`; `rival` stands beside `op`."""

    root_id: str
    op_id: str
    agent_id: str
    rival_id: str
    root: Client
    op: Client
    agent: Client
    rival: Client
    tenancy_root: Client
    moves: int = 0

    def move(self, client: Client, agent_id: str, kind: str, amount: object, **more: object) -> Reply:
        """One movement under an idempotency key of its own."""
        self.moves += 1
        body = {
            "type": kind,
            "reason": f"reason {self.moves}",
            **({"amount": amount} if amount else {}),
            **more,
        }
        return client("POST", "/agents/{id}/points", body, key=f"move-{self.moves}", id=agent_id)

    def balance(self, client: Client, agent_id: str) -> str:
        """What the account shows."""
        return str(made(client("GET", "/agents/{id}/points", id=agent_id))["balance"])


@pytest.fixture
def tree(aws: dict[str, str]) -> Iterator[Tree]:
    """The tree, with nothing minted yet."""
    play.forget()
    root = root_client(tenancy_api)
    op_id, op = operator(root, "Op")
    agent_id, agent = operator(root, "Agent", kind="agent", parent=op_id)
    rival_id, rival = operator(root, "Rival")
    root_id = made(root("GET", "/agents/{id}/tree", id=made(root("GET", "/settings"))["tenantId"]))["agents"][
        0
    ]["agentId"]

    def here(client: Client) -> Client:
        return Client(points_api, client.token)

    yield Tree(root_id, op_id, agent_id, rival_id, here(root), here(op), here(agent), here(rival), root)
    play.forget()
