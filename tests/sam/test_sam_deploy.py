"""The road to a real account, walked once: `sam build`, `sam deploy` with samconfig.toml, and a request to what came of it."""

import json
import os
import subprocess
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from devtools import build, deploy, local_aws
from devtools.console import ROOT

pytestmark = pytest.mark.sam


@pytest.fixture(scope="module")
def artefacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build.build(Path(tmp_path_factory.mktemp("sam")) / "build")


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[local_aws.Emulator]:
    started = local_aws.start(Path(tmp_path_factory.mktemp("local-aws")))
    try:
        yield started
    finally:
        local_aws.stop(started)


def test_everything_that_is_shipped_is_compiled_for_a_read_only_place(artefacts: Path) -> None:
    sources = [p for p in artefacts.rglob("*.py") if "__pycache__" not in p.parts]
    assert len(sources) > 800
    for source in sources:
        compiled = source.parent / "__pycache__" / f"{source.stem}.cpython-313.pyc"
        # PEP 552: flags 0b01 say "checked by hash: no", so no date and no source decides whether it is used.
        assert compiled.read_bytes()[4:8] == b"\x01\x00\x00\x00", source


def test_no_layer_carries_data_of_services_that_are_not_called(artefacts: Path) -> None:
    services = {p.name for p in (artefacts / "DepsLayer/python/botocore/data").iterdir() if p.is_dir()}
    assert services == {"dynamodb", "s3", "scheduler", "secretsmanager", "sqs", "sts"}


def test_functions_and_layers_fit_into_lambda(artefacts: Path) -> None:
    def size(folder: str) -> int:
        return sum(p.stat().st_size for p in (artefacts / folder).rglob("*") if p.is_file())

    shared = size("DepsLayer") + size("PitbossLayer")
    assert shared + size("RankerLayer") < 200 * 2**20  # Lambda's limit is 250 MB unpacked
    assert shared < 80 * 2**20


def test_sam_deploys_and_the_api_answers(artefacts: Path, emulator: local_aws.Emulator) -> None:
    env = {
        **build.environment(),
        "AWS_ENDPOINT_URL": emulator.endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "SAM_CLI_POLL_DELAY": "0.2",
    }
    env.pop("AWS_PROFILE", None)
    given = " ".join(f"{k}={v}" for k, v in deploy.local_parameters(emulator.endpoint).items())
    arguments = [
        "--config-file",
        ROOT / "samconfig.toml",
        "--config-env",
        "local",
        "--template",
        artefacts / "template.yaml",
        "--parameter-overrides",
        given,
    ]
    done = subprocess.run(
        [build.SAM, "deploy", *arguments],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with urllib.request.urlopen(f"{emulator.api_url}/health", timeout=30) as answer:
        assert answer.status == 200
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{emulator.api_url}/tournaments", timeout=30)
    assert refused.value.code == 401
    assert json.loads(refused.value.read())["name"] == "TOKEN_INVALID"
    refused.value.close()


def test_a_layer_zips_to_the_same_bytes_wherever_it_is_built(tmp_path: Path) -> None:
    archives = []
    for name in ("one", "two"):
        place = tmp_path / name
        subprocess.run(
            ["make", "-s", "-C", ROOT / "layers/pitboss", "build-PitbossLayer", f"ARTIFACTS_DIR={place}"],
            env={**os.environ, **build.environment()},
            check=True,
        )
        (tmp_path / f"{name}.zip").write_bytes(deploy.pack(place, compiled=True))
        archives.append((tmp_path / f"{name}.zip").read_bytes())
        with zipfile.ZipFile(tmp_path / f"{name}.zip") as archive:
            assert any(n.endswith(".pyc") for n in archive.namelist())
    assert archives[0] == archives[1]
