"""The codecs by the name of their dialect."""

from collections.abc import Mapping

from pitboss.dialects.mascot import Mascot
from pitboss.dialects.model import Dialect
from pitboss.dialects.slotcity_v1 import SlotCityV1
from pitboss.dialects.slotcity_v4 import SlotCityV4

CODECS: Mapping[str, Dialect] = {one.name: one for one in (SlotCityV4(), SlotCityV1(), Mascot())}
