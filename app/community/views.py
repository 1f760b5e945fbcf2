from flask_babel import lazy_gettext as _l

from app.community import operations
from app.community.models import BuildingLeader, CommitteeMember, Community, Person, Procedure, Representative
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


class CommitteeMemberRegister(Register):
    model = CommitteeMember


class ProcedureRegister(Register):
    model = Procedure


CAPABILITY = Capability(
    label=_l("Residents"),
    icon="people",
    views=(
        PersonRegister,
        CommitteeMemberRegister,
        RepresentativeRegister,
        BuildingLeaderRegister,
        ProcedureRegister,
        CommunityRegister,
    ),
    figures=operations.figures,
)
