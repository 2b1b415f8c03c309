"""The socket `/ws`: market data for everybody, private channels and orders for who has a token."""
