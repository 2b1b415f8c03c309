"""The socket `/ws/odds`: the odds of matches as they change, for everybody with a token, guests too."""
