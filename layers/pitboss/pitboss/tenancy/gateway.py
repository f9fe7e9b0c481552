"""Tenancy's outside: the secret that player tokens are signed with, and randomness for API tokens."""

import secrets as randomness
from uuid import UUID

from pitboss.platform.aws import secrets
from pitboss.platform.settings import setting


def signing_seeds() -> list[bytes]:
    """Secret material, the current first, then the one before it (so that a rotation ends no running session)."""
    client = secrets()
    arn = setting("SIGNING_SECRET_ARN")
    seeds = []
    for stage in ("AWSCURRENT", "AWSPREVIOUS"):
        try:
            seeds.append(client.get_secret_value(SecretId=arn, VersionStage=stage)["SecretString"].encode())
        except client.exceptions.ResourceNotFoundException:
            if stage == "AWSCURRENT":
                raise
    return seeds


def new_token() -> str:
    """A fresh API token: 122 random bits in the form of a UUID, as the founding agent API has it."""
    return str(UUID(bytes=randomness.token_bytes(16), version=4))
