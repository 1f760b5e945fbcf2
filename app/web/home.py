"""The first page: what is waiting today, and the figures of the community."""

from __future__ import annotations

from flask import current_app
from flask_appbuilder import expose
from flask_appbuilder.views import IndexView

from app.backups import operations as backups
from app.kernel.access import Right, needs, permitted
from app.kernel.db import today
from app.kernel.named import Named


class HomeView(Named, IndexView):
    name = "home"

    @expose("/")
    @needs(Right.VIEW)
    def index(self) -> str:
        capabilities = [
            capability
            for capability in current_app.extensions["capabilities"]
            if any(permitted(view.model.__tablename__, Right.VIEW) for view in capability.views)
        ]
        day = today()
        offered = [
            task
            for capability in capabilities
            for task in capability.tasks(day)
            if permitted(task.register, Right.VIEW)
        ]
        tasks = sorted((task for task in offered if task.count > 0), key=lambda task: not task.urgent)
        figures = [
            (capability.label, shown)
            for capability in capabilities
            if (shown := [figure for figure in capability.figures() if permitted(figure.register, Right.VIEW)])
        ]
        backup = backups.state() if permitted("backup", Right.ADD) else None
        return str(
            self.render_template(
                "home.html", has_tasks=bool(offered), tasks=tasks, figures=figures, today=day, backup=backup
            )
        )
