"""A real football season, played through a whole Rialto: odds, bets, settlement, claims, a subscriber that is cut.

data          the matches of a season with bookmakers' odds, from a file
calculation   what bets come to, by the specification's words alone
wallets       who bets: keys made from a seed
patience      requests until their outcome is known
bettors       what those who bet send
bookmaker     what the administrator sends
board         what a match offers at one time
history       what was done to a match, against what its stream has told
stage         a match with what is known of it
match         one match, from its listing to its claims
wire          a connection that breaks
subscriber    somebody who hears all odds and is cut again and again
season        all matches, some at a time; kills of the server meanwhile; what must hold in the end
aftermath     what must hold when the exchange has stopped
"""
