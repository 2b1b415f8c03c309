"""A little history whose bytes must never change: what is in a journal today is read by every later program."""
