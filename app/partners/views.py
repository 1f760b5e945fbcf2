from flask_babel import lazy_gettext as _l

from app.kernel.capability import Capability
from app.kernel.register import Register
from app.partners import operations
from app.partners.models import PartnershipAgreement, PartnerUnit, PlanItem


class PartnerUnitRegister(Register):
    model = PartnerUnit


class PartnershipAgreementRegister(Register):
    model = PartnershipAgreement


class PlanItemRegister(Register):
    model = PlanItem


CAPABILITY = Capability(
    label=_l("Co-building"),
    icon="handshake",
    views=(PartnerUnitRegister, PartnershipAgreementRegister, PlanItemRegister),
    figures=operations.figures,
    tasks=operations.tasks,
)
