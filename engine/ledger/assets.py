"""The assets that exist: a symbol and how many decimals its smallest unit has."""

import msgspec


class Asset(msgspec.Struct, frozen=True):
    """A currency; all its amounts are whole numbers of 10**-decimals."""

    symbol: str
    decimals: int


ASSETS = {asset.symbol: asset for asset in (Asset("BTC", 10), Asset("ETH", 10), Asset("USDT", 10), Asset("USD", 4))}

PAYOUT_ASSET = "USD"  # what shares cost and pay
