"""Tables drawn as text: one line a row, cells between bars, the header first."""


def cells(table: str) -> list[list[str]]:
    """The rows of a table, the header first."""
    return [[cell.strip() for cell in line.split("|")] for line in table.splitlines() if line.strip()]
