"""What the rows of a sheet come to: recognised among what is on file, compared and judged, and written.

A register whose rows are hats on somebody (a volunteer, a party member) takes the wearer's own fields from the same
sheet: the wearer is recognised, changed or made together with the hat.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from flask_babel import gettext as _

from app.exchange.parts import KNOWN, NUMBER, Judged, Outcome, Part, Wearer, wearer_link
from app.kernel import bulk, listing, records
from app.kernel.db import Scoped, db
from app.kernel.fields import fields_of, title_field
from app.kernel.listing import Question
from app.kernel.present import text
from app.kernel.values import N_, show

CHUNK = 1_000
"""Rows that are looked up together."""
MOST_CHOICES = 8
NEW, SKIP, ACCEPT = "new", "skip", "accept"
"""What a person may decide of a doubtful row, besides naming the record it is."""
ALL = "*"
"""In the place of a line: the decision holds for every doubtful row."""


class Intake:
    """The rows of one sheet for ``model``, judged from the first to the last.

    ``columns`` names the field of each column as :func:`offers` does, "" for one to leave out; ``decisions`` are what
    the person said of doubtful rows, by line, and of names that are not on file, as what is ``remembered`` of them is
    (see :class:`~app.exchange.parts.Part`). With ``writes``, good rows are written as it goes, in a transaction of
    the caller's. Where :attr:`at_once`, the rules ask the database about other rows, and so a mere look has to write,
    and be rolled back, too.
    """

    def __init__(
        self,
        model: Any,
        columns: Sequence[str],
        decisions: Mapping[str, str],
        writes: bool,
        remembered: Mapping[tuple[str, str], str] | None = None,
    ) -> None:
        self.model, self.decisions, self._writes = model, decisions, writes
        self.link = wearer_link(model)
        self._number = columns.index(NUMBER) if NUMBER in columns else -1
        prefix = f"{self.link.name}." if self.link else ""
        named = {index: name for index, name in enumerate(columns) if name and not name.startswith(KNOWN)}
        worn = {index: name for index, name in named.items() if self.link and name.startswith(prefix)}
        own = {index: name for index, name in named.items() if index not in worn and name != NUMBER}
        self.own = Part(model, own, decisions, remembered or {})
        its = {index: name.removeprefix(prefix) for index, name in worn.items()}
        self.worn = Part(self.link.target, its, {}, {}) if self.link else None
        models = [part.model for part in (self.own, self.worn) if part]
        self.at_once = not all(issubclass(model, Scoped) and records.stands_alone(model) for model in models)
        self._made: dict[int, Wearer] = {}
        self._above: dict[int, dict[str, Any]] = {}
        self._said: dict[int, tuple[int, dict[str, Any]]] = {}
        self._lines: dict[int, int] = {}
        self._adders: dict[Any, bulk.Inserter] = {}

    def judge(self, lines: Iterable[tuple[int, Sequence[str]]]) -> Iterator[Judged]:
        """What each row, a line number and its cells, comes to."""
        remaining = iter(lines)
        size = 1 if self.at_once else CHUNK
        while chunk := [Judged(line, cells) for line, cells in islice(remaining, size)]:
            self._judge(chunk)
            good = [row for row in chunk if row.outcome in {Outcome.NEW, Outcome.CHANGED}]
            if self.at_once:
                self._write(good)
            elif self._writes:
                self._write_together(good)
            yield from chunk

    def _judge(self, chunk: list[Judged]) -> None:
        given = [self._recognised(row) for row in chunk]
        stored = self.own.stored(row.key for row in chunk if row.key)
        people = self.worn.stored(row.wearer.key for row in chunk if row.wearer and row.wearer.key) if self.worn else {}
        for row, (data, texts, worn, worn_texts) in zip(chunk, given, strict=True):
            if row.outcome is Outcome.SKIPPED:
                continue
            if row.key and self._lines.setdefault(row.key, row.line) != row.line:
                row.wrong.append((-1, _("The same as in line %(line)s.", line=self._lines[row.key])))
            if row.choices:
                row.outcome = Outcome.WRONG if row.wrong else Outcome.DOUBTFUL
                continue
            if self.worn and row.wearer:
                self._judge_wearer(row, row.wearer, people, worn, worn_texts)
            self._judge_own(row, stored, data, texts)
            self._conclude(row)

    # who it is

    def _recognised(self, row: Judged) -> tuple[dict[str, Any], dict[str, str], dict[str, Any], dict[str, str]]:
        worn, worn_texts = self.worn.read(row) if self.worn else ({}, {})
        is_wrong = bool(row.wrong)
        data, texts = self.own.read(row)
        titled = worn.get(self.worn.model.__title__) if self.worn else data.get(self.model.__title__)
        row.name = show(titled)
        if self._decision(row) == SKIP:
            row.outcome = Outcome.SKIPPED
            return data, texts, worn, worn_texts
        numbered = self._numbered(row, data, titled)
        if self.worn and self.link:
            if numbered:
                row.wearer = Wearer(self.own.on_file.title(numbered), worn)
            elif titled is not None:
                self._find_wearer(row, self.worn, worn)
            if row.wearer:
                data[self.link.name] = row.wearer.stand_in or row.wearer.key
                row.wearer.is_wrong |= is_wrong
        if not row.choices:
            row.key = self._only_once(row, numbered, data) if numbered else self._find_own(row, data)
        return data, texts, worn, worn_texts

    def _decision(self, row: Judged) -> str:
        if not self.decisions:
            return ""
        return self.decisions.get(str(row.line)) or self.decisions.get(ALL, "")

    def _accepted(self, row: Judged) -> bool:
        return bool(self.decisions.get(str(row.line)) or self.decisions.get(ALL) == ACCEPT)

    def _numbered(self, row: Judged, data: Mapping[str, Any], titled: Any) -> int | None:
        """The record whose number stands in the row, if the name agrees with it."""
        typed = row.cells[self._number].strip() if self._number >= 0 else ""
        if not typed:
            return None
        number = int(typed) if typed.isdecimal() and len(typed) < 10 else 0
        if number not in self.own.on_file:
            row.wrong.append((self._number, _("There is no record of this number.")))
            return None
        title = self.own.on_file.title(number)
        if self.worn:
            title = self.worn.on_file.title(title)
        elif title_field(self.model).kind == "link":
            return number
        if titled is not None and titled != title:
            row.wrong.append((self._number, _("This is the number of “%(name)s”.", name=show(title))))
        return number

    def _find_wearer(self, row: Judged, worn: Part, data: dict[str, Any]) -> None:
        """Whom the row is about: somebody on file, somebody of a row above, somebody new, or for the person to say."""
        facts = worn.on_file.facts(data)
        hits, certain = worn.on_file.who(facts, row.vague)
        if not hits:
            self._make_wearer(row, worn, data, facts)
            return
        above = [key for key in hits if key < 0]
        hits = [key for key in hits if key > 0]
        wearing = [key for key in hits if self.own.on_file.named(key)]
        decision = self._decision(row)
        if certain and hits:
            row.wearer = Wearer(hits[0], data)
            self._compare_names(row, worn, hits[0], data)
        elif above and (certain or data.items() <= self._made[above[0]].data.items()):
            row.wearer = self._made[above[0]]
        elif decision.isdecimal() and int(decision) in hits:
            row.wearer = Wearer(int(decision), data)
        elif len(wearing) == 1 and decision != NEW and _agrees(worn.stored(wearing)[wearing[0]], data):
            row.wearer = Wearer(wearing[0], data)
        elif hits and decision != NEW:
            self._ask(row, worn, hits)
        else:
            self._make_wearer(row, worn, data, facts)

    def _make_wearer(self, row: Judged, worn: Part, data: dict[str, Any], facts: dict[str, Any]) -> None:
        """Somebody new, known to the rows below by the number that stands in for theirs."""
        number = -len(self._made) - 1
        worn.on_file.remember(number, facts)
        row.wearer = self._made[number] = Wearer(None, data, number, row.line)

    def _find_own(self, row: Judged, data: dict[str, Any]) -> int | None:
        """The record of this register that the row is about, or None for a new one."""
        on_file, decision = self.own.on_file, self._decision(row)
        facts = on_file.facts(data)
        key = on_file.by_key(facts)
        if key is not None and key > 0 and self.model.__same__:
            self._compare_names(row, self.own, key, data)
        elif key is None and self.model.__same__:
            hits, certain = on_file.who(facts, row.vague)
            above = [hit for hit in hits if hit < 0]
            hits = [hit for hit in hits if hit > 0]
            if certain:
                key = (hits or above)[0]
                self._compare_names(row, self.own, key, data)
            elif same := next((hit for hit in hits if self._is_same(hit, data)), None):
                key = same
            elif decision.isdecimal() and int(decision) in hits:
                key = int(decision)
            elif hits and decision != NEW:
                self._ask(row, self.own, hits)
                return None
        elif key is None:
            key = self._alike(row, data)
        if key is not None and key < 0:
            row.wrong.append((-1, _("The same as in line %(line)s.", line=-key)))
            return None
        if key is None:
            on_file.remember(-row.line, facts)
        return key

    def _only_once(self, row: Judged, key: int, data: Mapping[str, Any]) -> int:
        """A numbered record keeps what must be unique: another row may not have the same."""
        other = self.own.on_file.by_key(self.own.on_file.facts(data))
        if other not in {None, key}:
            row.wrong.append((-1, _("Another record has the same number or name already.")))
        return key

    def _compare_names(self, row: Judged, part: Part, key: int, data: Mapping[str, Any]) -> None:
        """A number on file under another name is a slip or a new name: the person says which."""
        name = part.model.__title__
        title = part.on_file.title(key)
        if data.get(name) not in {None, title}:
            row.doubts.append((part.at[name], _("On file under the name “%(name)s”.", name=show(title))))

    def _alike(self, row: Judged, data: dict[str, Any]) -> int | None:
        """The one of that name that says the same, where nothing tells rows apart; about another hat one is asked."""
        title = data.get(self.model.__title__)
        hits = self.own.on_file.named(title) if title is not None else []
        if same := next((hit for hit in hits if hit > 0 and self._is_same(hit, data)), None):
            return same
        if repeated := next((hit for hit in hits if hit < 0 and self._above.get(hit) == data), None):
            return repeated
        self._above[-row.line] = data
        hits = [hit for hit in hits if hit > 0]
        decision = self._decision(row)
        if decision.isdecimal() and int(decision) in hits:
            return int(decision)
        if hits and title_field(self.model).kind == "link" and decision != NEW:
            self._ask(row, self.own, hits)
        return None

    def _is_same(self, key: int, data: Mapping[str, Any]) -> bool:
        stored = self.own.stored([key]).get(key, {})
        return all(stored.get(name) == value for name, value in data.items())

    def _ask(self, row: Judged, part: Part, hits: list[int]) -> None:
        """Leave it to the person whether the row is one of ``hits`` or somebody new."""
        known = fields_of(part.model)
        shown = [known[part.model.__title__], *(d for d in known.values() if d.field.hint)]
        found = listing.rows(
            part.model, [d.name for d in shown], Question(), part.model.id.in_(hits), limit=MOST_CHOICES
        )
        row.choices = [
            (each.id, "  ".join(filter(None, (text(d, each.values[d.name]) for d in shown)))) for each in found
        ]
        name = show(part.on_file.title(hits[0]))
        if name == row.name:
            row.doubts.append((-1, _("Somebody of this name is on file. Is it the same?")))
        else:
            facts = "、".join(str(known[each].field.label) for each in part.on_file.telling)
            message = N_("%(facts)s are those of “%(name)s” on file. Is it the same, and now called “%(text)s”?")
            row.doubts.append((-1, _(message, facts=facts, name=name, text=row.name)))

    # what it says

    def _judge_wearer(
        self, row: Judged, wearer: Wearer, people: Mapping[int, Any], data: dict[str, Any], texts: Mapping[str, str]
    ) -> None:
        part = self.worn
        assert part is not None  # noqa: S101 - there is a wearer
        if not wearer.stand_in:
            part.keep_days(row, people[wearer.key or 0], data)
        line, said = self._said.setdefault(wearer.stand_in or wearer.key or 0, (row.line, data))
        if line != row.line and any(said.get(name, value) != value for name, value in data.items()):
            row.wrong.append((-1, _("Line %(line)s says something else about the same person.", line=line)))
        if wearer.stand_in and wearer.line != row.line:
            if wearer.is_wrong:
                row.wrong.append((-1, _("The row about the same person in line %(line)s is wrong.", line=wearer.line)))
            elif wearer.is_doubtful:
                about = _("The row about the same person in line %(line)s is doubtful.", line=wearer.line)
                row.doubts.append((-1, about))
            return
        before = len(row.wrong)
        if wearer.stand_in:
            wearer.data = whole = part.whole_of_new(row, data, texts)
            if not part.may_add:
                row.wrong.append((-1, _("“%(text)s” is not on file.", text=row.name)))
        else:
            stored = people[wearer.key or 0]
            row.wearer_changes = part.differences(row, stored, data, texts) if part.may_edit else {}
            whole = records.completed(part.model, {**stored, **row.wearer_changes})
        if len(row.wrong) == before and (wearer.stand_in or row.wearer_changes):
            for violation in records.check(part.model, whole):
                part.tell(row, violation)
        wearer.is_wrong |= len(row.wrong) > before
        wearer.is_doubtful = bool(row.doubts) and not self._accepted(row)

    def _judge_own(
        self, row: Judged, stored: Mapping[int, Any], data: dict[str, Any], texts: Mapping[str, str]
    ) -> None:
        if row.key is None:
            row.data = self.own.whole_of_new(row, data, texts)
            if self.worn and row.wearer is None:
                return
        else:
            before = stored[row.key]
            self.own.keep_days(row, before, data)
            row.data = self.own.differences(row, before, {n: v for n, v in data.items() if not self._is_link(n)}, texts)
            if row.data and not self.own.may_edit:
                row.wrong.append((-1, _("This is on file already, and you may not change it.")))
        if row.wrong or not (row.data or row.key is None):
            return
        if self.at_once:
            record = db.session.get(self.model, row.key) if row.key else None
            given = {n: v for n, v in row.data.items() if not (self._is_link(n) and (v or 0) < 0)}
            found = records.problems(self.model, given, record)
        else:
            whole = row.data if row.key is None else records.completed(self.model, {**stored[row.key], **row.data})
            found = list(records.check(self.model, whole))
        for violation in found:
            self.own.tell(row, violation)

    def _is_link(self, name: str) -> bool:
        return self.link is not None and name == self.link.name

    def _conclude(self, row: Judged) -> None:
        if row.wrong:
            row.outcome = Outcome.WRONG
        elif row.doubts and not self._accepted(row):
            row.outcome = Outcome.DOUBTFUL
        elif row.key is None:
            row.outcome = Outcome.NEW
        else:
            row.outcome = Outcome.CHANGED if row.data or row.wearer_changes else Outcome.SAME

    # writing

    def _write_together(self, rows: Sequence[Judged]) -> None:
        """Write new rows in bulk, changes one by one."""
        new = [row for row in rows if row.outcome is Outcome.NEW]
        if self.worn and self.link:
            made = list({id(row.wearer): row.wearer for row in new if row.wearer and row.wearer.key is None}.values())
            title = self.worn.model.__title__
            indexes = self.worn.on_file.indexes
            data = [{**wearer.data, **indexes(wearer.stand_in)} for wearer in made]
            keys = self._add(self.worn.model, data, [show(each[title]) for each in data])
            for wearer, key in zip(made, keys, strict=True):
                wearer.key = key
            for row in new:
                row.data[self.link.name] = row.wearer.key if row.wearer else None
        indexes = self.own.on_file.indexes
        self._add(self.model, [{**row.data, **indexes(-row.line)} for row in new], [row.name for row in new])
        self._write([row for row in rows if row.outcome is Outcome.CHANGED or row.wearer_changes], added=True)

    def _add(self, model: Any, rows: Sequence[Mapping[str, Any]], subjects: Sequence[str]) -> list[int]:
        if model not in self._adders:
            self._adders[model] = bulk.Inserter(model)
        return self._adders[model].insert(rows, subjects)

    def _write(self, rows: Iterable[Judged], added: bool = False) -> None:
        """Write rows one by one, through the session; of new ones that are ``added`` already, what else they change."""
        for row in rows:
            wearer = row.wearer
            if wearer and self.worn and self.link:
                if wearer.key is None:
                    wearer.key = records.add(self.worn.model, wearer.data).id
                elif row.wearer_changes:
                    records.change(db.session.get_one(self.worn.model, wearer.key), row.wearer_changes)
                row.data |= {self.link.name: wearer.key} if row.key is None else {}
            if row.key is not None and row.data:
                records.change(db.session.get_one(self.model, row.key), row.data)
            elif row.key is None and not added:
                self.own.learn(records.add(self.model, row.data))


def _agrees(stored: Mapping[str, Any], data: Mapping[str, Any]) -> bool:
    """Is everything given the same as on file, or not on file?"""
    return all(stored.get(name) in {None, "", value} for name, value in data.items())
