"""Who a row is about is read off the declarations, and how long it is kept as well."""

from __future__ import annotations

from datetime import date

import pytest

from app.community.models import Person
from app.kernel.fields import fields_of
from app.kernel.persons import is_about_people, person_model
from app.kernel.retention import Retention
from tests.rows import MODELS


@pytest.mark.parametrize(
    ("register", "is_theirs"),
    [("person", True), ("volunteer", True), ("pledge", True), ("post_assignment", True), ("facility", False)],
)
def test_a_hat_and_what_a_hat_does_are_the_persons(register: str, is_theirs: bool) -> None:
    assert (person_model(MODELS[register]) is Person) == is_theirs


def test_a_row_is_about_people_where_it_shows_what_not_everybody_may_read() -> None:
    assert {name for name, model in MODELS.items() if is_about_people(model)} >= {"person", "volunteer", "partner_unit"}
    assert not {name for name, model in MODELS.items() if is_about_people(model)} & {"notice", "code", "ledger_entry"}


@pytest.mark.parametrize(
    ("today", "last"),
    [
        (date(2026, 3, 5), date(2021, 3, 5)),
        (date(2024, 2, 29), date(2019, 2, 28)),
        (date(2026, 2, 28), date(2021, 2, 28)),
    ],
)
def test_a_term_of_years_ends_on_the_same_day_of_a_later_year(today: date, last: date) -> None:
    assert Retention(5, "until", "").last_counted(today) == last


def test_what_is_laid_down_counts_from_a_day_of_the_register_and_says_why() -> None:
    kept = {name: model for name, model in MODELS.items() if model.__kept__}
    assert kept
    for model in kept.values():
        assert fields_of(model)[model.__kept__.counted_from].kind == "date"
        assert model.__kept__.basis
        assert model.__kept__.years > 0
