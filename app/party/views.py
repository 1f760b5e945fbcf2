from flask_babel import lazy_gettext as _l

from app.disclosure import operations as disclosure
from app.kernel.capability import Capability
from app.kernel.register import Register
from app.party import operations
from app.party.models import PartyMember, PartyOrganization, Pledge, PostAssignment, ServicePost


class PartyMemberRegister(Register):
    model = PartyMember


class ServicePostRegister(Register):
    model = ServicePost


class PostAssignmentRegister(Register):
    model = PostAssignment


class PledgeRegister(Register):
    model = Pledge


class PartyOrganizationRegister(Register):
    model = PartyOrganization


CAPABILITY = Capability(
    label=_l("Party work"),
    icon="star",
    views=(PartyMemberRegister, ServicePostRegister, PostAssignmentRegister, PledgeRegister, PartyOrganizationRegister),
    figures=operations.figures,
    tasks=operations.tasks,
)

disclosure.issued_by(
    operations.party_body, "party_member", "service_post", "post_assignment", "pledge", "party_organization", "党务"
)
