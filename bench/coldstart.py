"""Cold start per function, on the built artefact: CPU of import and init in a fresh interpreter, as a ratio to a bare
boto3 DynamoDB handler measured in the same run.

What it shows: what our code and dependencies add to what every boto3 function pays. What it does not: Lambda's own
download and sandbox time, and its CPU share. Samples are interleaved; the ratio is of the medians; CPU time, not wall.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from bench.report import keep, table
from devtools.deploy import build_layers, pack, read_template

ROOT = Path(__file__).resolve().parent.parent
PROBE = """
import sys, time, json
start = time.process_time()
{body}
print(json.dumps([time.process_time() - start, len(sys.modules)]))
"""
BARE = "import boto3\nfrom botocore.config import Config\nclient = boto3.client('dynamodb', config=Config())"
# The client is part of the price: every function builds it on its first call, so it is built in the probe.
OURS = "import app\nfrom pitboss.platform import aws\naws.dynamodb()"


def environment(paths: list[Path]) -> dict[str, str]:
    """What Lambda sets, so that libraries behave as they do there; every setting a function may ask for is present."""
    given = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "LAMBDA_TASK_ROOT": str(paths[0]),
        "AWS_LAMBDA_FUNCTION_NAME": "bench",
        "STAGE": "prod",
    }
    template = read_template()
    names: set[str] = set(template["Globals"]["Function"].get("Environment", {}).get("Variables", {}))
    for resource in template["Resources"].values():
        names |= set(resource.get("Properties", {}).get("Environment", {}).get("Variables", {}) or {})
    return {**dict.fromkeys(names, "x"), **given}


def sample(body: str, env: dict[str, str]) -> tuple[float, int]:
    """CPU seconds and modules of one fresh interpreter."""
    run = subprocess.run(
        [sys.executable, "-S", "-c", PROBE.format(body=body)],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        raise SystemExit(f"a probe failed:\n{run.stderr}")
    seconds, modules = json.loads(run.stdout.splitlines()[-1])
    return seconds, modules


def measure(repeats: int) -> list[dict[str, Any]]:
    """Rows of {function, init_cpu_ms, ratio_to_bare, modules, zip_mb}; the first is the bare handler."""
    template = read_template()
    functions = {
        Path(r["Properties"]["CodeUri"]).name: [
            name["Ref"]
            for name in (*template["Globals"]["Function"]["Layers"], *r["Properties"].get("Layers", []))
        ]
        for r in template["Resources"].values()
        if r["Type"] == "AWS::Serverless::Function"
    }
    with tempfile.TemporaryDirectory() as folder:
        layers, sizes = {}, {}
        for name, archive in build_layers().items():
            with zipfile.ZipFile(archive) as packed:
                packed.extractall(Path(folder) / name)
            layers[name] = Path(folder) / name / "python"
            sizes[name] = archive.stat().st_size
        envs = {
            name: environment([ROOT / "functions" / name, *(layers[layer] for layer in used)])
            for name, used in functions.items()
        }
        bare_env = environment([layers["DepsLayer"]])
        taken: dict[str, list[tuple[float, int]]] = {name: [] for name in ("bare", *functions)}
        for turn in range(repeats):
            print(f"  sample {turn + 1} of {repeats}", flush=True)
            taken["bare"].append(sample(BARE, bare_env))
            for name, env in envs.items():
                taken[name].append(sample(OURS, env))
    bare = statistics.median(seconds for seconds, _ in taken["bare"])
    rows = []
    for name, samples in taken.items():
        seconds = statistics.median(s for s, _ in samples)
        own = len(pack(ROOT / "functions" / name)) if name in functions else 0
        used = functions.get(name, ["DepsLayer"])
        rows.append(
            {
                "function": name,
                "init_cpu_ms": round(seconds * 1000, 1),
                "ratio_to_bare": round(seconds / bare, 3),
                "modules": samples[0][1],
                "zip_mb": round((own + sum(sizes[layer] for layer in used)) / 1e6, 2),
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=7)
    rows = measure(parser.parse_args().repeats)
    table("cold start (CPU of import and init, built artefact)", rows)
    keep("coldstart", rows)


if __name__ == "__main__":
    main()
