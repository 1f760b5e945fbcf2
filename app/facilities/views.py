from flask_babel import lazy_gettext as _l

from app.facilities import operations
from app.facilities.models import BookCorner, Facility, NoticeBoard, ServicePoint
from app.kernel.capability import Capability
from app.kernel.register import Register


class FacilityRegister(Register):
    model = Facility


class NoticeBoardRegister(Register):
    model = NoticeBoard


class ServicePointRegister(Register):
    model = ServicePoint


class BookCornerRegister(Register):
    model = BookCorner


CAPABILITY = Capability(
    label=_l("Facilities"),
    icon="house",
    views=(FacilityRegister, ServicePointRegister, BookCornerRegister),
    figures=operations.figures,
)
