"""What a DynamoDB query asks for: one partition, and a range of its sort keys. Pure."""

from typing import Any


def question(
    table: str, pk: str, prefix: str, between: tuple[str | None, str | None], index: str | None
) -> dict[str, Any]:
    """The key condition of a query."""
    pk_name, sk_name = (f"{index}pk", f"{index}sk") if index else ("pk", "sk")
    names = {"#p": pk_name}
    values: dict[str, Any] = {":p": {"S": pk}}
    condition = "#p = :p"
    after, before = between
    if after is not None or before is not None:
        # One range condition on the sort key is all DynamoDB takes, so the prefix becomes a bound of the range.
        low, high = (
            after if after is not None else prefix,
            before if before is not None else prefix + "\U0010ffff",
        )
        names["#s"], values[":a"], values[":b"] = sk_name, {"S": low}, {"S": high}
        condition += " AND #s BETWEEN :a AND :b"
    elif prefix:
        names["#s"], values[":s"] = sk_name, {"S": prefix}
        condition += " AND begins_with(#s, :s)"
    request: dict[str, Any] = {
        "TableName": table,
        "KeyConditionExpression": condition,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }
    if index:
        request["IndexName"] = index
    return request
