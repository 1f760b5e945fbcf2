"""Wall prints on the screen: choose a design, see it, print it."""

from __future__ import annotations

from dataclasses import replace

from flask import Response, abort, flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.community.models import Community
from app.disclosure import operations as notices
from app.disclosure.paper import embedded, first_pages
from app.kernel import audit, scope
from app.kernel.access import Right, needs, permitted
from app.kernel.capability import Capability, Page
from app.kernel.db import db, today, transaction
from app.kernel.files import file_name, pdf_response
from app.kernel.named import Named
from app.kernel.values import Invalid, storable
from app.printing import Poster, PrintRefused, render
from app.wall import designs, operations
from app.wall.designs import Design
from app.wall.operations import Wish

PREVIEW_PAGES = 2
_WORDS = "title", "subtitle", "footer"


class WallView(Named, BaseView):
    name = "wall"
    route_base = "/wall"
    default_view = "index"

    @expose("/")
    @needs(Right.DRAFT)
    def index(self) -> str:
        """The designs there are, for what the person may print."""
        offered = [design for design in designs.DESIGNS if _may(design)]
        return str(self.render_template("wall/index.html", title=_("Wall prints"), designs=offered))

    @expose("/<name>")
    @needs(Right.DRAFT)
    def show(self, name: str) -> str:
        """One print with its words, and how it looks."""
        made = _Print(name)
        images: list[str] = []
        if made.poster is not None and not made.errors:
            try:
                images = embedded(first_pages(made.poster, dpi=45, first=PREVIEW_PAGES))
            except PrintRefused as refused:
                made.errors.append(refused.told(_))
        register = made.design.registers[0]
        return str(
            self.render_template("wall/show.html", title=made.design.label, made=made, images=images, register=register)
        )

    @expose("/<name>.pdf")
    @needs(Right.DRAFT)
    def pdf(self, name: str) -> Response:
        """The print as PDF; what may be about a person has to be confirmed first."""
        made = _Print(name)
        if made.poster is None and not made.errors:
            abort(404)
        if not made.confirmed:
            made.errors += made.doubts
        data = b""
        if made.poster is not None and not made.errors:
            try:
                data = render(made.poster)
            except PrintRefused as refused:
                made.errors.append(refused.told(_))
        if made.errors or made.poster is None:
            for message in made.errors:
                flash(message, "danger")
            address = f"{url_for('.show', name=name)}?{request.query_string.decode()}"
            return redirect(address)  # type: ignore[return-value]
        with transaction():
            audit.write("print", made.design.registers[0], made.poster.title, None, made.community.id)
        return pdf_response(data, file_name(made.poster.title, today(), "pdf"), f"{name}.pdf")


class _Print:
    """A wall print as the address asks for it: its words, what can be chosen, and what is wrong with it."""

    def __init__(self, name: str) -> None:
        design = designs.by_name(name)
        if design is None or not _may(design):
            abort(404)
        self.design = design
        self.community = db.session.get_one(Community, scope.current().community_id)
        self.confirmed = request.args.get("confirmed") == "1"
        self.errors: list[str] = []
        self.doubts: list[str] = []
        self.poster: Poster | None = None
        rows: designs.Rows = dict.fromkeys(design.registers, ())
        try:
            rows = operations.rows_of(design)
        except Invalid as too_many:
            self.errors.append(_(too_many.message, **too_many.params))
        self.choices = designs.choices(rows[design.registers[0]], design.choose)
        self.wish = self._asked_wish()
        if not self.errors:
            self._compose(rows)

    def _compose(self, rows: designs.Rows) -> None:
        try:
            self.poster = operations.poster(self.design, self.community, self.wish, rows, today())
        except PrintRefused as refused:
            self.errors.append(refused.told(_))
        except Invalid as too_many:
            self.errors.append(_(too_many.message, **too_many.params))
        if self.poster is not None:
            certain, doubtful = notices.findings(self.poster)
            self.errors += map(notices.told, certain)
            self.doubts += map(notices.told, doubtful)

    def _asked_wish(self) -> Wish:
        choice = request.args.get("choice", "")
        if choice not in self.choices:
            choice = self.choices[0] if self.choices else ""
        proposed = operations.proposal(self.design, self.community, choice)
        if request.args.get("proposed") != choice:  # opened, or another was chosen: its own words come with it
            return proposed
        typed = {name: storable(request.args[name])[:200] for name in _WORDS if name in request.args}
        return replace(proposed, **typed)


def _may(design: Design) -> bool:
    return all(permitted(register, Right.DRAFT) for register in design.registers)


CAPABILITY = Capability(
    label=_l("Wall prints"),
    icon="wall",
    others=(WallView,),
    pages=(Page(_l("Wall prints"), "wall.index", "wall", Right.DRAFT),),
)
