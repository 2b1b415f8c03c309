"""Spot markets: limit and market orders of one asset against another."""
