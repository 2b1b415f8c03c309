"""Money: assets, the chart of accounts, double entry, the journal."""
