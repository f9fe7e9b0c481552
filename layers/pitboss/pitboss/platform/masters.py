"""The one master from which the secrets of callbacks and of providers are derived, read once per execution environment."""

from functools import cache

from pitboss.platform.settings import setting


def callback_master() -> bytes:
    """The bytes of CallbackSecret. The function needs `CALLBACK_SECRET_ARN` and `secretsmanager:GetSecretValue` on it."""
    return _read(setting("CALLBACK_SECRET_ARN"))


def forget() -> None:
    """Drop what was read (tests)."""
    _read.cache_clear()


@cache
def _read(arn: str) -> bytes:
    from pitboss.platform.aws import secrets

    return secrets().get_secret_value(SecretId=arn)["SecretString"].encode()
