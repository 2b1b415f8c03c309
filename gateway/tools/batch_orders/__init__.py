"""The batch tool: places the orders of a CSV file, and can be run again without placing one twice.

file       the orders: read and checked as a whole, each under an id of its own
results    what has become of each, in a file beside it
sender     several lines under way at once
program    the command: its arguments, its start, its stop and what it says at the end
"""
