from flask_babel import lazy_gettext as _l

from app.assistance import operations
from app.assistance.models import AllowanceHousehold
from app.kernel.capability import Capability
from app.kernel.register import Register


class AllowanceHouseholdRegister(Register):
    model = AllowanceHousehold


CAPABILITY = Capability(
    label=_l("Assistance"),
    icon="hands",
    views=(AllowanceHouseholdRegister,),
    figures=operations.figures,
)
