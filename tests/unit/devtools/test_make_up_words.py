"""What `make up` does with what it finds: a port that is none, half a file, a folder with a space in its name."""

import json
import shlex
import subprocess
from pathlib import Path

import pytest

from devtools import deploy, seed, up
from devtools.console import ROOT, Stop

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("text", ["abc", "0", "-1", "65536", "99999", "80 ", "٣"])
def test_a_port_that_is_none_is_named(text: str) -> None:
    with pytest.raises(Stop, match="is not a port"):
        up.wished_port(text)


def test_a_port_and_none() -> None:
    assert [up.wished_port(text) for text in ("4566", "65535", "")] == [4566, 65_535, None]


@pytest.mark.parametrize("content", ['{"tok', "", "[]", "null", "\x00"])
def test_a_tenant_that_cannot_be_read_is_made_again(tmp_path: Path, content: str) -> None:
    path = tmp_path / "demo.json"
    assert seed.recall(path) == {}
    path.write_text(content, "utf-8")
    assert seed.recall(path) == {}
    path.write_text(json.dumps({"token": "t"}), "utf-8")
    assert seed.recall(path) == {"token": "t"}


@pytest.mark.parametrize("target", sorted(deploy.LAYERS))
def test_a_layer_is_built_where_the_path_has_a_space(target: str) -> None:
    told = subprocess.run(
        [
            *("make", "-n", "-C", str(ROOT / deploy.LAYERS[target]), f"build-{target}"),
            *("UV=/a b/uv", "PYTHON=/a b/python", "ARTIFACTS_DIR=/a b/out"),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    words = shlex.split(told.stdout, comments=True)
    assert "/a b/python" in words
    assert "/a b/out/python" in words
    assert not [word for word in words if word in ("/a", "b/uv", "b/python", "b/out")]
    assert ("/a b/uv" in words) == (target != "PitbossLayer")
