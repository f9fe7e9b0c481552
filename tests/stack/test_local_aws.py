"""Starting and stopping: another port when one is taken, nothing left behind, nothing of others touched."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from devtools import local_aws

pytestmark = pytest.mark.stack


@pytest.fixture
def emulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[local_aws.Emulator]:
    monkeypatch.setenv("SECRET_OF_THE_SHELL", "x")
    started = local_aws.start(tmp_path / "ms")
    try:
        yield started
    finally:
        local_aws.stop(started)


def group_of(pid: int) -> list[str]:
    """Living processes of a process group."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, group = stat.read_text("utf-8", "replace").rpartition(")")[2].split()[:3]
            if group == str(pid) and state != "Z":
                found.append(stat.parent.name)
    return found


def test_a_taken_port_is_passed_over() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert local_aws.free_port(port) != port


def test_stop_leaves_no_process_and_may_be_repeated(emulator: local_aws.Emulator) -> None:
    assert local_aws.healthy(emulator.port)
    assert group_of(emulator.pid)
    assert local_aws.stop(emulator)
    assert group_of(emulator.pid) == []
    assert not local_aws.healthy(emulator.port)
    assert not local_aws.stop(emulator)


STARTER = (
    "import sys; from pathlib import Path; from devtools import local_aws;"
    "local_aws.start(Path(sys.argv[1]), record=Path(sys.argv[2]))"
)


def begun(folder: Path, record: Path) -> subprocess.Popen[bytes]:
    """A process that is starting an emulator, and has written down which."""
    starter = subprocess.Popen([sys.executable, "-c", STARTER, folder, record], start_new_session=True)
    end = time.monotonic() + 30
    while local_aws.recall(record) is None and starter.poll() is None:
        assert time.monotonic() < end
        time.sleep(0.005)
    return starter


def test_an_interrupted_start_ends_what_it_began(tmp_path: Path) -> None:
    record = tmp_path / "up.json"
    with begun(tmp_path / "ms", record) as starter:
        starter.send_signal(signal.SIGINT)
    emulator = local_aws.recall(record)
    assert emulator is not None
    assert starter.returncode != 0
    assert group_of(emulator.pid) == []


def test_whoever_is_killed_while_starting_leaves_a_record_to_end_it_by(tmp_path: Path) -> None:
    record = tmp_path / "up.json"
    with begun(tmp_path / "ms", record) as starter:
        starter.kill()
    emulator = local_aws.recall(record)
    assert emulator is not None
    assert local_aws.stop(emulator)
    assert group_of(emulator.pid) == []


def test_a_number_that_was_given_to_another_process_is_left_alone(tmp_path: Path) -> None:
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True)
    try:
        stale = local_aws.Emulator(other.pid, 1, str(tmp_path), auth=False, build="")
        assert not local_aws.stop(stale)
        assert other.poll() is None
    finally:
        other.kill()
        other.communicate()


def test_functions_see_nothing_of_the_shell(emulator: local_aws.Emulator) -> None:
    seen = Path(f"/proc/{emulator.pid}/environ").read_text("utf-8")
    assert "GATEWAY_PORT" in seen
    assert "SECRET_OF_THE_SHELL" not in seen
    assert os.environ["SECRET_OF_THE_SHELL"] == "x"


def test_only_this_machine_can_reach_it(emulator: local_aws.Emulator) -> None:
    listening = [row.split() for row in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]]
    port, listens = f":{emulator.port:04X}", "0A"
    addresses = {
        row[1].removesuffix(port) for row in listening if row[1].endswith(port) and row[3] == listens
    }
    assert addresses == {"0100007F"}  # 127.0.0.1, as the kernel writes it


def test_the_record_is_read_back_and_a_damaged_one_is_none(tmp_path: Path) -> None:
    record = tmp_path / "up.json"
    assert local_aws.recall(record) is None
    known = local_aws.Emulator(1, 2, "f", auth=True, build="b")
    local_aws.remember(known, record)
    assert local_aws.recall(record) == known
    record.write_text(record.read_text("utf-8")[:-5], "utf-8")
    assert local_aws.recall(record) is None
