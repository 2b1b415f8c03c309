"""The market maker's bot: looks at markets every few seconds and has the market maker quote them accordingly.

settings   config.json
signals    what is seen in a market, and how wide and large it is quoted for that
bot        the rounds over all markets
program    the command: its arguments, its start and its stop
"""
