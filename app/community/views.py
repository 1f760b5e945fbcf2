from flask_babel import lazy_gettext as _l

from app.community import operations
from app.community.models import BuildingLeader, Community, Person, Representative
from app.kernel.capability import Capability
from app.kernel.register import Register


class CommunityRegister(Register):
    model = Community


class PersonRegister(Register):
    model = Person


class RepresentativeRegister(Register):
    model = Representative


class BuildingLeaderRegister(Register):
    model = BuildingLeader


CAPABILITY = Capability(
    label=_l("Residents"),
    icon="people",
    views=(PersonRegister, RepresentativeRegister, BuildingLeaderRegister, CommunityRegister),
    figures=operations.figures,
)
