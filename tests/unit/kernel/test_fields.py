"""What is read off the declarations, for every model there is; a new register is looked at by itself."""

from __future__ import annotations

from contextlib import suppress

import pytest
from flask_appbuilder import Model
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app import portal
from app.community.models import Person
from app.facilities.models import Facility
from app.kernel.db import Record, today
from app.kernel.fields import Access, fields_of, title_field
from app.kernel.values import Invalid, mask_all
from app.party.models import PartyMember, ServicePost

assert portal.CAPABILITIES  # has loaded every model

MODELS = sorted(
    (mapper.class_ for mapper in Model.registry.mappers if issubclass(mapper.class_, Record)),
    key=lambda model: model.__tablename__,
)
every_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__tablename__)
TYPED = [
    pytest.param(declared, id=f"{model.__tablename__}.{declared.name}")
    for model in MODELS
    for declared in fields_of(model).values()
    if declared.field.in_form and declared.lender is None
]
every_typed_field = pytest.mark.parametrize("declared", TYPED)


@every_model
def test_fields_stand_in_the_order_of_their_declaration(model):
    serials = [declared.field.serial for declared in fields_of(model).values()]
    assert serials == sorted(serials)


@every_model
def test_a_record_is_called_by_a_field_everybody_may_read(model):
    assert title_field(model).field.access is Access.OPEN


@every_model
def test_what_not_everybody_may_read_has_a_mask_and_stays_out_of_notices(model):
    for declared in fields_of(model).values():
        if declared.field.access is not Access.OPEN:
            masked = declared.field.mask("11010519491231002X")
            assert "*" in masked, declared.name
            assert "1949" not in masked, declared.name
            assert not declared.field.notice or declared.field.notice_mask, declared.name


@every_model
def test_nothing_that_tells_where_or_how_to_reach_a_resident_is_open(model):
    if model is Person:
        private = {name for name, declared in fields_of(model).items() if declared.field.access is not Access.OPEN}
        assert private >= {"phone", "address", "birth_on", "id_number"}
    for declared in fields_of(model).values():
        if declared.lender and declared.lender.model is Person:
            assert declared.field.access is declared.lender.field.access, declared.name


@every_typed_field
@settings(max_examples=30)
@given(text=st.text(max_size=40))
@example(text="\0")
@example(text="1\0")
@example(text="9" * 40)
@example(text="²")
@example(text="1e9999999")
def test_any_text_typed_into_any_field_is_read_or_refused_in_words(declared, text):
    with suppress(Invalid):
        assert "\0" not in str(declared.read(text))


@every_typed_field
def test_ten_thousand_characters_fit_only_where_the_column_has_no_end(declared):
    if declared.kind in {"long", "code", "choice"}:
        return
    with pytest.raises(Invalid) as refused:
        declared.read("三" * 10_000)
    assert refused.value.message % refused.value.params


@every_typed_field
def test_blank_is_nothing_unless_the_field_is_required(declared):
    if declared.kind == "flag":
        assert declared.read("  ") is False
    elif declared.required:
        with pytest.raises(Invalid, match="required"):
            declared.read("　 ")
    else:
        assert declared.read("　 ") is None


def test_a_text_longer_than_its_column_says_how_long_it_is():
    with pytest.raises(Invalid) as refused:
        fields_of(Facility)["name"].read("室" * 61)
    assert refused.value.params == {"length": 60, "given": 61}
    assert fields_of(Facility)["name"].read("室" * 60) == "室" * 60


@pytest.mark.parametrize("typed", ["abc", "-1", "1.5", "1 or 1=1", "2147483648", "9" * 19])
def test_a_link_takes_only_the_number_of_a_record(typed):
    link = fields_of(PartyMember)["person_id"]
    assert link.read("１２") == 12
    with pytest.raises(Invalid):
        link.read(typed)


def test_a_borrowed_field_brings_its_label_mask_and_reader_along():
    borrowed, lent = fields_of(PartyMember)["phone"], fields_of(Person)["phone"]
    assert (borrowed.lender, borrowed.through) == (lent, "person_id")
    assert (borrowed.field.label, borrowed.field.mask, borrowed.field.access) == (
        lent.field.label,
        lent.field.mask,
        lent.field.access,
    )
    assert borrowed.read("138 1234 5678") == "13812345678"
    assert not borrowed.field.search


def test_a_secret_is_masked_wherever_nothing_else_is_said():
    assert fields_of(Person)["id_number"].sealed
    assert fields_of(Person)["address"].field.mask is mask_all
    assert fields_of(Person)["phone"].sealed is None


def test_a_new_form_starts_with_what_the_column_would_be_given():
    assert fields_of(ServicePost)["places"].default == 1
    assert fields_of(fields_of(PartyMember)["branch_id"].target)["elected_on"].default is None
    by_name = {f"{param.values[0].model.__tablename__}.{param.values[0].name}": param.values[0] for param in TYPED}
    assert by_name["post_assignment.applied_on"].default == today()
