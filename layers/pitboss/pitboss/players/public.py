"""What other contexts may use of players."""

from pitboss.players.launching import launch
from pitboss.players.model import Wish
from pitboss.players.service import Known, Who, create, find

__all__ = ["Known", "Who", "Wish", "create", "find", "launch"]
