"""The decisions of an exchange: pure, synchronous, in exact integers."""
