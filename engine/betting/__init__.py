"""Fixed-odds betting: one match with its options, their odds, the bets on them, and the pool that covers them."""
