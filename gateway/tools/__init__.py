"""Programs that are clients of Rialto: they could as well run on another machine, and know nothing but the API.

outside        what a program gets from run.py
session        who is logged in, and logging in again
patience       trying again, with growing pauses
mm_bot         has the market maker quote, from what it sees in books and trades
batch_orders   places the orders of a file
"""
