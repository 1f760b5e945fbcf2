from flask_babel import lazy_gettext as _l

from app.kernel.capability import Capability
from app.kernel.register import Register
from app.volunteers import operations
from app.volunteers.models import Volunteer, VolunteerTeam


class VolunteerRegister(Register):
    model = Volunteer


class VolunteerTeamRegister(Register):
    model = VolunteerTeam


CAPABILITY = Capability(
    label=_l("Volunteers"),
    icon="heart",
    views=(VolunteerRegister, VolunteerTeamRegister),
    figures=operations.figures,
    tasks=operations.tasks,
)
