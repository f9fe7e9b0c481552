"""docs/certify.md: its examples are run, its figures are those of the code."""

import base64
import json
import re

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pitboss.certify.cli import _config, _known, parser
from pitboss.certify.schemas import CreateRun
from pitboss.certify.script import cases, read_case, read_step
from pitboss.certify.service import SIGNED_AS
from pitboss.kernel.canonical import canonical_json

from devtools.console import ROOT
from tests.broken_wallets import BUGS

pytestmark = pytest.mark.unit
TEXT = (ROOT / "docs" / "certify.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.S)


def test_the_verification_of_a_report_works_as_shown() -> None:
    scope: dict[str, object] = {}
    exec(blocks("python")[0], scope)  # noqa: S102 - our own documentation
    verify = scope["verify"]
    assert callable(verify)
    private = Ed25519PrivateKey.generate()
    raw = private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    jwks = {"keys": [{"kid": "k1", "x": base64.urlsafe_b64encode(raw).rstrip(b"=").decode()}]}
    report = {"failed": 0, "address": "https://ü.example", "cases": [{"b": 1, "a": None}]}
    value = base64.urlsafe_b64encode(private.sign(SIGNED_AS + canonical_json(report))).rstrip(b"=").decode()
    signed = {**report, "signature": {"alg": "EdDSA", "kid": "k1", "value": value}}
    verify(signed, jwks)
    with pytest.raises(InvalidSignature):
        verify({**signed, "failed": 1}, jwks)


def test_the_example_request_and_case_are_valid() -> None:
    request, case = blocks("json")
    CreateRun.model_validate(json.loads(request))
    shown = read_case(json.loads(case))
    assert shown.plays[0] in cases()[shown.number - 1].plays
    assert shown.rule == cases()[shown.number - 1].rule


def test_the_example_configuration_is_understood(tmp_path: object) -> None:
    from pathlib import Path

    path = Path(str(tmp_path)) / "certify.toml"
    path.write_text(blocks("toml")[0], "utf-8")
    config = _config(parser().parse_args(["certify", "--config", str(path)]))
    assert config["url"].startswith("https://")
    assert [row.get("role", "") for row in config["players"]] == ["", "blocked", ""]
    assert _known("yen:JPY:closed", "b") == _known("yen:JPY:closed", "b")
    assert (_known("yen:JPY:closed", "b").currency, _known("x", "b").role) == ("JPY", "")


def test_every_line_of_the_table_can_be_read() -> None:
    lines = re.findall(r"^\| `([^`]+)` \|", TEXT, re.M)
    assert len(lines) >= 9
    for line in lines:
        read_step(line)


def test_the_figures_are_those_of_the_code() -> None:
    skipped = [c.number for c in cases() if (p := c.play_for("wallet", {})) and p.skip]
    assert f"Of the 95, {len(skipped)} are the hub's own business" in TEXT
    listed = TEXT.split("own business")[1].split("The report")[0]
    named = {int(n) for n in re.findall(r"\d+", listed)} | {76}  # 75 to 77
    assert set(skipped) == named
    assert f"hold {len(BUGS)} typical" in TEXT
