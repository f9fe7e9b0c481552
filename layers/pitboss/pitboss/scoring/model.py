"""Records of scoring. Amounts are minor units of their currency, instants are milliseconds, scores are scaled integers.

They are NamedTuples because a round passes through here tens of thousands of times a second: they cost nothing to
import, unpack by slices, and compare by value.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

SETTLED, AMENDED, ROLLED_BACK = 0, 1, 2
MAX_INSTANT = (1 << 53) - 1  # the end of a pause that nobody has ended yet; also "never" in orderings
MULTIPLE_SCALE = 10_000  # multiples of a bet: 2.5x is 25000, cut (never rounded up) below the fourth decimal
BASIS_POINTS = 10_000
MAX_ROUND_POINTS = 10**14  # no single round may move a score by more, so that a score stays inside 64 bits
MAX_SCORE = 9 * 10**18


class Round(NamedTuple):
    """A decoded round; the amounts are in the round's own currency (`exponent` decimals).

    `bet` includes `bet_bonus`, `win` includes `win_bonus` and `jackpot`. `seq` is the casino's own order of a
    player's rounds (0 if none). The order of the fields is used: eligibility looks rounds up by the slice
    game, round_type, currency, exponent.
    """

    round_id: str
    revision: int
    status: int
    brand_id: str
    player_id: str
    game: str
    round_type: str
    currency: str
    exponent: int
    bet: int
    win: int
    bet_bonus: int
    win_bonus: int
    jackpot: int
    started_at: int
    settled_at: int
    seq: int


class Stint(NamedTuple):
    """One entry of a player: the first, then one for each rebuy that starts anew; the extras are what add-ons gave.

    Rounds count from `from_ms` on: the moment of joining, or earlier where the tournament counts what was played before.
    `points_extra` is in the rule set's own scale and is added to the score; `rounds_extra` raises a first-N limit.
    """

    entry_no: int
    from_ms: int
    rounds_extra: int = 0
    points_extra: int = 0


class Seat(NamedTuple):
    """A registered player of a tournament. Only an `active` seat has a rank."""

    entry_id: str
    brand_id: str
    player_id: str
    display_name: str
    status: str
    joined_at: int
    stints: tuple[Stint, ...]


class Window(NamedTuple):
    """When rounds count: start inclusive, end exclusive, without the pauses (each likewise)."""

    start_at: int
    end_at: int
    pauses: tuple[tuple[int, int], ...] = ()


class Standing(NamedTuple):
    """What an entry has reached. `wagered` and `won` are base-currency minor units of the rounds that counted;
    `reached_at` is the settledAt of the round that produced the current score, 0 if none did."""

    score: int
    reached_at: int
    rounds: int
    wagered: int
    won: int
    qualified: bool
    detail: Mapping[str, Any]


class Row(NamedTuple):
    """One player to be ranked."""

    entry_id: str
    brand_id: str
    player_id: str
    score: int
    reached_at: int
    status: str = "active"
    qualified: bool = True
    rounds: int = 0


class Ranked(NamedTuple):
    """A ranked player. `rank` is 0 for those without one (not qualified, withdrawn, disqualified); `tied` says how
    many share the rank, oneself included."""

    rank: int
    tied: int
    entry_id: str
    brand_id: str
    player_id: str
    score: int
    reached_at: int
    status: str
    qualified: bool
    rounds: int


class Award(NamedTuple):
    """One prize of one player. Cash and bonus carry `amount` (minor units), of which `from_pool` comes out of the
    pool and the rest from the house; `free_rounds` rounds are worth `value` each in `game`."""

    entry_id: str
    brand_id: str
    player_id: str
    rank: int
    kind: str
    amount: int
    from_pool: int
    currency: str
    exponent: int
    free_rounds: int
    value: int
    game: str
    valid_hours: int


class Pool(NamedTuple):
    """Prize money in minor units: buy-ins collected, the part the house adds to meet the guarantee, and the sum
    that is played for (`net` = collected + seed + overlay). Rake is kept apart and is not in here."""

    collected: int
    overlay: int
    net: int


REASONS: Mapping[str, str] = {
    "counted": "The round counted.",
    "no_points": "The round counted as played, but is worth no points under this rule.",
    "below_multiple": "The win is below the multiple of the bet that the rule asks for.",
    "not_best": "The round counted as played, but a better round (or run of rounds) stands.",
    "not_among_best": "The round counted as played, but is not among the best that make up the score.",
    "streak_running": "The win extends a run that is not yet the player's best, or not yet long enough.",
    "target_reached": "The player had reached the target before.",
    "over_round_limit": "The player had played all the rounds that count.",
    "rolled_back": "The round was rolled back by the casino.",
    "not_registered": "The player is not registered in this tournament.",
    "not_active": "The registration is not active.",
    "withdrawn": "The player has left the tournament.",
    "disqualified": "The player is disqualified.",
    "before_joining": "The round is older than the player's entry.",
    "outside_window": "The round lies outside the tournament's time.",
    "paused": "The tournament was paused.",
    "game_excluded": "The game does not take part.",
    "brand_excluded": "The brand does not take part.",
    "currency_excluded": "The currency does not take part, or has no rate in the rules.",
    "round_type_excluded": "Rounds of this type do not count.",
    "bet_below_min": "The bet is below the minimum.",
    "bet_above_max": "The bet is above the maximum.",
    "funds_excluded": "The round was played with bonus money, which does not count.",
}
