"""A real football season, played through a whole Rialto: odds, bets, settlement, claims, a subscriber that is cut.

data          the matches of a season with bookmakers' odds, from a file
calculation   what bets come to, by the specification's words alone
wallets       who bets: keys made from a seed
bettors       what they and the administrator send, until its outcome is known
match         one match, from its listing to its claims
subscriber    somebody who hears all odds and is cut again and again
season        all matches at once, kills of the server meanwhile, and what must hold in the end
"""
