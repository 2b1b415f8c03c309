"""Prediction markets: shares of YES and NO, minted in pairs and paid out when the answer is known."""
