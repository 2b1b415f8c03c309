"""What markets with an order book share, whatever they trade: commands, events, the life of an order."""
