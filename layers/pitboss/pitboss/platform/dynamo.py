"""DynamoDB, plainly: records in and out, conditions, transactions whose refusal says which part refused.

Stores use this and spell their keys; nothing else in the product imports botocore.
"""

import random
import time
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pitboss.platform import together
from pitboss.platform.aws import dynamodb
from pitboss.platform.keyed import question
from pitboss.platform.lean import call as wire

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

Record = dict[str, Any]
TRANSACTION_ATTEMPTS = 8
LONGEST_PK, LONGEST_SK = 2048, 1024  # bytes of UTF-8, by DynamoDB


class ConditionFailed(Exception):  # noqa: N818 - an expected outcome of a conditional write
    """A single conditional write was refused; `item` is what stood there (None if nothing)."""

    def __init__(self, item: Record | None) -> None:
        super().__init__("the condition failed")
        self.item = item


class TransactionRefused(Exception):  # noqa: N818
    """A transaction was refused by conditions. `reasons[i]` is None where part i agreed, else the item that stood there
    ({} if nothing)."""

    def __init__(self, reasons: list[Record | None]) -> None:
        super().__init__("a condition of the transaction failed")
        self.reasons = reasons

    def refused(self, index: int) -> bool:
        """Whether part `index` was among those that refused."""
        return self.reasons[index] is not None


class TooLarge(Exception):  # noqa: N818
    """An item would be beyond DynamoDB's 400 KB; nothing was written."""


class TooBusy(Exception):  # noqa: N818
    """Other writers kept winning; nothing was written, the caller may try again."""


def to_attribute(value: Any) -> Any:
    """A Python value to DynamoDB's typed form. Floats are refused; Decimal is for numbers of others."""
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case int() | Decimal():
            return {"N": str(value)}
        case str():
            return {"S": value}
        case bytes() | bytearray():
            return {"B": bytes(value)}
        case Mapping():
            return {"M": {k: to_attribute(v) for k, v in value.items()}}
        case set() | frozenset():
            return {"SS": sorted(value)}
        case list() | tuple():
            return {"L": [to_attribute(v) for v in value]}
    raise TypeError(f"cannot store a {type(value).__name__}")


def from_attribute(typed: Mapping[str, Any]) -> Any:
    """DynamoDB's typed form back to Python; whole numbers become int."""
    ((kind, value),) = typed.items()
    match kind:
        case "S" | "BOOL":
            return value
        case "B":  # bytes by the client, base64 text on the wire and in stream events
            return b64decode(value) if isinstance(value, str) else value
        case "N":
            return int(value) if value.lstrip("-").isdigit() else Decimal(value)
        case "NULL":
            return None
        case "M":
            return {k: from_attribute(v) for k, v in value.items()}
        case "L":
            return [from_attribute(v) for v in value]
        case "SS":
            return set(value)
    raise TypeError(f"unexpected attribute type {kind}")


def to_item(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record to an item; members that are None are left out."""
    return {k: to_attribute(v) for k, v in record.items() if v is not None}


def from_item(item: Mapping[str, Any]) -> Record:
    """An item to a record."""
    return {k: from_attribute(v) for k, v in item.items()}


def get(table: str, pk: str, sk: str, *, consistent: bool = True) -> Record | None:
    """One record, or None. Strongly consistent unless told otherwise: half the bugs of a hub are stale reads."""
    if len(pk.encode()) > LONGEST_PK or len(sk.encode()) > LONGEST_SK:
        return None  # DynamoDB refuses to be asked for a key that cannot be: there is nothing under it
    answer = dynamodb().get_item(
        TableName=table, Key={"pk": {"S": pk}, "sk": {"S": sk}}, ConsistentRead=consistent
    )
    return from_item(answer["Item"]) if "Item" in answer else None


def get_many(
    table: str, keys: Sequence[tuple[str, str]], *, lean: bool = False, consistent: bool = True
) -> dict[tuple[str, str], Record]:
    """Many records by BatchGetItem, strongly consistent unless told otherwise; what DynamoDB leaves unprocessed is asked
    for again. `lean` goes by platform/lean.py: for the hot path only, since it is a connection of its own."""
    wanted = list(dict.fromkeys(keys))  # DynamoDB refuses to be asked for a key twice
    portions = [wanted[start : start + 100] for start in range(0, len(wanted), 100)]
    found: dict[tuple[str, str], Record] = {}
    for of in together.each(lambda some: _get_some(table, some, lean=lean, consistent=consistent), portions):
        found |= of
    return found


def _get_some(
    table: str, keys: Sequence[tuple[str, str]], *, lean: bool, consistent: bool
) -> dict[tuple[str, str], Record]:
    """At most a hundred records."""
    found: dict[tuple[str, str], Record] = {}
    asked: Any = {
        table: {"Keys": [{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in keys], "ConsistentRead": consistent}
    }
    attempt = 0
    while asked:
        answer: Any = (
            wire("BatchGetItem", {"RequestItems": asked})
            if lean
            else dynamodb().batch_get_item(RequestItems=asked)
        )
        for item in answer["Responses"].get(table, ()):
            record = from_item(item)
            found[record["pk"], record["sk"]] = record
        asked = answer.get("UnprocessedKeys")
        if asked:
            attempt += 1
            pause(attempt)
    return found


def put_many(table: str, records: Sequence[Record]) -> None:
    """Put records by BatchWriteItem, unconditionally and in no order, on the lean path; what is left is sent again."""
    together.each(
        lambda some: _put_some(table, some),
        [records[start : start + 25] for start in range(0, len(records), 25)],
    )


def _put_some(table: str, records: Sequence[Record]) -> None:
    """At most 25 records."""
    asked: Any = {table: [{"PutRequest": {"Item": to_item(r)}} for r in records]}
    attempt = 0
    while asked:
        asked = wire("BatchWriteItem", {"RequestItems": asked}).get("UnprocessedItems")
        if asked:
            attempt += 1
            pause(attempt)


def put(table: str, record: Record, *, condition: str, values: Mapping[str, Any] | None = None) -> None:
    """One conditional put on the lean path. Raises ConditionFailed, and TooLarge."""
    from botocore.exceptions import ClientError

    op = put_op(table, record, condition=condition, values=values)["Put"]
    try:
        wire("PutItem", {k: v for k, v in op.items() if k != "ReturnValuesOnConditionCheckFailure"})
    except ClientError as error:
        told = error.response["Error"]
        # DynamoDB has one code for all that is not valid; its words tell this apart.
        if told["Code"] == "ValidationException" and "item size" in told.get("Message", "").lower():
            raise TooLarge from None
        # In the middle of somebody's transaction it cannot be told yet; whoever asked looks again.
        if told["Code"] not in ("ConditionalCheckFailedException", "TransactionConflictException"):
            raise
        raise ConditionFailed(None) from None


def query(
    table: str,
    pk: str,
    *,
    prefix: str = "",
    after: str | None = None,
    before: str | None = None,
    limit: int | None = None,
    forward: bool = True,
    consistent: bool = True,
    index: str | None = None,
    batch: int | None = None,
) -> Iterator[Record]:
    """Records of one partition in sort-key order.

    `prefix` narrows to sort keys that begin with it; `after` (exclusive) and `before` (exclusive) bound them;
    `limit` is the most that is yielded. With `index`, `pk` and sort keys are the index's (`<index>pk`, `<index>sk`).
    `batch` is for those who may stop early: so many are asked for at first and twice as many each further time, where
    DynamoDB would hand out (and charge) a megabyte.
    """
    sk_name = f"{index}sk" if index else "sk"
    request = question(table, pk, prefix, (after, before), index)
    request["ScanIndexForward"] = forward
    if index is None:
        request["ConsistentRead"] = consistent
    left = limit
    while True:
        # The two bounds are inclusive for DynamoDB and exclusive for us.
        most = [number + 2 for number in (left, batch) if number is not None]
        if most:
            request["Limit"] = min(most)
            batch = batch and batch * 2
        answer = dynamodb().query(**request)
        for item in answer["Items"]:
            record = from_item(item)
            if record[sk_name] in (after, before):
                continue
            if left is not None:
                if left == 0:
                    return
                left -= 1
            yield record
        if "LastEvaluatedKey" not in answer or left == 0:
            return
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _values(values: Mapping[str, Any] | None) -> dict[str, Any]:
    return {k: to_attribute(v) for k, v in (values or {}).items()}


def put_op(
    table: str,
    record: Mapping[str, Any],
    *,
    condition: str | None = None,
    names: Mapping[str, str] | None = None,
    values: Mapping[str, Any] | None = None,
) -> "TransactWriteItemTypeDef":
    """A Put for `transact` or `apply`; `condition="absent"` means that nothing may stand under the key."""
    op: dict[str, Any] = {"TableName": table, "Item": to_item(record)}
    _conditional(op, condition, names, values)
    return {"Put": op}  # type: ignore[typeddict-item]


def update_op(
    table: str,
    pk: str,
    sk: str,
    expression: str,
    *,
    condition: str | None = None,
    names: Mapping[str, str] | None = None,
    values: Mapping[str, Any] | None = None,
) -> "TransactWriteItemTypeDef":
    """An Update for `transact` or `apply`."""
    op: dict[str, Any] = {
        "TableName": table,
        "Key": {"pk": {"S": pk}, "sk": {"S": sk}},
        "UpdateExpression": expression,
    }
    _conditional(op, condition, names, values)
    return {"Update": op}  # type: ignore[typeddict-item]


def delete_op(
    table: str,
    pk: str,
    sk: str,
    *,
    condition: str | None = None,
    names: Mapping[str, str] | None = None,
    values: Mapping[str, Any] | None = None,
) -> "TransactWriteItemTypeDef":
    """A Delete for `transact` or `apply`."""
    op: dict[str, Any] = {"TableName": table, "Key": {"pk": {"S": pk}, "sk": {"S": sk}}}
    _conditional(op, condition, names, values)
    return {"Delete": op}  # type: ignore[typeddict-item]


def check_op(
    table: str,
    pk: str,
    sk: str,
    condition: str,
    *,
    names: Mapping[str, str] | None = None,
    values: Mapping[str, Any] | None = None,
) -> "TransactWriteItemTypeDef":
    """A ConditionCheck for `transact`."""
    op: dict[str, Any] = {"TableName": table, "Key": {"pk": {"S": pk}, "sk": {"S": sk}}}
    _conditional(op, condition, names, values)
    return {"ConditionCheck": op}  # type: ignore[typeddict-item]


def _conditional(
    op: dict[str, Any],
    condition: str | None,
    names: Mapping[str, str] | None,
    values: Mapping[str, Any] | None,
) -> None:
    if condition:
        op["ConditionExpression"] = "attribute_not_exists(pk)" if condition == "absent" else condition
        op["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    if names:
        op["ExpressionAttributeNames"] = dict(names)
    if values:
        op["ExpressionAttributeValues"] = _values(values)


def apply(op: "TransactWriteItemTypeDef", *, returning: bool = False) -> Record | None:
    """One write of `*_op` on its own. Raises ConditionFailed with what stood there, and TooBusy when the item was in the
    middle of somebody's transaction each time (DynamoDB refuses single writes meanwhile, and its client does not wait).

    With `returning`, an Update answers the record as it is afterwards.
    """
    client = dynamodb()
    ((kind, raw),) = op.items()
    arguments: dict[str, Any] = dict(raw)  # type: ignore[call-overload]
    if returning:
        arguments["ReturnValues"] = "ALL_NEW"
    call: Any = {"Put": client.put_item, "Update": client.update_item, "Delete": client.delete_item}[kind]
    for attempt in range(1, TRANSACTION_ATTEMPTS + 1):
        try:
            answer = call(**arguments)
        except client.exceptions.ConditionalCheckFailedException as error:
            old: Any = error.response.get("Item")
            raise ConditionFailed(from_item(old) if old else None) from None
        except client.exceptions.TransactionConflictException:
            pause(attempt)
        else:
            return from_item(answer["Attributes"]) if returning else None
    raise TooBusy


def transact(ops: Sequence["TransactWriteItemTypeDef"], *, lean: bool = False) -> None:
    """All or nothing. Conflicts with other writers are tried again with jitter; refused conditions are raised.

    `lean` goes by platform/lean.py, for hot paths. The caller's conditions, not a client token, make a repetition safe: a
    token is forgotten after ten minutes.
    """
    from botocore.exceptions import ClientError

    for attempt in range(1, TRANSACTION_ATTEMPTS + 1):
        try:
            if lean:
                wire("TransactWriteItems", {"TransactItems": ops})
            else:
                dynamodb().transact_write_items(TransactItems=ops)
        except ClientError as error:
            if error.response["Error"]["Code"] != "TransactionCanceledException":
                raise
            reasons: list[Any] = error.response.get("CancellationReasons", [])
            codes = {reason.get("Code") for reason in reasons}
            if "ConditionalCheckFailed" in codes:
                raise TransactionRefused(
                    [
                        from_item(reason.get("Item") or {})
                        if reason.get("Code") == "ConditionalCheckFailed"
                        else None
                        for reason in reasons
                    ]
                ) from None
            if not codes & {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}:
                raise
            pause(attempt)
        else:
            return
    raise TooBusy


def pause(attempt: int) -> None:
    """Wait a little, longer with each attempt, with full jitter."""
    time.sleep(random.uniform(0, min(0.8, 0.02 * 2**attempt)))  # noqa: S311 - jitter, not a secret
