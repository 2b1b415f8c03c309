"""Fixed-odds betting over REST: the paths of the odds specification, and ours beside them.

markets      matches: lists, one with its options, those that take bets
odds         of one match: now, as a snapshot, and what its stream has told
bets         of the caller: place, look up, claim
admin        a match is made, moved on, funded
override     its odds are set
settlement   what a match comes to: results, taken back or not, or none at all
quotes       the odds of now, from the cache or from the tables
routes       the rows of all these in the one table
shapes       what clients see of all this; the words of odds are in gateway/odds_messages.py
"""
