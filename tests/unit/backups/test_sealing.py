"""A sealed file opens with its passphrase, from any place, and whatever is done to it is noticed."""

from __future__ import annotations

import io
import random

import pytest

from app.backups import sealing
from app.backups.problem import Problem
from app.backups.sealing import CHUNK, OpeningReader, SealingWriter

KEY = "一句容易记住的话，够长就行"
HEAD = sealing._HEAD
TAG = 16


def sealed(data: bytes) -> bytearray:
    file = io.BytesIO()
    writer = SealingWriter(file, KEY)
    for first in range(0, len(data), 300_000):
        writer.write(data[first : first + 300_000])
    writer.close()
    return bytearray(file.getvalue())


def opened(data: bytes, key: str = KEY) -> bytes:
    return OpeningReader(io.BytesIO(data), key).readall()


DATA = random.Random(2026).randbytes(2 * CHUNK + 5)
SEALED = sealed(DATA)


@pytest.mark.parametrize("length", [1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK])
def test_what_was_sealed_opens(length: int):
    assert opened(sealed(DATA[:length])) == DATA[:length]


def test_it_can_be_read_from_any_place():
    reader = io.BufferedReader(OpeningReader(io.BytesIO(SEALED), KEY))
    for place in (2 * CHUNK + 3, 0, CHUNK - 2, 2 * CHUNK - 1):
        reader.seek(place)
        assert reader.read(4) == DATA[place : place + 4]
    assert reader.seek(-1, io.SEEK_END) == len(DATA) - 1
    assert reader.seek(-1, io.SEEK_CUR) == reader.tell() == len(DATA) - 2


def test_it_says_nothing_and_is_never_the_same_twice():
    assert sealed(DATA) != SEALED
    assert DATA[:32] not in SEALED


@pytest.mark.parametrize("place", [0, 20, 40, HEAD, HEAD + CHUNK + 3, HEAD + 2 * (CHUNK + TAG), -1])
def test_a_changed_byte_is_noticed(place: int):
    altered = bytearray(SEALED)
    altered[place] ^= 1
    with pytest.raises(Problem):
        opened(altered)


LENGTHS = [0, 10, HEAD, HEAD + TAG, HEAD + TAG + 1, HEAD + CHUNK + TAG, HEAD + 2 * (CHUNK + TAG), len(SEALED) - 1]


@pytest.mark.parametrize("length", LENGTHS)
def test_a_cut_end_is_noticed(length: int):
    with pytest.raises(Problem):
        opened(SEALED[:length])


def test_chunks_that_changed_places_or_came_twice_are_noticed():
    head, first, second = SEALED[:HEAD], SEALED[HEAD:][: CHUNK + TAG], SEALED[HEAD + CHUNK + TAG :][: CHUNK + TAG]
    last = SEALED[HEAD + 2 * (CHUNK + TAG) :]
    for chunks in ((second, first, last), (first, last), (first, second, last, last), (first, first, last)):
        with pytest.raises(Problem):
            opened(b"".join((head, *chunks)))


def test_a_wrong_passphrase_is_told_from_damage():
    with pytest.raises(Problem, match="The key does not open this backup"):
        opened(SEALED, KEY + "。")
    with pytest.raises(Problem, match="damaged"):
        opened(SEALED[:-1])
