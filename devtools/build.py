"""`make build`: the artefacts for `sam deploy`, byte-compiled."""

import compileall
import os
import subprocess
from pathlib import Path
from py_compile import PycInvalidationMode

from devtools import console
from devtools.console import LOCAL, ROOT, Stop, step

SAM = LOCAL / "sam/bin/sam"


def environment() -> dict[str, str]:
    """sam finds uv and Python 3.13 where the bootstrap put them, and tells nobody about it."""
    path = os.pathsep.join([str(LOCAL / "uv/bin"), str(ROOT / ".venv/bin"), os.environ.get("PATH", "")])
    return {**os.environ, "PATH": path, "SAM_CLI_TELEMETRY": "0", "PYTHONPATH": ""}


def build(place: Path = ROOT / ".aws-sam/build") -> Path:
    """`sam build` of template.yaml into `place`, then bytecode for the functions: sam's own artefacts carry none, zip
    entries dated 1980 would make dated bytecode stale, and Lambda cannot write any."""
    command: list[str | Path] = [
        SAM,
        "build",
        "--cached",
        "--parallel",
        "--build-dir",
        place,
        "--cache-dir",
        LOCAL / "sam-cache",
    ]
    built = subprocess.run(
        command,
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if built.returncode:
        raise Stop(f"sam build failed:\n{(built.stdout + built.stderr).strip()[-4000:]}")
    for folder in sorted(p for p in place.iterdir() if p.is_dir() and not p.name.endswith("Layer")):
        compileall.compile_dir(
            folder,
            quiet=2,
            stripdir=folder,
            prependdir="/var/task",
            invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
        )
    return place


def main() -> None:
    """Build and say what comes next."""
    with step("sam build"):
        place = build()
    print(f"\n{place.relative_to(ROOT)} is ready: sam deploy --guided (docs/deploy.md)")


if __name__ == "__main__":
    console.run(main)
