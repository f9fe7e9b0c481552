"""Make history anew from the ledger: `python -m devtools.refeed [--stack NAME] [--endpoint URL] [--segments N]`.

For what the ledger's stream has lost (a message in FeedDlq that is older than a day, a restored table). It reads the whole
ledger once; play may go on, and repeating it changes nothing. Whoever runs it holds the account's credentials.
"""

import argparse
import json
import os


def main() -> None:
    """Find the tables and go through every segment."""
    import boto3

    parser = argparse.ArgumentParser(description="make history anew from the ledger")
    parser.add_argument("--stack", default="pitboss")
    parser.add_argument("--endpoint", help="of a local AWS; none for a real account")
    parser.add_argument("--segments", type=int, default=8, help="portions of the ledger, one after another")
    asked = parser.parse_args()
    if asked.endpoint:
        os.environ["AWS_ENDPOINT_URL"] = asked.endpoint
    cloudformation = boto3.client("cloudformation")
    for name in ("HubTable", "ArenaTable", "LedgerTable"):
        found = cloudformation.describe_stack_resource(StackName=asked.stack, LogicalResourceId=name)
        variable = name.replace("Table", "_TABLE").upper()
        os.environ[variable] = str(found["StackResourceDetail"]["PhysicalResourceId"])
    from pitboss.reports.mending import mend
    from pitboss.rounds.wallet_feed import ingest_closed

    for segment in range(asked.segments):
        print(
            json.dumps({"segment": segment, **mend(ingest_closed, segment=segment, segments=asked.segments)})
        )


if __name__ == "__main__":
    main()
