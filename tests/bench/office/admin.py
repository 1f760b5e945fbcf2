"""The two admin sites: as the documentation leads to, and tuned after measuring."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.contrib import admin
from django.contrib.admin.sites import AdminSite
from django.core.cache import cache
from django.core.paginator import Paginator

from tests.bench.office.models import Community, Person, ServiceRecord, Volunteer, VolunteerTeam

KEPT_FOR = 60
"""Seconds for which the tuned site believes the length of a whole list."""


class CommunityRows(admin.ModelAdmin):
    """Shows and takes what is in the communities of the person, whose top is in the session; all of them without."""

    list_per_page = 25
    show_full_result_count = False

    def get_queryset(self, request: Any) -> Any:
        found, top = super().get_queryset(request), request.session.get("path")
        return found.filter(community__path__startswith=top) if top else found


class CommunityAdmin(admin.ModelAdmin):
    list_display = ("name", "level", "parent", "phone", "households", "residents")
    list_select_related = ("parent",)
    list_filter = ("level",)
    list_per_page = 25
    show_full_result_count = False
    search_fields = ("name",)
    autocomplete_fields = ("parent",)


class PersonAdmin(CommunityRows):
    list_display = ("name", "sex", "birth_on", "phone", "building", "community")
    list_select_related = ("community",)
    list_filter = ("sex",)
    search_fields = ("name", "^phone")
    autocomplete_fields = ("community",)


class TeamAdmin(CommunityRows):
    list_display = ("name", "kind", "service", "leader", "community")
    list_select_related = ("leader", "community")
    list_filter = ("kind",)
    search_fields = ("name",)
    autocomplete_fields = ("leader", "community")


class VolunteerAdmin(CommunityRows):
    list_display = ("name", "sex", "phone", "team", "skill", "registered_on", "community")
    list_select_related = ("person", "team", "community")
    list_filter = ("team", "skill", "stars")
    search_fields = ("person__name", "^person__phone")
    autocomplete_fields = ("person", "team", "community")

    @admin.display(description="姓名", ordering="person__name_key")
    def name(self, volunteer: Volunteer) -> str:
        return volunteer.person.name

    @admin.display(description="性别", ordering="person__sex")
    def sex(self, volunteer: Volunteer) -> str:
        return volunteer.person.get_sex_display()

    @admin.display(description="电话", ordering="person__phone")
    def phone(self, volunteer: Volunteer) -> str | None:
        return volunteer.person.phone


class ServiceRecordAdmin(CommunityRows):
    list_display = ("activity", "on", "name", "phone", "kind", "hours", "place", "community")
    list_select_related = ("volunteer__person", "community")
    list_filter = ("kind",)
    search_fields = ("volunteer__person__name", "^volunteer__person__phone")
    autocomplete_fields = ("volunteer", "community")

    @admin.display(description="志愿者", ordering="volunteer__person__name_key")
    def name(self, record: ServiceRecord) -> str:
        return record.volunteer.person.name

    @admin.display(description="电话", ordering="volunteer__person__phone")
    def phone(self, record: ServiceRecord) -> str | None:
        return record.volunteer.person.phone


class KeptCount(Paginator):
    """Counts a list that nobody narrowed down once a minute."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        if rows.query.where:
            return int(rows.count())
        return cache.get_or_set(f"count.{rows.model._meta.db_table}", rows.count, KEPT_FOR)


class Tuned:
    """Put before an admin class: reads ``only`` what is shown, searches by what the text looks like."""

    only: tuple[str, ...] = ()
    person = ""
    paginator = KeptCount

    def get_queryset(self, request: Any) -> Any:
        found = super().get_queryset(request)  # type: ignore[misc]
        is_list = request.resolver_match.url_name.endswith("_changelist")
        return found.only(*self.only) if is_list else found

    def get_search_results(self, request: Any, rows: Any, text: str) -> tuple[Any, bool]:
        text = text.strip()
        if text.isdecimal():
            end = text[:-1] + chr(ord(text[-1]) + 1)
            return rows.filter(**{f"{self.person}phone__gte": text, f"{self.person}phone__lt": end}), False
        return (rows.filter(**{f"{self.person}name__contains": text}) if text else rows), False


class TunedVolunteers(Tuned, VolunteerAdmin):
    person = "person__"
    list_filter = ("skill",)
    only = (
        *("skill", "registered_on", "community__name", "team__name"),
        *("person__name", "person__sex", "person__phone"),
    )


class TunedServiceRecords(Tuned, ServiceRecordAdmin):
    person = "volunteer__person__"
    only = (
        *("activity", "on", "kind", "hours", "place", "community__name"),
        *("volunteer__person__name", "volunteer__person__phone"),
    )


competent, tuned = AdminSite("admin"), AdminSite("tuned")
for site in (competent, tuned):
    site.register(Community, CommunityAdmin)
    site.register(Person, PersonAdmin)
    site.register(VolunteerTeam, TeamAdmin)
competent.register(Volunteer, VolunteerAdmin)
competent.register(ServiceRecord, ServiceRecordAdmin)
tuned.register(Volunteer, TunedVolunteers)
tuned.register(ServiceRecord, TunedServiceRecords)
