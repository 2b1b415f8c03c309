"""The order book that every product trades on: prices in ticks, quantities in lots, nothing of money."""
