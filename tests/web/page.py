"""A page as its reader has it: what it says, asks and complains about. How browsers parse it is a complaint too."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise
from typing import Any

import html5lib
import pytest
from bs4 import BeautifulSoup
from lxml import etree
from lxml import html as lxml
from werkzeug.test import TestResponse

from app.roles import Role

one_database = pytest.mark.parametrize("app", ["sqlite"], indirect=True)
"""For what does not depend on the database."""
on_postgresql = pytest.mark.parametrize("app", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
"""For what only PostgreSQL has, or what is proved on SQLite besides."""

SILENT = {"script", "style", "template"}
SPOKEN = {"placeholder", "title", "alt", "aria-label", "content"}
POINTING = {"for", "aria-describedby", "aria-labelledby", "aria-controls"}
UNNAMED = {"hidden", "submit", "button", "image", "reset"}

_CHECK_CODE = r"(?<![0-9A-Z])[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}(?![0-9A-Z])"
_PRODUCTS = r"English|PDF|JPEG|PNG|WebP|Excel|WPS|CSV|\.xlsx"
_CODES = r"\b[0-9A-F]{8}\b|\bA[34]\b|GB/T ?\d+(\.\d+)?|\b(m²|cm)\b|\b[0-9A-HJ-NPQRTUWXY*]{18}\b"
_NAMES = [r"\btest\b", r"\buser\d+\b", "stranger", *(role.value for role in Role)]
LATIN_ALLOWED = re.compile("|".join([_CHECK_CODE, _PRODUCTS, _CODES, *_NAMES]))
LATIN = re.compile(r"[A-Za-z]{2,}(?:['’ ,.:-]+[A-Za-z]+)*")
HAN = re.compile(r"[㐀-鿿]")

# Dates are 2026-03-05 or 2026年3月5日; these are neither.
ODD_DATES = re.compile(
    r"\d{4}[/.]\d{1,2}[/.]\d{1,2}|\d{1,2}/\d{1,2}/\d{2,4}|\d{4}-\d(?!\d)|\d{4}-\d\d-\d(?!\d)|年0\d月|月0\d日"
)
LEFTOVERS = re.compile(
    r"\bNone\b|__None|\{\{|\}\}|\{%|%\(|\bundefined\b|&(?:lt|gt|amp|quot);|<[a-z]+ [a-z]+=|object at 0x"
)


class Page:
    def __init__(self, answer: TestResponse) -> None:
        self.status = answer.status_code
        self.headers = answer.headers
        self.source = answer.get_data(as_text=True)

    @cached_property
    def soup(self) -> BeautifulSoup:
        """The page for a test to look something up in. Made for few pages: it takes longer than drawing them."""
        return BeautifulSoup(self.source, "lxml")

    @cached_property
    def _tree(self) -> Any:
        return lxml.document_fromstring(self.source)

    @cached_property
    def _tags(self) -> list[Any]:
        return list(self._tree.iter(etree.Element))

    # --- what it says ----------------------------------------------------------------------------------------

    @property
    def title(self) -> str:
        return _said(self._tree.find(".//title"))

    @property
    def heading(self) -> str:
        return _said(self._tree.find(".//h1"))

    @property
    def text(self) -> str:
        """What can be read in the main part."""
        return _said(self._tree.find(".//main"))

    @property
    def language(self) -> str | None:
        """The language it says it is in."""
        return self._tree.get("lang") or None

    def flashes(self) -> list[str]:
        return [_said(flash) for flash in self._tree.find_class("flash")]

    def summary(self) -> list[str]:
        """The list of complaints above the form."""
        return [_said(item) for complaints in self._tree.find_class("summary") for item in complaints.iter("li")]

    def links(self) -> list[str]:
        return [str(address) for address in self._tree.xpath("//a/@href")]

    # --- what it asks ----------------------------------------------------------------------------------------

    @cached_property
    def form(self) -> Any:
        """The form in the main part that is sent by POST, as an element of lxml."""
        found = self._tree.find(".//main//form[@method='post']")
        assert found is not None, f"no form on “{self.heading}”"
        return found

    def filled_in(self) -> dict[str, Any]:
        """What pressing Enter in the form would send, without the name of a button."""
        found: dict[str, Any] = {}
        for control in self.form.iterfind(".//*[@name]"):
            name, value = str(control.get("name")), _value(control)
            if control.tag == "button" or value is None:
                continue
            if control.get("type") == "checkbox" and name in found:
                found[name] = [*found[name], value] if isinstance(found[name], list) else [found[name], value]
            else:
                found[name] = value
        return found

    def complaint(self, name: str) -> str:
        """The message beside a field, which somebody who cannot see hears with it; empty if there is none."""
        control = self.form.find(f'.//*[@name="{name}"]')
        assert control is not None, f"no field {name}"
        row = next((around for around in control.iterancestors() if "row" in around.classes), None)
        assert row is not None, f"{name} stands in no row"
        messages = row.find_class("error")
        if not messages:
            return ""
        spoken = {key for told in row.iter(etree.Element) for key in told.get("aria-describedby", "").split()}
        assert messages[0].get("id") in spoken, f"the complaint about {name} is not tied to it"
        return _said(messages[0])

    # --- what is wrong with it -------------------------------------------------------------------------------

    def defects(self, strictly: bool = True) -> list[str]:
        """Everything about the page that no page may have, whatever its language."""
        parsed = [*self._markup()] if strictly else []
        return [*parsed, *self._references(), *self._outline(), *self._controls(), *self._leftovers()]

    def _markup(self) -> Iterator[str]:
        browser = html5lib.HTMLParser()
        browser.parse(self.source)
        for position, code, details in browser.errors:
            yield f"markup at {position}: {code} {details}"

    def _references(self) -> Iterator[str]:
        ids = Counter(tag.get("id") for tag in self._tags if tag.get("id"))
        for key, times in ids.items():
            if times > 1:
                yield f"id {key} is used {times} times"
        for tag in self._tags:
            for attribute in POINTING.intersection(tag.attrib):
                if missing := set(tag.get(attribute).split()) - set(ids):
                    yield f"{attribute} points at nothing: {missing}"
            if "style" in tag.attrib or tag.tag == "style" or (tag.tag == "script" and "src" not in tag.attrib):
                yield f"inline style or script: {_written(tag)}"

    def _outline(self) -> Iterator[str]:
        if not self.title.partition("·")[0].strip():
            yield "no title"
        levels = [int(tag.tag[1]) for tag in self._tree.iter("h1", "h2", "h3", "h4")]
        if levels.count(1) != 1 or not self.heading:
            yield f"{levels.count(1)} h1"
        if any(below > above + 1 for above, below in pairwise(levels)):
            yield f"headings skip a level: {levels}"
        for image in self._tree.iter("img"):
            if image.get("alt") is None:
                yield f"no alt: {_written(image)}"
        for tag in self._tree.iter("a", "button"):
            if not (tag.get("aria-label") or _said(tag) or tag.find(".//img[@alt]") is not None):
                yield f"nameless: {_written(tag)}"

    def _controls(self) -> Iterator[str]:
        labelled = {tag.get("for") for tag in self._tree.iter("label") if tag.get("for") and _said(tag)}
        for control in self._tree.iter("input", "select", "textarea"):
            if control.get("type") in UNNAMED:
                continue
            named = control.get("aria-label") or control.get("aria-labelledby") or control.get("id") in labelled
            if not named and not _said(next(control.iterancestors("label"), None)):
                yield f"no label: {_written(control)}"

    def _leftovers(self) -> Iterator[str]:
        for text in self.words():
            if found := LEFTOVERS.search(text):
                yield f"left over: {found[0]} in “{text[:80]}”"
            if found := ODD_DATES.search(re.sub(_CHECK_CODE, "", text)):  # one may begin like a date: 5541-9QXD
                yield f"odd date: {found[0]}"

    def words(self) -> list[str]:
        """Every text that is shown or read out, but what is marked as being in another language."""
        return self._words

    @cached_property
    def _words(self) -> list[str]:
        found = [" ".join(text.split()) for tag, text in self._texts() if _language(tag) == self.language]
        for tag in self._tags:
            for attribute, value in tag.items():
                spoken = attribute in SPOKEN and value and tag.tag != "meta"
                if spoken or (attribute.startswith("data-") and " " in value):
                    found.append(value)
        return found

    def _texts(self) -> Iterator[tuple[Any, str]]:
        """Each text that is not blank, and the element it stands in; those of one element after another."""
        for tag in self._tags:
            if tag.tag not in SILENT:
                for text in (tag.text, *(child.tail for child in tag)):
                    if text and not text.isspace():
                        yield tag, text

    def english(self) -> list[str]:
        """Runs of Latin letters that a Chinese page should not have."""
        return [found[0] for text in self.words() for found in LATIN.finditer(LATIN_ALLOWED.sub("", text))]

    def chinese(self) -> list[str]:
        return [text for text in self.words() if HAN.search(text)]


_LANGUAGE = etree.XPath("string(ancestor-or-self::*[@lang != ''][1]/@lang)")
_TEXTS = etree.XPath(".//text()[not(ancestor::script or ancestor::style or ancestor::template)]")


def _language(tag: Any) -> str | None:
    return str(_LANGUAGE(tag)) or None


def _said(tag: Any) -> str:
    return " ".join(" ".join(_TEXTS(tag)).split()) if tag is not None else ""


def _written(tag: Any) -> str:
    return lxml.tostring(tag, encoding="unicode")[:80]


def _value(control: Any) -> str | None:
    """What a control sends; None if it sends nothing."""
    if control.tag == "textarea":
        return control.text_content().removeprefix("\n")
    if control.tag == "select":
        options = list(control.iter("option"))
        chosen = [option for option in options if "selected" in option.attrib] or options[:1]
        return str(chosen[-1].get("value", chosen[-1].text_content())) if chosen else None
    if control.get("type") in {"checkbox", "radio"}:
        return str(control.get("value", "on")) if "checked" in control.attrib else None
    return str(control.get("value", ""))
