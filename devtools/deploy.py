"""Deploy template.yaml to the local AWS by CloudFormation: the same template, layers and code as `sam deploy`, but only
what changed is built and sent (seconds instead of a minute)."""

import argparse
import hashlib
import io
import json
import os
import secrets
import shutil
import subprocess
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from devtools.console import LOCAL, ROOT, Stop

STACK = "pitboss"
BUILD = LOCAL / "build"
LAYERS = {"DepsLayer": "layers/deps", "PitbossLayer": "layers/pitboss", "RankerLayer": "layers/ranker"}
DEPLOY_WITHIN_S = 120.0
_CODE = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms (!Ref, !GetAtt, !Sub ...)."""


def _short_form(loader: yaml.SafeLoader, name: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]
    if name == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {name if name in ("Ref", "Condition") else f"Fn::{name}": value}


_Loader.add_multi_constructor("!", _short_form)


def read_template(path: Path = ROOT / "template.yaml") -> dict[str, Any]:
    """The template with intrinsic functions in their long forms."""
    template: dict[str, Any] = yaml.load(path.read_text("utf-8"), _Loader)  # noqa: S506 - a subclass of SafeLoader
    return template


def _files(folder: Path, *, compiled: bool) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and (compiled or "__pycache__" not in path.parts):
            yield path


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in _files(folder, compiled=False):
        digest.update(f"{path.relative_to(folder)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:20]


def pack(folder: Path, *, compiled: bool = False) -> bytes:
    """A zip that depends on nothing but names and contents."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path in _files(folder, compiled=compiled):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), (1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED, 1)
    return out.getvalue()


def build_layer(target: str, folder: Path) -> Path:
    """The layer's zip, built by its Makefile (as sam build does) unless the same sources were built before."""
    archive = BUILD / f"{target}-{_digest(folder)}.zip"
    if zipfile.is_zipfile(archive):  # False for one that is not there, too
        return archive
    place = BUILD / f"{target}.{os.getpid()}"
    shutil.rmtree(place, ignore_errors=True)
    command = [
        *("make", "-s", "-C", str(folder), f"build-{target}", f"ARTIFACTS_DIR={place}"),
        *(f"PYTHON={ROOT / '.venv/bin/python'}", f"UV={LOCAL / 'uv/bin/uv'}"),
    ]
    try:
        built = subprocess.run(command, capture_output=True, text=True, check=False)
        if built.returncode:
            raise Stop(f"Building {folder.relative_to(ROOT)} failed:\n{built.stderr.strip()}")
        half = archive.with_suffix(f".{os.getpid()}")
        half.write_bytes(pack(place, compiled=True))
        half.replace(archive)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    for older in sorted(BUILD.glob(f"{target}-*.zip"), key=lambda p: p.stat().st_mtime)[:-3]:
        older.unlink(missing_ok=True)
    return archive


def build_layers() -> dict[str, Path]:
    """Every layer's zip by the template's name for it."""
    BUILD.mkdir(parents=True, exist_ok=True)
    return {target: build_layer(target, ROOT / folder) for target, folder in LAYERS.items()}


def client(service: str, endpoint: str) -> Any:
    """A boto3 client of the local AWS."""
    import boto3
    from botocore.config import Config

    make: Any = boto3.client  # its stub has an overload for each service and none for a name
    return make(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"mode": "standard", "max_attempts": 2}),
    )


class _Shelf:
    """The bucket that artifacts are put on, each under the hash of its content and only once."""

    def __init__(self, endpoint: str) -> None:
        self.s3 = client("s3", endpoint)
        self.bucket = "pitboss-artifacts"
        try:
            self.s3.create_bucket(Bucket=self.bucket)
        except self.s3.exceptions.ClientError as error:
            if "BucketAlready" not in str(error):
                raise
        listed = self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", [])
        self.present = {row["Key"] for row in listed}

    def put(self, key: str, data: bytes) -> str:
        """Store and answer the s3:// address."""
        if key not in self.present:
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=data)
        return f"s3://{self.bucket}/{key}"


def deploy(
    endpoint: str, parameters: Mapping[str, str], *, stack: str = STACK, template: Path | None = None
) -> dict[str, str]:
    """Deploy or update the stack and answer its outputs; Stop names the resources that failed."""
    document = read_template(template) if template else read_template()
    base = template.parent if template else ROOT
    shelf, layers = _Shelf(endpoint), build_layers()
    for name, resource in document["Resources"].items():
        where = _CODE.get(resource["Type"])
        if where is None:
            continue
        properties = resource["Properties"]
        if name in layers and resource["Type"] == "AWS::Serverless::LayerVersion":
            properties[where] = shelf.put(layers[name].name, layers[name].read_bytes())
        else:
            folder = base / properties[where]
            properties[where] = shelf.put(f"{name}-{_digest(folder)}.zip", pack(folder))
    body = json.dumps(document)
    key = f"{hashlib.sha256(body.encode()).hexdigest()}.json"
    shelf.put(key, body.encode())
    url = f"{endpoint}/{shelf.bucket}/{key}"
    return _apply(client("cloudformation", endpoint), stack, url, parameters)


def _apply(cloudformation: Any, stack: str, url: str, parameters: Mapping[str, str]) -> dict[str, str]:
    request = {
        "StackName": stack,
        "TemplateURL": url,
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        "Parameters": [{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
    }
    try:
        cloudformation.create_stack(**request)
    except cloudformation.exceptions.AlreadyExistsException:
        try:
            cloudformation.update_stack(**request)
        except cloudformation.exceptions.ClientError as error:
            if "No updates are to be performed" not in str(error):
                raise
    end = time.monotonic() + DEPLOY_WITHIN_S
    while True:
        state = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
        if not state["StackStatus"].endswith("IN_PROGRESS"):
            break
        if time.monotonic() > end:
            raise Stop(f"The stack {stack} is still {state['StackStatus']} after {DEPLOY_WITHIN_S:.0f} s.")
        time.sleep(0.1)
    if state["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        raise Stop(f"The stack ended as {state['StackStatus']}:\n{_failures(cloudformation, stack)}")
    return {row["OutputKey"]: row["OutputValue"] for row in state.get("Outputs", [])}


def _failures(cloudformation: Any, stack: str) -> str:
    events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    return "\n".join(
        f"  {e['LogicalResourceId']} ({e['ResourceType']}): {e.get('ResourceStatusReason', '')}"
        for e in reversed(events)
        if "FAILED" in e["ResourceStatus"]
    )


def local_parameters(endpoint: str) -> dict[str, str]:
    """The parameters of a stack on this machine."""
    return {"Stage": "local", "LocalEndpoint": endpoint, "DemoMode": "true", "DemoToken": demo_token()}


def demo_token() -> str:
    """The token of the demo operator on this machine: drawn once, kept where only its owner reads. Of several who draw at
    the same time the first one's is everybody's: the two lanes of `make test` begin with a stack each."""
    path = LOCAL / "demo-token"
    LOCAL.mkdir(exist_ok=True)
    if not path.exists():
        drawn = secrets.token_urlsafe(24)
        half = path.with_name(f"demo-token.{secrets.token_hex(4)}")
        half.touch(0o600)
        half.write_text(drawn, "utf-8")
        with suppress(FileExistsError):
            os.link(half, path)  # all of it at once, and never over another's
        half.unlink()
    return path.read_text("utf-8")


def deploy_local(endpoint: str) -> dict[str, str]:
    """Deploy the product to a local AWS; the stack's outputs and `DemoToken`."""
    parameters = local_parameters(endpoint)
    return {**deploy(endpoint, parameters), "DemoToken": parameters["DemoToken"]}


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description="deploy template.yaml to a local AWS")
    arguments.add_argument("endpoint")
    print(json.dumps(deploy_local(arguments.parse_args().endpoint), indent=1))
