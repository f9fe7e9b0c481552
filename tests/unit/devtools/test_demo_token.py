"""The demo operator's token: whoever draws it at the same time as others has the one that all of them have."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from devtools import deploy

pytestmark = pytest.mark.unit
MANY = 8


def test_who_draws_together_gets_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deploy, "LOCAL", tmp_path)
    together = Barrier(MANY, timeout=10)
    draw = deploy.secrets.token_urlsafe

    def drawn(size: int) -> str:
        together.wait()  # nobody has a token when the last one begins to draw
        return draw(size)

    monkeypatch.setattr(deploy.secrets, "token_urlsafe", drawn)
    with ThreadPoolExecutor(MANY) as pool:
        tokens = set(pool.map(lambda _: deploy.demo_token(), range(MANY)))
    assert len(tokens) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["demo-token"]
    assert deploy.demo_token() in tokens
