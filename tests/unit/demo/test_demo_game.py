"""The demo game's arithmetic and the life of a spin."""

import re
import shutil
import subprocess
from collections import Counter
from itertools import product
from pathlib import Path

import pytest
from pitboss.demo import game, game_gateway
from pitboss.demo.game import FINAL, NEXT, PAYTABLE, SEGMENTS, Play, Spin
from pitboss.demo.game_page import page

pytestmark = pytest.mark.unit


def test_the_wheel_pays_what_the_page_says() -> None:
    paid = Counter(game.multiplier(segment) for segment in range(SEGMENTS))
    assert paid == dict(PAYTABLE)
    assert sum(times * width for times, width in PAYTABLE) == 960
    assert game.return_bps() == 9600
    for outside in (-1, SEGMENTS):
        with pytest.raises(ValueError, match="thousand segments"):
            game.multiplier(outside)


@pytest.mark.parametrize(("before", "after"), list(product(NEXT, NEXT)), ids=str)
def test_a_spin_goes_only_where_the_table_says(before: game.State, after: game.State) -> None:
    spin = Spin("s", 100, free=False, segment=0, state=before)
    if after in NEXT[before]:
        assert spin.step(after).state == after
    else:
        with pytest.raises(ValueError, match="does not go"):
            spin.step(after)
    assert (before in FINAL) == (not NEXT[before])


def test_messages_name_each_transaction_the_same_each_time() -> None:
    play = Play("p", "t", "slot", "real", "EUR", 2, "ps_x", "fr", 20)
    spin = Spin("s", 20, free=True, segment=900)
    one, two = (game.messages(play, spin, "0.20", "0.40") for _ in range(2))
    assert one == two
    assert {m["transactionId"] for m in one.values()} == {"p-s-b", "p-s-w", "p-s-r"}
    assert (
        one["win"]["betTransactionId"]
        == one["rollback"]["originalTransactionId"]
        == one["bet"]["transactionId"]
    )
    assert {m["roundId"] for m in one.values()} == {"p-s"}
    assert (one["bet"]["type"], one["bet"]["freeRoundsId"], one["win"]["type"]) == ("free", "fr", "free")
    cash = game.messages(play, Spin("s", 20, free=False, segment=0), "0.20", "0.00")
    assert "type" not in cash["bet"]


def test_a_wallet_secret_is_read_or_refused() -> None:
    assert game_gateway.secret_of("whsec_AAECAw==") == b"\x00\x01\x02\x03"
    with pytest.raises(ValueError, match="whsec_"):
        game_gateway.secret_of("whsec_%%%")


def test_the_page_is_whole_and_loads_nothing_from_elsewhere() -> None:
    text = page("n0nce")
    assert text.count('nonce="n0nce"') == 2
    assert "%(" not in text
    assert not re.findall(r"(?:src|href)=[\"']?https?:", text)
    assert "innerHTML" not in text


@pytest.mark.skipif(shutil.which("node") is None, reason="no node here to read the script")
def test_the_pages_script_is_javascript(tmp_path: Path) -> None:
    (script,) = re.findall(r"<script[^>]*>(.*?)</script>", page("n"), re.S)
    file = tmp_path / "page.js"
    file.write_text(script, "utf-8")
    checked = subprocess.run(["node", "--check", str(file)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
