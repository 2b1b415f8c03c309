"""The REST API under /api/v1: functions from a decoded request to an answer, and the table that routes lead to."""
