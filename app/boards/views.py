"""Boards on the screen: what goes up and comes down today, the bundle to print, and what hung where."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Response, abort, flash, make_response, redirect, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.boards import operations
from app.boards.models import Posting
from app.boards.operations import BoardState
from app.boards.screens import ScreenRegister, ScreenView
from app.disclosure.models import Notice, NoticeWasAltered
from app.disclosure.operations import Refused, told
from app.disclosure.paper import is_drawn, is_long, press
from app.facilities.models import NoticeBoard
from app.facilities.views import NoticeBoardRegister
from app.kernel import audit, scope
from app.kernel.access import Right, needs, own_path
from app.kernel.capability import Capability, Page
from app.kernel.db import Conflict, db, today, transaction
from app.kernel.files import file_name, pdf_response
from app.kernel.photographs import NotAPicture, reencoded
from app.kernel.register import RECORD_ACTIONS, RecordAction, Register, existing
from app.kernel.values import Invalid, read_date, storable
from app.kernel.workdays import calendar
from app.printing import PrintRefused, merged

_MEANWHILE = _l("A colleague has dealt with it meanwhile; this is how it stands now.")


class PostingRegister(Register):
    """Notices on boards; confirmed by whoever hung them up or took them down."""

    model = Posting
    show_template = "posting/show.html"

    def more(self, record: Posting) -> dict[str, Any]:
        return {
            "posting": record,
            "has_photo": self._photo(record.id) is not None,
            "may_take_back": operations.may_take_back(record, scope.current().actor, today()),
        }

    @expose("/today/")
    @needs(Right.VIEW)
    def today(self) -> str:
        """Every board: what goes up, what comes down, what stays, the place left."""
        day = today()
        return self.page(
            "posting/today.html",
            title=_("On the boards today"),
            boards=operations.states(day),
            day=day,
            known=calendar().knows_ahead(day),
        )

    @staticmethod
    def _board(key: int) -> BoardState:
        existing(NoticeBoard, key)
        return operations.states(today(), NoticeBoard.id == key)[0]

    @expose("/bundle/<int:key>")
    @needs(Right.VIEW)
    def bundle(self, key: int) -> Response:
        """Everything due to go up on a board, as one PDF with the posting list before it.

        With ``whole`` in the address also what hangs and stays: to be hung anew after rain, or for the file.
        """
        state, whole = self._board(key), "whole" in request.args
        printed = (*state.going_up, *state.staying) if whole else state.going_up
        if whole and not printed:
            flash(_("Nothing hangs here."), "warning")
            return redirect(url_for("notice_board.show", key=key))  # type: ignore[return-value]
        sheets = []
        for posting in printed:
            try:
                sheets.append(posting.notice.sheet)
            except NoticeWasAltered:
                return redirect(url_for("notice.show", key=posting.notice_id))  # type: ignore[return-value]
        try:
            slow = [sheet for sheet in sheets if is_long(sheet) and not is_drawn(sheet)]
            if slow:
                flash(_("A long roster is still being drawn; please try again in a moment."), "warning")
                return redirect(url_for(".today"))  # type: ignore[return-value]
            listed = press().draw_now(operations.posting_list(state, today(), whole))
            data = merged([listed, *(press().draw_now(sheet) for sheet in sheets)], state.board.name)
        except PrintRefused as refused:
            flash(refused.told(_), "danger")
            return redirect(url_for(".today"))  # type: ignore[return-value]
        with transaction():
            audit.write("print", "notice_board", state.board.name, key, state.board.community_id)
        return pdf_response(data, file_name(f"{state.board.name}张贴清单及公告", today(), "pdf"), f"board-{key}.pdf")

    # --- up --------------------------------------------------------------------------------------------------

    @expose("/hang/<int:key>", methods=["GET", "POST"])
    @needs(Right.HANG)
    def hang(self, key: int) -> Any:
        """Confirm that a notice hangs: the day, until when, and a photograph if wanted."""
        posting: Posting = self.record(key)
        errors: dict[str, str] = {}
        typed = {name: storable(request.form.get(name, "")) for name in ("posted_on", "due_down_on")}
        if request.method == "GET":
            down = operations.default_down(posting.notice, today())
            typed = {"posted_on": today().isoformat(), "due_down_on": down.isoformat() if down else ""}
        elif not (read := self._read(typed, errors)) and not errors:
            errors["posted_on"] = _("This field is required.")
        elif not errors and (answer := self._hang(key, read, errors)):
            return answer
        return self.page(
            "posting/hang.html",
            title=_("Posted: %(title)s", title=posting.notice.title),
            posting=posting,
            typed=typed,
            errors=errors,
            free_from=operations.free_from(posting.notice, today()),
            rule=operations.rule_of(posting.notice),
            back=self._back(url_for(".today")),
        )

    @staticmethod
    def _read(typed: dict[str, str], errors: dict[str, str]) -> dict[str, date]:
        found = {}
        for name, text in typed.items():
            try:
                if text.strip():
                    found[name] = read_date(text)
            except Invalid as wrong:
                errors[name] = _(wrong.message, **wrong.params)
        return found if "posted_on" in found or "taken_down_on" in found else {}

    def _hang(self, key: int, read: dict[str, date], errors: dict[str, str]) -> Any:
        upload = request.files.get("photo")
        try:
            photo = reencoded(upload.read()) if upload and upload.filename else None
            notice = operations.hang(
                key, read["posted_on"], scope.current().actor, today(), read.get("due_down_on"), photo
            )
        except NotAPicture as wrong:
            errors["photo"] = _(wrong.message, **wrong.params)
        except Refused as refused:
            errors.update({violation.field: told(violation) for violation in refused.violations})
        except Conflict:
            flash(str(_MEANWHILE), "warning")
            return redirect(url_for(".today"))
        else:
            flash(_("“%(title)s” hangs.", title=notice.title), "success")
            return redirect(self._back(url_for(".today")))
        return None

    @expose("/hang-all/<int:key>", methods=["POST"])
    @needs(Right.HANG)
    def hang_all(self, key: int) -> Any:
        """Confirm that everything due to go up on a board today hangs there since today."""
        state, done = self._board(key), 0
        for posting in state.going_up:
            try:
                operations.hang(posting.id, today(), scope.current().actor, today())
            except Refused as refused:
                flash(f"{posting.notice.title}{_(': ')}{told(refused.violations[0])}", "danger")
            except Conflict:
                continue
            else:
                done += 1
        if done:
            flash(_("%(count)s notices hang on “%(board)s”.", count=done, board=state.board.name), "success")
        return redirect(url_for(".today"))

    @expose("/add-board/<int:notice>", methods=["POST"])
    @needs(Right.HANG)
    def add_board(self, notice: int) -> Any:
        """The notice is to hang on one more board."""
        board = request.form.get("board", 0, type=int)
        existing(Notice, notice)
        existing(NoticeBoard, board)
        try:
            operations.add_board(notice, board)
        except Conflict:
            flash(str(_MEANWHILE), "warning")
        return redirect(url_for("notice.show", key=notice))

    @expose("/drop/<int:key>", methods=["POST"])
    @needs(Right.HANG)
    def drop(self, key: int) -> Any:
        """It will not hang on this board after all."""
        self.record(key)
        try:
            operations.drop(key, scope.current().actor)
        except Conflict:
            flash(str(_MEANWHILE), "warning")
        return redirect(self._posted_back())

    @expose("/take-back/<int:key>", methods=["POST"])
    @needs(Right.HANG)
    def take_back(self, key: int) -> Any:
        """It was confirmed by mistake that the notice hangs here."""
        self.record(key)
        try:
            notice = operations.take_back(key, scope.current().actor, today())
        except Conflict:
            flash(str(_MEANWHILE), "warning")
        else:
            flash(_("“%(title)s” is to go up again.", title=notice.title), "success")
        return redirect(url_for(".show", key=key))

    # --- down ------------------------------------------------------------------------------------------------

    @expose("/down/<int:key>", methods=["GET", "POST"])
    @needs(Right.HANG)
    def down(self, key: int) -> Any:
        """Confirm that a notice was taken down: today, or on the day given."""
        posting: Posting = self.record(key)
        errors: dict[str, str] = {}
        typed = {"taken_down_on": storable(request.form.get("taken_down_on", today().isoformat()))}
        read = self._read(typed, errors) if request.method == "POST" else {}
        if request.method == "POST" and not read and not errors:
            errors["taken_down_on"] = _("This field is required.")
        if read and not errors:
            try:
                notice = operations.take_down(key, read["taken_down_on"], scope.current().actor, today())
            except Refused as refused:
                errors.update({violation.field: told(violation) for violation in refused.violations})
            except Conflict:
                flash(str(_MEANWHILE), "warning")
                return redirect(url_for(".today"))
            else:
                flash(_("“%(title)s” was taken down.", title=notice.title), "success")
                return redirect(self._posted_back())
        return self.page(
            "posting/down.html",
            title=_("Taken down: %(title)s", title=posting.notice.title),
            posting=posting,
            typed=typed,
            errors=errors,
            rule=operations.rule_of(posting.notice),
            back=self._posted_back(),
        )

    def _posted_back(self) -> str:
        return own_path(request.form.get("back", "")) or self._back(url_for(".today"))

    # --- the photograph --------------------------------------------------------------------------------------

    @staticmethod
    def _photo(key: int) -> bytes | None:
        found: bytes | None = db.session.scalar(select(Posting.photo).where(Posting.id == key))
        return found

    @expose("/photo/<int:key>")
    @needs(Right.VIEW)
    def photo(self, key: int) -> Response:
        """The picture of the notice as it hangs."""
        self.record(key)
        data = self._photo(key)
        if data is None:
            abort(404)
        response = make_response(data)
        response.headers["Content-Type"] = "image/jpeg"
        return response


def _is_board(model: Any) -> bool:
    return model is NoticeBoard


RECORD_ACTIONS.append(
    RecordAction(_l("Print the whole board"), "/posting/bundle/{key}?whole=1", "posting", _is_board, "print")
)


CAPABILITY = Capability(
    label=_l("Boards"),
    icon="board",
    pages=(Page(_l("On the boards today"), "posting.today", "posting"),),
    others=(ScreenView,),
    views=(PostingRegister, NoticeBoardRegister, ScreenRegister),
    tasks=operations.tasks,
)
