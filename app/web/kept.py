"""Parts of a page that are drawn once and kept: ``{% kept this, that %}…{% endkept %}`` in a template.

A part is kept under its place in the template, the language, and the values the tag names: all that it is drawn from
must stand there, so it never has to be forgotten because something has changed. What belongs to one request, such as
a token, stays outside.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from flask_babel import get_locale
from jinja2 import Environment, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.runtime import Context
from markupsafe import Markup

MOST = 3_000
"""Parts that are kept; what was drawn before is then thrown away and drawn anew."""


class Kept(Extension):
    """The tag ``kept``."""

    tags = {"kept"}

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._drawn: dict[Hashable, Markup] = {}

    def parse(self, parser: Parser) -> nodes.Node:
        """A call of :meth:`_keep` with all that the part depends on."""
        line = next(parser.stream).lineno
        values = [parser.parse_expression()]
        while parser.stream.skip_if("comma"):
            values.append(parser.parse_expression())
        body = parser.parse_statements(("name:endkept",), drop_needle=True)
        key = nodes.Tuple([nodes.Const(parser.name), nodes.Const(line), *values], "load")
        drawing = self.call_method("_keep", [nodes.ContextReference(), key])
        return nodes.CallBlock(drawing, [], [], body).set_lineno(line)

    def forget(self) -> None:
        """Draw all parts anew."""
        self._drawn.clear()

    def _keep(self, context: Context, key: tuple[Any, ...], caller: Callable[[], Markup]) -> Markup:
        key = (context.get("language") or get_locale().language, *key)
        found = self._drawn.get(key)
        if found is None:
            if len(self._drawn) >= MOST:
                self.forget()
            found = self._drawn[key] = Markup(caller())  # noqa: S704 (a template escaped it)
        return found
