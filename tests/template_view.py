"""template.yaml as the tests look at it: as written, and as CloudFormation gets it after the SAM transform."""

import copy
from collections.abc import Iterator
from functools import cache
from typing import Any

from devtools.deploy import read_template

Resource = dict[str, Any]


class _NoManagedPolicies:
    """The transform asks for names of AWS's managed policies; nothing here uses one."""

    def load(self) -> dict[str, str]:
        return {}


@cache
def written() -> dict[str, Any]:
    """As it stands in the file, intrinsic functions in their long forms."""
    return read_template()


@cache
def transformed() -> dict[str, Any]:
    """After the SAM transform."""
    from samtranslator.translator.transform import transform

    template = copy.deepcopy(written())
    for resource in template["Resources"].values():
        for name in ("CodeUri", "ContentUri"):
            if name in resource.get("Properties", {}):
                resource["Properties"][name] = "s3://bucket/key"
    return dict(transform(template, {}, _NoManagedPolicies()))


def resources(kind: str, template: dict[str, Any] | None = None) -> dict[str, Resource]:
    """Resources of one type by name, of the transformed template unless another is given."""
    rows = (template or transformed())["Resources"]
    return {name: r for name, r in rows.items() if r["Type"] == kind}


def functions() -> dict[str, Resource]:
    """The functions as written, by their folder's name."""
    found = resources("AWS::Serverless::Function", written())
    return {r["Properties"]["CodeUri"].removeprefix("functions/"): r | {"Name": n} for n, r in found.items()}


def statements() -> Iterator[tuple[str, Resource]]:
    """Every statement of every identity policy, with the name of the resource that holds it."""
    for name, resource in transformed()["Resources"].items():
        properties = resource.get("Properties", {})
        documents = [p["PolicyDocument"] for p in properties.get("Policies", []) if isinstance(p, dict)]
        if resource["Type"] in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
            documents.append(properties["PolicyDocument"])
        for document in documents:
            for statement in document["Statement"]:
                yield name, statement


def many(value: Any) -> list[Any]:
    """A policy's "one or a list" as a list."""
    return value if isinstance(value, list) else [value]


def target(value: Any) -> str:
    """The logical name that a Ref or GetAtt points to, "" for anything else."""
    if isinstance(value, dict):
        if "Ref" in value:
            return str(value["Ref"])
        if "Fn::GetAtt" in value:
            parts = value["Fn::GetAtt"]
            return str(parts[0] if isinstance(parts, list) else parts.split(".")[0])
    return ""


def text(value: Any) -> str:
    """A resource string as written: `${X.Arn}` for a GetAtt, the pattern of a Sub."""
    if isinstance(value, dict):
        if "Fn::Sub" in value:
            return str(value["Fn::Sub"])
        return "${" + target(value) + "}"
    return str(value)
