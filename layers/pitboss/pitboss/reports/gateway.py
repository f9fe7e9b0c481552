"""Files of reports in S3, under `reports/`: exports, reconciliation files, differences, figures by player."""

from collections.abc import Sequence
from typing import Any

from pitboss.platform.aws import s3
from pitboss.platform.settings import setting

LINK_S = 900


def _bucket() -> str:
    return setting("SNAPSHOT_BUCKET")


def key(tenant_id: str, *parts: str) -> str:
    """The key of a tenant's file; parts are ours or hashes, never free text."""
    return "/".join(("reports", tenant_id, *parts))


def put(name: str, body: bytes, content_type: str, *, gzipped: bool = True) -> None:
    """Keep a whole file."""
    more: Any = {"ContentEncoding": "gzip"} if gzipped else {}
    s3().put_object(Bucket=_bucket(), Key=name, Body=body, ContentType=content_type, **more)


def get(name: str) -> bytes | None:
    """A file as it was put, or None."""
    client = s3()
    try:
        return client.get_object(Bucket=_bucket(), Key=name)["Body"].read()
    except client.exceptions.NoSuchKey:
        return None
    except client.exceptions.ClientError as error:
        # Whoever may not list a bucket is not told that a file is missing.
        if error.response["Error"]["Code"] in ("AccessDenied", "403"):
            return None
        raise


def begin(name: str, content_type: str) -> str:
    """Begin a file that comes in parts; answers the upload's id."""
    answer = s3().create_multipart_upload(
        Bucket=_bucket(), Key=name, ContentType=content_type, ContentEncoding="gzip"
    )
    return answer["UploadId"]


def put_part(name: str, upload_id: str, number: int, body: bytes) -> str:
    """One part, counted from 1; answers its tag."""
    answer = s3().upload_part(Bucket=_bucket(), Key=name, UploadId=upload_id, PartNumber=number, Body=body)
    return answer["ETag"]


def finish(name: str, upload_id: str, tags: Sequence[str]) -> None:
    """Make the parts one file. Doing it again, after it was done, is no fault."""
    client = s3()
    parts: Any = [{"PartNumber": number, "ETag": tag} for number, tag in enumerate(tags, 1)]
    try:
        client.complete_multipart_upload(
            Bucket=_bucket(), Key=name, UploadId=upload_id, MultipartUpload={"Parts": parts}
        )
    except client.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchUpload":
            raise
        client.head_object(Bucket=_bucket(), Key=name)


def link(name: str, shown_as: str) -> str:
    """A URL at which anyone who has it can fetch the file for LINK_S seconds."""
    return s3().generate_presigned_url(
        "get_object",
        Params={
            "Bucket": _bucket(),
            "Key": name,
            "ResponseContentDisposition": f'attachment; filename="{shown_as}"',
        },
        ExpiresIn=LINK_S,
    )
