"""Views known by a plain name."""

from __future__ import annotations

from typing import Any


class Named:
    """Put before a FAB view class: its endpoints begin with ``name``, not with the name of the class."""

    name: str

    def create_blueprint(self, appbuilder: Any, endpoint: str | None = None, static_folder: str | None = None) -> Any:
        return super().create_blueprint(appbuilder, self.name, static_folder)  # type: ignore[misc]
