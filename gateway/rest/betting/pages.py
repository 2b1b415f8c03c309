"""Lists of betting in pages that are counted from 1: what is asked, and what all of them say."""

from typing import Annotated

from msgspec import Meta

from gateway.limits import PAGE_MAX, Page
from gateway.shapes import Shape

DEFAULT_PAGE_SIZE = 20

PageSize = Annotated[int, Meta(ge=1, le=PAGE_MAX)]


class PagedRequest(Shape, frozen=True):
    """A page of something, counted from 1."""

    page: Page = 1
    page_size: PageSize = DEFAULT_PAGE_SIZE

    @property
    def first(self) -> int:
        """How many there are before the page."""
        return (self.page - 1) * self.page_size


class PagedView(Shape, frozen=True):
    """A page with its items, and how many there are in all; beyond the last one, an empty one."""

    page: int
    page_size: int
    total: int
