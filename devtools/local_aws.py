"""Start and stop the emulator as a process of its own: loopback only, an environment of its own, its own temporary
folder, and a record of what was started, so that stopping never touches anything else."""

import contextlib
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from devtools.console import LOCAL, ROOT, Stop

FIRST_PORT = 4566
EMULATOR_PYTHON = LOCAL / "emulator/bin/python"
API_ID = "cafe0001"
READY_WITHIN_S = 40.0
STOP_WITHIN_S = 10.0
_children: dict[
    int, subprocess.Popen[bytes]
] = {}  # started by this very process, so it is the one to collect them


@dataclass(frozen=True, slots=True)
class Emulator:
    """A running local AWS. `folder` holds its log and temporary files; `build` is the hash of what it runs."""

    pid: int
    port: int
    folder: str
    auth: bool
    build: str

    @property
    def endpoint(self) -> str:
        """Where every AWS service of it answers."""
        return f"http://localhost:{self.port}"

    @property
    def api_url(self) -> str:
        """Base URL of the product's routes."""
        return f"{self.endpoint}/_aws/execute-api/{API_ID}/api"


def build_hash() -> str:
    """Changes when a running emulator must be replaced by a new one."""
    digest = hashlib.sha256()
    for path in ("devtools/emulator.py", "requirements/emulator.txt"):
        digest.update((ROOT / path).read_bytes())
    return digest.hexdigest()[:16]


def start(
    folder: Path,
    *,
    port: int | None = None,
    auth: bool = False,
    extra: Mapping[str, str] | None = None,
    record: Path | None = None,
) -> Emulator:
    """Start an emulator and wait until it answers.

    Args:
        folder: its own; emptied of an earlier one's temporary files.
        port: the wished port; the next free one is taken when it is in use. None: any free one.
        auth: enforce IAM policies.
        extra: further environment of the emulator (WITHOUT, WORKERS_PER_FUNCTION ...).
        record: where to write down what runs, before it answers: whoever is killed meanwhile leaves no process that
            nobody knows of. An interrupted start ends what it began.
    """
    shutil.rmtree(folder / "tmp", ignore_errors=True)
    (folder / "tmp").mkdir(parents=True)
    chosen = free_port(port)
    environment, build = {**_environment(folder, chosen, auth=auth), **(extra or {})}, build_hash()
    with (folder / "emulator.log").open("wb") as log:
        process = subprocess.Popen(
            [EMULATOR_PYTHON, "-u", ROOT / "devtools/emulator.py"],
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _children[process.pid] = process
    emulator = Emulator(process.pid, chosen, str(folder), auth, build)
    try:
        if record is not None:
            remember(emulator, record)
        _wait(process, emulator)
    except BaseException:
        stop(emulator)
        raise
    return emulator


def _wait(process: subprocess.Popen[bytes], emulator: Emulator) -> None:
    end = time.monotonic() + READY_WITHIN_S
    while not healthy(emulator.port):
        if process.poll() is not None or time.monotonic() > end:
            log = Path(emulator.folder) / "emulator.log"
            raise Stop(
                f"The local AWS did not start on port {emulator.port}. Its last words ({log}):\n"
                + log.read_text("utf-8", "replace")[-1500:]
            )
        time.sleep(0.05)


def _environment(folder: Path, port: int, *, auth: bool) -> dict[str, str]:
    """All that the emulator, and so every function, sees: nothing of the shell that started it."""
    return {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "TMPDIR": str(folder / "tmp"),
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LAYER_CACHE": str(LOCAL / "layers-in-use"),
        "LAMBDA_EXECUTOR": "local",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AUTH": "true" if auth else "false",
    }


def stop(emulator: Emulator) -> bool:
    """End an emulator and its workers; False when it was gone already. Safe to repeat."""
    if not is_ours(emulator):
        return False
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(emulator.pid, sign)
        end = time.monotonic() + STOP_WITHIN_S
        while time.monotonic() < end:
            if not is_ours(emulator):
                if (child := _children.pop(emulator.pid, None)) is not None:
                    child.wait()  # it has ended: what is left of it is its number
                shutil.rmtree(Path(emulator.folder) / "tmp", ignore_errors=True)
                return True
            time.sleep(0.05)
    raise Stop(f"The local AWS (process {emulator.pid}) could not be ended.")


def is_ours(emulator: Emulator) -> bool:
    """Whether the recorded process still is the emulator: a number may have been given to another since."""
    return "devtools/emulator.py" in _command_line(emulator.pid)


def _command_line(pid: int) -> str:
    """What a living process was started with; "" when there is none. /proc where there is one, for ps may be missing."""
    proc = Path("/proc") / str(pid)
    if Path("/proc/self").exists():
        try:
            zombie = (proc / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()[0] == "Z"
            return "" if zombie else (proc / "cmdline").read_text("utf-8", "replace").replace("\0", " ")
        except OSError:
            return ""
    asked = ["ps", "-ww", "-p", str(pid), "-o", "stat=,args="]
    said = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    return "" if said.startswith("Z") else said


def healthy(port: int) -> bool:
    """Whether an emulator answers on the port."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_ministack/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def free_port(wished: int | None) -> int:
    """The wished port or the next free one of the thirty behind it; any free one for None."""
    for candidate in [0] if wished is None else [*range(wished, wished + 30), 0]:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", candidate))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise Stop("No free port was found on this machine.")


def remember(emulator: Emulator, path: Path) -> None:
    """Write down what runs, in one move, so that a reader never sees half of it."""
    half = path.with_suffix(".new")
    half.write_text(json.dumps(asdict(emulator)), "utf-8")
    half.replace(path)


def recall(path: Path) -> Emulator | None:
    """What was written down, if anything readable was."""
    try:
        return Emulator(**json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None
