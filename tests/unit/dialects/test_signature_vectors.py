"""The golden vectors against the hub's own code, the public library, and the snippets of docs/signatures.md."""

import base64
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pitboss.platform import signing

from devtools.console import ROOT

pytestmark = pytest.mark.unit

PAGE = (ROOT / "docs" / "signatures.md").read_text("utf-8")
WHOLE = json.loads((ROOT / "tests" / "vectors" / "signatures.json").read_text("utf-8"))
VECTORS: list[dict[str, Any]] = WHOLE["vectors"]
BY_NAME = {vector["name"]: vector for vector in VECTORS}
NAMES = list(BY_NAME)


def body_of(vector: dict[str, Any]) -> bytes:
    return base64.b64decode(vector["bodyBase64"])


def secret_bytes(text: str) -> bytes:
    return base64.b64decode(text.removeprefix("whsec_"))


def judged(vector: dict[str, Any], authentic: Callable[[dict[str, Any], str], str]) -> str:
    """What comes of a request: signature and time by `authentic`, then the memory of nonces."""
    faults = [authentic(vector, secret) for secret in vector["secrets"]]
    if all(faults):
        return (
            "TIMESTAMP_OUT_OF_WINDOW" if any("window" in fault for fault in faults) else "SIGNATURE_INVALID"
        )
    before = BY_NAME.get(vector.get("after", ""))
    if before and before["id"] == vector["id"] and before["bodyBase64"] != vector["bodyBase64"]:
        return "NONCE_REUSED"
    return "OK"


@pytest.mark.parametrize("name", NAMES)
def test_the_hub(name: str) -> None:
    def authentic(vector: dict[str, Any], secret: str) -> str:
        given = {
            "webhook-id": vector["id"],
            "webhook-timestamp": str(vector["timestamp"]),
            "webhook-signature": vector["signature"],
        }
        return signing.fault(secret_bytes(secret), given, body_of(vector), vector["now"])

    assert judged(BY_NAME[name], authentic) == BY_NAME[name]["outcome"]


def test_the_vectors_cover_every_outcome() -> None:
    assert len(VECTORS) == len(BY_NAME) == 27
    assert {vector["outcome"] for vector in VECTORS} == {
        "OK",
        "SIGNATURE_INVALID",
        "TIMESTAMP_OUT_OF_WINDOW",
        "NONCE_REUSED",
    }
    assert str(len(VECTORS)) + " requests" in PAGE
    assert WHOLE["window"] == signing.TOLERANCE_S


@pytest.mark.parametrize("name", NAMES)
def test_any_changed_byte_is_noticed(name: str) -> None:
    vector = BY_NAME[name]
    if vector["outcome"] != "OK":
        return
    body, secret = body_of(vector), secret_bytes(vector["secrets"][-1])
    at = vector["timestamp"]
    given = {
        "webhook-id": vector["id"],
        "webhook-timestamp": str(at),
        "webhook-signature": vector["signature"],
    }
    for place in range(0, len(body), max(1, len(body) // 50)):
        changed = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        assert signing.fault(secret, given, changed, at)
    assert signing.fault(secret, given, body + b"\n", at)


# ---------------------------------------------------------------- the page's own code
def block(language: str) -> str:
    found = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert len(found) == 1, f"one {language} block"
    return str(found[0])


def test_the_python_snippet() -> None:
    space: dict[str, Any] = {}
    exec(compile(block("python"), "docs/signatures.md", "exec"), space)  # noqa: S102 - our own page
    for vector in VECTORS:
        verdicts = [
            space["verify"](
                secret, vector["id"], vector["timestamp"], body_of(vector), vector["signature"], vector["now"]
            )
            for secret in vector["secrets"]
        ]
        assert any(verdicts) == (vector["outcome"] in ("OK", "NONCE_REUSED")), vector["name"]


NODE = """
for (const line of require("node:fs").readFileSync(0, "utf8").trim().split("\\n")) {
  const [secret, id, at, body, header, now] = line.split("\\t");
  console.log(verify(secret, id, Number(at), Buffer.from(body, "base64"), header, Number(now)));
}
"""
JAVA = """
class Main {
  public static void main(String[] none) throws Exception {
    var lines = new java.io.BufferedReader(new java.io.InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String[] f = line.split("\\t", -1);
      byte[] body = Base64.getDecoder().decode(f[3]);
      System.out.println(Signature.verify(f[0], f[1], Long.parseLong(f[2]), body, f[4], Long.parseLong(f[5])));
    }
  }
}
"""


def rows() -> list[tuple[str, list[str], bool]]:
    return [
        (
            vector["name"],
            [
                secret,
                vector["id"],
                str(vector["timestamp"]),
                vector["bodyBase64"],
                vector["signature"],
                str(vector["now"]),
            ],
            vector["outcome"] in ("OK", "NONCE_REUSED"),
        )
        for vector in VECTORS
        for secret in vector["secrets"][-1:]
    ]


def run(command: list[str]) -> None:
    fed = "".join("\t".join(fields) + "\n" for _, fields, _ in rows())
    done = subprocess.run(command, input=fed, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    told = [line == "true" for line in done.stdout.split()]
    assert told == [expected for _, _, expected in rows()]


def test_the_node_snippet(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node.js is not installed")
    program = tmp_path / "verify.js"
    program.write_text(block("javascript") + NODE, "utf-8")
    run([node, str(program)])


def test_the_java_snippet(tmp_path: Path) -> None:
    java = shutil.which("java")
    if java is None:
        pytest.skip("Java is not installed")
    program = tmp_path / "Main.java"
    imports = "".join(re.findall(r"^import .*;\n", block("java"), re.MULTILINE))
    classes = block("java").replace(imports, "")
    # The launcher of single files runs the first class.
    program.write_text(imports + JAVA + classes, "utf-8")
    run([java, str(program)])


def test_the_public_library() -> None:
    """The clock of the library is the machine's, so what is signed here is signed now."""
    library = pytest.importorskip("standardwebhooks")
    from datetime import UTC, datetime

    moment = datetime.now(UTC)
    secret = VECTORS[0]["secrets"][0]
    body = body_of(BY_NAME["unicode"])
    headers = signing.headers(secret_bytes(secret), "msg-x", int(moment.timestamp()), body)
    assert library.Webhook(secret).verify(body.decode(), headers)
    theirs = library.Webhook(secret).sign("msg-x", moment, body.decode())
    assert theirs == headers["webhook-signature"]
