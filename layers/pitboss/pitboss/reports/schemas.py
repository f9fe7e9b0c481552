"""Bodies and answers of history, figures, exports and reconciliation."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from pitboss.platform.models import Id, Instant, Model

Date = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$", description="A day in UTC.")]
Percent = Annotated[str, Field(pattern=r"^\d+\.\d\d$")]


class Transaction(Model):
    """A transaction of the wallet as history has it. `time` is when the hub took it."""

    hub_transaction_id: str
    time: str
    provider: str = Field(description="The integration; `hub` for deposits and withdrawals.")
    transaction_id: str = Field(description="The provider's own id.")
    action: Literal["bet", "win", "rollback", "end", "deposit", "withdraw"]
    type: str | None
    state: Literal["PENDING", "UNKNOWN", "DONE", "REFUSED", "ROLLED_BACK", "TOMBSTONE", "FAILED"]
    player_id: str
    brand_id: str
    user_id: str
    game_id: str | None
    round_id: str | None
    amount: str | None
    currency: str
    balance_before: str | None
    balance_after: str | None
    refers_to: str | None = Field(description="The bet of a win, or the target of a rollback.")
    free_rounds_id: str | None
    refusal: str | None


class History(Model):
    """A page of transactions. It may be short, even empty, before the end: go on while there is a `nextCursor`."""

    transactions: list[Transaction]
    next_cursor: str | None


class FigureRow(Model):
    """Figures of one group and one currency; docs/history.md defines each."""

    currency: str
    bets: int
    stake: str
    wins: int
    won: str
    free_bets: int
    free_won: str
    promo: str
    cancelled_bets: int
    cancelled_stake: str
    refused: int
    pending: int
    rounds: int
    cancelled_rounds: int
    deposited: str
    withdrawn: str
    ggr: str = Field(description="stake less won.")
    ngr: str = Field(description="ggr less freeWon less promo.")
    rtp: Percent | None = Field(description="won in percent of stake, rounded down; null without stake.")


class StatisticsRow(FigureRow):
    """One group; the members that name it are set by `groupBy`."""

    day: str | None = None
    provider: str | None = None
    brand_id: str | None = None
    game_id: str | None = None
    game_set: str | None = None
    player_id: str | None = None
    user_id: str | None = None


class Statistics(Model):
    """Figures of whole days."""

    from_: Date = Field(alias="from")
    to: Date
    group_by: str
    rows: list[StatisticsRow]
    next_cursor: str | None


class GgrRow(Model):
    """What a game earned at a brand."""

    provider: str
    brand_id: str
    game_id: str
    currency: str
    rounds: int
    bets: int
    stake: str
    won: str
    ggr: str
    rtp: Percent | None


class GgrTotal(Model):
    """The sum over a currency."""

    currency: str
    stake: str
    won: str
    ggr: str
    free_won: str
    promo: str
    ngr: str
    rtp: Percent | None


class GgrReport(Model):
    """Gross gaming revenue of whole days, by provider, brand and game."""

    from_: Date = Field(alias="from")
    to: Date
    rows: list[GgrRow]
    totals: list[GgrTotal]


class GameSetBody(Model):
    """The games of a set."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"games": ["book-of-rain", "fruit-storm"]}]})

    games: list[Id] = Field(min_length=1, max_length=1000)


class GameSet(Model):
    """A named list of games, to filter and group figures by."""

    name: str
    games: list[str]


class GameSets(Model):
    """Every set of the tenant."""

    game_sets: list[GameSet]


class ExportBody(Model):
    """Which transactions are wanted in a file."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "format": "csv",
                    "from": "2026-01-01T00:00:00Z",
                    "to": "2026-02-01T00:00:00Z",
                    "gameId": "book-of-rain",
                }
            ]
        }
    )

    format: Literal["csv", "jsonl"]
    from_: Instant = Field(alias="from")
    to: Instant = Field(description="Exclusive.")
    player_id: Id | None = None
    brand_id: Id | None = None
    user_id: Id | None = None
    provider: Id | None = None
    game_id: Id | None = None
    game_set: Id | None = None
    action: Literal["bet", "win", "rollback", "end", "deposit", "withdraw"] | None = None


class Export(Model):
    """A file on its way, or ready at `url` for `urlSeconds`. While it is `building`, asking again carries it on."""

    export_id: str
    state: Literal["building", "ready"]
    rows: int
    bytes: int
    url: str | None
    url_seconds: int | None


class DayFile(Export):
    """The reconciliation file of a day: one JSON object a line, gzip. `provisional`: it is made and has a `url`, but the day
    is not over; ask again then."""

    state: Literal["building", "provisional", "ready"]  # type: ignore[assignment]
    date: Date
    provider: str | None


class ProviderFile(Model):
    """A line of the provider's file, as JSON lines, as a JSON list, or as CSV whose head has these names. What a line
    leaves out is not compared. Also known: id, txId, kind, debit, credit, refund, player, round, game."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "transactionId": "t-1",
                    "action": "bet",
                    "amount": "10.00",
                    "currency": "EUR",
                    "userId": "player-1",
                    "roundId": "r-1",
                }
            ]
        }
    )

    transaction_id: str
    action: Literal["bet", "win", "rollback"]
    amount: str | None = None
    currency: str | None = None
    user_id: str | None = None
    round_id: str | None = None
    game_id: str | None = None


class OurSide(Model):
    """The transaction at the hub; `at` in ms."""

    hub_transaction_id: str
    state: str
    amount: str
    currency: str
    brand_id: str
    user_id: str
    round_id: str
    game_id: str
    at: int


class TheirSide(Model):
    """The line of the file."""

    line: int
    amount: str | None
    currency: str | None
    user_id: str | None
    round_id: str | None
    game_id: str | None


class Elsewhere(Model):
    """Where the hub has a missing transaction after all: in another day (`at`, ms), or refused (`state`)."""

    state: str
    at: int
    hub_transaction_id: str


class DifferenceRow(Model):
    """`missing`: in the file, not at the hub; `extra`: at the hub, not in the file; `differing`: in both, but for `fields`."""

    kind: Literal["missing", "extra", "differing"]
    action: str
    transaction_id: str
    fields: list[str]
    ours: OurSide | None
    theirs: TheirSide | None
    elsewhere: Elsewhere | None = None


class DiffCounts(Model):
    """How many of each."""

    ours: int
    theirs: int
    matched: int
    missing: int
    extra: int
    differing: int
    repeated_lines: int
    bad_lines: int


class BadLine(Model):
    """A line that names no transaction."""

    line: int
    reason: str


class Diff(Model):
    """A comparison and a page of its differences."""

    diff_id: str
    date: Date
    provider: str | None
    provisional: bool = Field(
        description="The day was not over when this was compared: what is missing may still come. Compare again then."
    )
    counts: DiffCounts
    bad_lines: list[BadLine] = Field(description="The first 50.")
    rows: list[DifferenceRow]
    next_cursor: str | None


class BooksTotal(Model):
    """The sides of all wallets of a currency. They come to nothing: balance + house + cash = receivable."""

    currency: str
    balance: str
    house: str
    cash: str
    receivable: str


class FindingRow(Model):
    """Something that does not come out."""

    player_id: str
    kind: Literal["unbalanced", "negative", "no_balances", "broken_chain", "twice"]
    detail: str


class BooksAnswer(Model):
    """The trial balance of some wallets; add up the pages for all."""

    balanced: bool
    wallets: int
    transactions: int
    totals: list[BooksTotal]
    findings: list[FindingRow]
    next_cursor: str | None
