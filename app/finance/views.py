from flask_babel import lazy_gettext as _l

from app.finance import operations
from app.finance.models import LedgerEntry
from app.kernel.capability import Capability
from app.kernel.register import Register


class LedgerEntryRegister(Register):
    model = LedgerEntry


CAPABILITY = Capability(
    label=_l("Finance"),
    icon="coins",
    views=(LedgerEntryRegister,),
    figures=operations.figures,
)
