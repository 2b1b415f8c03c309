"""Fixed-odds betting over REST: the paths of the odds specification, and ours beside them.

markets            matches: lists, one with its options, those that take bets
odds               of one match: now, as a snapshot, and what its stream has told
bets               of the caller: place, look up, claim
accumulators       the same for bets on several matches at once
slips              what those two have in common
admin              a match is made, moved on, funded
override           its odds are set
settlement         what a match comes to: results, taken back or final, or none at all
accumulator_admin  what covers accumulators is looked at, funded, taken back
quotes             the odds of now, from the cache or from the tables
pages              lists that are counted from 1
routes             the rows of all these in the one table
shapes             what clients see of all this, of accumulators in accumulator_shapes; the words of odds are in
                   gateway/odds_messages.py
"""
