"""Prediction markets over REST: the paths of their own specification (/api/*), and ours (/api/v1/prediction).

auth        log-in and registration as the specification shows them
markets     questions: lists, new ones, books, trades, price history
orders      of the caller: place, cancel, look up
positions   who holds what, and what it is worth
lifecycle   what takes a question from trading to its payouts
maker       the market maker's settings, rounds and money
routes      the rows of all these in the one table
marks       what a share is worth now
shapes      what clients see of all this
"""
