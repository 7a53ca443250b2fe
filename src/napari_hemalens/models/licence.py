"""What a licence of weights allows, said of their cards and of the entries of a catalogue alike."""

import re
from typing import TYPE_CHECKING

_NON_COMMERCIAL = re.compile(r"non-?commercial|\bBY-NC\b|\bBY NC\b", re.IGNORECASE)


class Licensed:
    """What has a licence; a class with this one among its bases has a field for it."""

    if TYPE_CHECKING:  # else pydantic would put the field before those of the class
        licence: str

    @property
    def non_commercial(self) -> bool:
        """Whether the licence, of the weights or of what they were trained on, forbids commercial use."""
        return _NON_COMMERCIAL.search(self.licence) is not None

    @property
    def terms(self) -> str:
        """The licence, with what matters most said first."""
        return f"non-commercial use only: {self.licence}" if self.non_commercial else self.licence or "not stated"
