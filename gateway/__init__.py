"""The outside world's languages, turned into commands and back."""
