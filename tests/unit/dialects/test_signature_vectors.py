"""The golden vectors against the hub's own code, the public library, and the snippets of docs/signatures.md."""

import base64
import json
import os
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


PHP = """
foreach (file('php://stdin', FILE_IGNORE_NEW_LINES) as $line) {
    [$secret, $id, $at, $body, $header, $now] = explode("\\t", $line);
    echo verify($secret, $id, (int) $at, base64_decode($body), $header, (int) $now) ? "true\\n" : "false\\n";
}
"""
GO = """
func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		f := strings.Split(lines.Text(), "\\t")
		at, _ := strconv.ParseInt(f[2], 10, 64)
		now, _ := strconv.ParseInt(f[5], 10, 64)
		body, _ := base64.StdEncoding.DecodeString(f[3])
		fmt.Println(Verify(f[0], f[1], at, body, f[4], now))
	}
}
"""
CSHARP = """
static class Program
{
    static void Main()
    {
        for (var line = Console.ReadLine(); line != null; line = Console.ReadLine())
        {
            var f = line.Split('\\t');
            var body = Convert.FromBase64String(f[3]);
            var fits = Signature.Verify(f[0], f[1], long.Parse(f[2]), body, f[4], long.Parse(f[5]));
            Console.WriteLine(fits ? "true" : "false");
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


@pytest.mark.parametrize(
    ("language", "command", "ending", "harness"),
    [("javascript", "node", "js", NODE), ("php", "php", "php", PHP)],
    ids=["node", "php"],
)
def test_the_snippet_of_a_script(
    tmp_path: Path, language: str, command: str, ending: str, harness: str
) -> None:
    found = shutil.which(command)
    if found is None:
        pytest.skip(f"{command} is not installed")
    program = tmp_path / f"verify.{ending}"
    program.write_text(block(language) + harness, "utf-8")
    run([found, str(program)])


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


def test_the_go_snippet(tmp_path: Path) -> None:
    go = shutil.which("go")
    if go is None:
        pytest.skip("Go is not installed")
    code = block("go").replace("package signature", "package main")
    more = 'import (\n\t"bufio"\n\t"os"\n\t"strconv"\n'
    program, binary = tmp_path / "main.go", tmp_path / "verify"
    program.write_text(code.replace("import (\n", more, 1) + GO, "utf-8")
    compile_with(
        [go, "build", "-o", str(binary), str(program)], {"GO111MODULE": "off", "GOCACHE": str(tmp_path)}
    )
    run([str(binary)])


def test_the_csharp_snippet(tmp_path: Path) -> None:
    dotnet = shutil.which("dotnet")
    sdks = (
        dotnet and subprocess.run([dotnet, "--list-sdks"], capture_output=True, text=True, check=True).stdout
    )
    if not dotnet or not sdks:
        pytest.skip("the .NET SDK is not installed")
    # The compiler itself: a project would have to be restored from a registry.
    version, folder = re.findall(r"(\S+) \[(.+)\]", sdks)[-1]
    listed = subprocess.run([dotnet, "--list-runtimes"], capture_output=True, text=True, check=True).stdout
    runtime, shared = re.findall(r"Microsoft\.NETCore\.App (\S+) \[(.+)\]", listed)[-1]
    program, binary = tmp_path / "verify.cs", tmp_path / "verify.dll"
    program.write_text(block("csharp") + CSHARP, "utf-8")
    references = [
        f"-r:{file}" for file in Path(shared, runtime).glob("System*.dll") if "Native" not in file.name
    ]
    compiler = Path(folder, version, "Roslyn", "bincore", "csc.dll")
    compile_with([dotnet, str(compiler), "-nologo", f"-out:{binary}", *references, str(program)], {})
    options = {"framework": {"name": "Microsoft.NETCore.App", "version": runtime}}
    (tmp_path / "verify.runtimeconfig.json").write_text(json.dumps({"runtimeOptions": options}), "utf-8")
    run([dotnet, str(binary)])


def compile_with(command: list[str], settings: dict[str, str]) -> None:
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=120, env={**os.environ, **settings}
    )
    assert done.returncode == 0, done.stdout + done.stderr


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
