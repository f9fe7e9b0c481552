"""What other contexts may use of points."""

from pitboss.points.model import SCALE, Play
from pitboss.points.play import PLAY_ATTEMPTS, make_room, may_bet, play_ops
from pitboss.points.reading import balances

__all__ = ["PLAY_ATTEMPTS", "SCALE", "Play", "balances", "make_room", "may_bet", "play_ops"]
