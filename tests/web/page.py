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
from bs4 import BeautifulSoup, NavigableString, Tag
from werkzeug.test import TestResponse

from app.roles import Role

one_database = pytest.mark.parametrize("app", ["sqlite"], indirect=True)
"""For what does not depend on the database."""

SILENT = {"script", "style", "template", "[document]"}
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
        return BeautifulSoup(self.source, "lxml")

    @cached_property
    def _tags(self) -> list[Tag]:
        return [part for part in self.soup.descendants if isinstance(part, Tag)]

    # --- what it says ----------------------------------------------------------------------------------------

    @property
    def title(self) -> str:
        return self.soup.title.get_text(strip=True) if self.soup.title else ""

    @property
    def heading(self) -> str:
        return _said(self.soup.h1) if self.soup.h1 else ""

    @property
    def text(self) -> str:
        """What can be read in the main part."""
        return _said(self.soup.main)

    def flashes(self) -> list[str]:
        return [_said(flash) for flash in self.soup.select(".flash")]

    def summary(self) -> list[str]:
        """The list of complaints above the form."""
        return [_said(item) for item in self.soup.select(".summary li")]

    def links(self) -> list[str]:
        return [str(link["href"]) for link in self.soup.select("a[href]")]

    # --- what it asks ----------------------------------------------------------------------------------------

    @cached_property
    def form(self) -> Tag:
        """The form in the main part that is sent by POST."""
        found = self.soup.select("main form[method=post]")
        assert found, f"no form on “{self.heading}”"
        return found[0]

    def filled_in(self) -> dict[str, Any]:
        """What pressing Enter in the form would send, without the name of a button."""
        found: dict[str, Any] = {}
        for control in self.form.select("[name]"):
            name, value = str(control["name"]), _value(control)
            if control.name == "button" or value is None:
                continue
            if control.get("type") == "checkbox" and name in found:
                found[name] = [*found[name], value] if isinstance(found[name], list) else [found[name], value]
            else:
                found[name] = value
        return found

    def complaint(self, name: str) -> str:
        """The message beside a field, which somebody who cannot see hears with it; empty if there is none."""
        control = self.form.select_one(f'[name="{name}"]')
        assert control is not None, f"no field {name}"
        row = control.find_parent(class_="row")
        assert row is not None, f"{name} stands in no row"
        message = row.select_one(".error")
        if message is None:
            return ""
        spoken = {
            key
            for told in [row, *row.select("[aria-describedby]")]
            for key in str(told.get("aria-describedby", "")).split()
        }
        assert message.get("id") in spoken, f"the complaint about {name} is not tied to it"
        return _said(message)

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
        ids = Counter(str(tag["id"]) for tag in self._tags if tag.get("id"))
        for key, times in ids.items():
            if times > 1:
                yield f"id {key} is used {times} times"
        for tag in self._tags:
            for attribute in POINTING & tag.attrs.keys():
                if missing := set(str(tag[attribute]).split()) - set(ids):
                    yield f"{attribute} points at nothing: {missing}"
            if tag.has_attr("style") or tag.name == "style" or (tag.name == "script" and not tag.has_attr("src")):
                yield f"inline style or script: {str(tag)[:80]}"

    def _outline(self) -> Iterator[str]:
        if not self.title.partition("·")[0].strip():
            yield "no title"
        levels = [int(tag.name[1]) for tag in self._tags if tag.name in {"h1", "h2", "h3", "h4"}]
        if levels.count(1) != 1 or not self.heading:
            yield f"{levels.count(1)} h1"
        if any(below > above + 1 for above, below in pairwise(levels)):
            yield f"headings skip a level: {levels}"
        for tag in self._tags:
            if tag.name == "img" and tag.get("alt") is None:
                yield f"no alt: {str(tag)[:80]}"
            named = tag.get("aria-label") or tag.name not in {"a", "button"} or _said(tag) or tag.find("img", alt=True)
            if not named:
                yield f"nameless: {str(tag)[:80]}"

    def _controls(self) -> Iterator[str]:
        labelled = {str(tag["for"]) for tag in self._tags if tag.name == "label" and tag.get("for") and _said(tag)}
        for control in self._tags:
            if control.name not in {"input", "select", "textarea"} or control.get("type") in UNNAMED:
                continue
            around = control.find_parent("label")
            named = control.get("aria-label") or control.get("aria-labelledby") or control.get("id") in labelled
            if not named and not (around is not None and _said(around)):
                yield f"no label: {str(control)[:80]}"

    def _leftovers(self) -> Iterator[str]:
        for text in self.words():
            if found := LEFTOVERS.search(text):
                yield f"left over: {found[0]} in “{text[:80]}”"
            if found := ODD_DATES.search(text):
                yield f"odd date: {found[0]}"

    def words(self) -> list[str]:
        """Every text that is shown or read out, but what is marked as being in another language."""
        return self._words

    @cached_property
    def _words(self) -> list[str]:
        own = self.soup.html.get("lang") if self.soup.html else None
        texts = (text for text in self.soup.descendants if type(text) is NavigableString and text.strip())
        speaking = (text for text in texts if text.parent is not None and text.parent.name not in SILENT)
        found = [" ".join(text.split()) for text in speaking if _language(text.parent) == own]
        for tag in self._tags:
            for attribute, value in tag.attrs.items():
                spoken = attribute in SPOKEN and value and tag.name != "meta"
                if spoken or (attribute.startswith("data-") and " " in str(value)):
                    found.append(str(value))
        return found

    def english(self) -> list[str]:
        """Runs of Latin letters that a Chinese page should not have."""
        return [found[0] for text in self.words() for found in LATIN.finditer(LATIN_ALLOWED.sub("", text))]

    def chinese(self) -> list[str]:
        return [text for text in self.words() if HAN.search(text)]


def _language(tag: Tag | None) -> str | None:
    while tag is not None:
        if tag.get("lang"):
            return str(tag["lang"])
        tag = tag.parent
    return None


def _said(tag: Tag | None) -> str:
    return " ".join(tag.get_text(" ", strip=True).split()) if tag is not None else ""


def _value(control: Tag) -> str | None:
    """What a control sends; None if it sends nothing."""
    if control.name == "textarea":
        return control.get_text().removeprefix("\n")
    if control.name == "select":
        options = control.select("option")
        chosen = [option for option in options if option.has_attr("selected")] or options[:1]
        return str(chosen[-1].get("value", chosen[-1].get_text())) if chosen else None
    if control.get("type") in {"checkbox", "radio"}:
        return str(control.get("value", "on")) if control.has_attr("checked") else None
    return str(control.get("value", ""))
