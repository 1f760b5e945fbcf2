"""Secrets at rest: what the office stores can be opened in its own place, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.kernel.crypto import Keyring, Tampered

PLACE = "person.id_number:3f2a"
KEYS = Keyring(bytes(range(32)))
SEALED = KEYS.seal("11010519491231002X", PLACE)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_was_sealed_opens_in_its_place(text):
    assert KEYS.open(KEYS.seal(text, PLACE), PLACE) == text


def test_the_sealed_text_says_nothing_and_is_never_the_same_twice():
    again = KEYS.seal("11010519491231002X", PLACE)
    assert again != SEALED
    assert "1949" not in SEALED
    assert "1949" not in again


@pytest.mark.parametrize("place", ["person.id_number:3f2b", "person.phone:3f2a", "", PLACE + " "])
def test_what_was_moved_to_another_row_or_column_does_not_open(place):
    assert KEYS.open(SEALED, PLACE)
    with pytest.raises(Tampered):
        KEYS.open(SEALED, place)


@given(place=st.integers(0, len(SEALED) - 1), character=st.sampled_from("AZaz09+/"))
def test_no_altered_text_opens_as_another(place, character):
    altered = SEALED[:place] + character + SEALED[place + 1 :]
    try:
        opened = KEYS.open(altered, PLACE)
    except Tampered:
        return
    assert opened == "11010519491231002X"


@given(st.text(max_size=60))
@example("")
@example("A")
@example("AAAA")
@example("é")
def test_what_was_never_sealed_is_tampered_with(text):
    with pytest.raises(Tampered):
        KEYS.open(text, PLACE)


@pytest.mark.parametrize("length", [0, 8, 16, 40])
def test_a_cut_text_is_tampered_with(length):
    with pytest.raises(Tampered):
        KEYS.open(SEALED[:length], PLACE)


def test_another_installation_opens_nothing():
    other = Keyring(bytes(32))
    assert other.open(other.seal("文", PLACE), PLACE) == "文"
    with pytest.raises(Tampered):
        other.open(SEALED, PLACE)


def test_the_index_finds_the_same_value_with_the_same_key_in_the_same_column_only():
    found = KEYS.index("11010519491231002X", "person.id_number")
    assert found == Keyring(bytes(range(32))).index("11010519491231002X", "person.id_number")
    assert found != Keyring(bytes(32)).index("11010519491231002X", "person.id_number")
    assert found != KEYS.index("110105194912310021", "person.id_number")
    assert found != KEYS.index("11010519491231002X", "account.id_number")


def test_each_purpose_has_its_own_key():
    assert len({KEYS.derive(purpose) for purpose in (b"seal", b"index", b"session")}) == 3
    assert KEYS.derive(b"session") == Keyring(bytes(range(32))).derive(b"session")


@pytest.mark.parametrize("secret", [b"", b"short", bytes(31)])
def test_a_short_secret_is_refused(secret):
    with pytest.raises(ValueError, match="32 bytes"):
        Keyring(secret)
