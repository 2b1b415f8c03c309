"""The type of money in an event."""

from typing import Annotated

Units = Annotated[int, "units"]  # smallest units of an asset: may pass 64 bits, so it is text in the journal
