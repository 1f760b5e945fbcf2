"""What a sheet may fetch while it is drawn: nothing from outside."""

from collections.abc import Iterable
from pathlib import Path

from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse


class InertFetcher(URLFetcher):
    """For the text of a sheet: ``data:`` URLs only; anything else stops the drawing."""

    def __init__(self) -> None:
        super().__init__(allowed_protocols={"data"}, allow_redirects=False)

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        """The content of a ``data:`` URL; raises ``FatalURLFetchingError`` for any other."""
        if not url.lower().startswith("data:"):
            raise FatalURLFetchingError("a sheet may not refer to anything outside itself")
        return super().fetch(url, headers)


class FileFetcher(URLFetcher):
    """For our own font rules: exactly the files named, no others."""

    def __init__(self, paths: Iterable[Path]) -> None:
        super().__init__(allowed_protocols={"file"}, allow_redirects=False)
        self._urls = {path.as_uri() for path in paths}

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        """The content of a named file; raises ``FatalURLFetchingError`` for any other."""
        if url not in self._urls:
            raise FatalURLFetchingError("not one of the project's fonts")
        return super().fetch(url, headers)
