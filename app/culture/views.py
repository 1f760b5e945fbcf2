from flask_babel import lazy_gettext as _l

from app.culture import operations
from app.culture.models import CulturalTeam, CulturalTeamMember
from app.kernel.capability import Capability
from app.kernel.register import Register


class CulturalTeamRegister(Register):
    model = CulturalTeam


class CulturalTeamMemberRegister(Register):
    model = CulturalTeamMember


CAPABILITY = Capability(
    label=_l("Culture"),
    icon="music",
    views=(CulturalTeamRegister, CulturalTeamMemberRegister),
    figures=operations.figures,
)
