"""Five recorded hours of a bitcoin exchange, sent through a whole Rialto, and the naive exchange beside it."""
