"""The portal's tables as Django sees them; it neither makes nor changes them."""

from __future__ import annotations

import csv

from django.db import models

from config import ROOT


def _codes(name: str) -> list[tuple[str, str]]:
    with (ROOT / "seeds" / "codes" / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        return [(row["value"], row["label"]) for row in csv.DictReader(file)]


class Record(models.Model):
    version = models.IntegerField(default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True


class Community(Record):
    name = models.CharField("名称", max_length=60)
    level = models.CharField("级别", max_length=30, choices=_codes("community_level"))
    parent = models.ForeignKey("self", models.RESTRICT, verbose_name="上级", null=True, blank=True)
    path = models.CharField(max_length=200, editable=False)
    phone = models.CharField("电话", max_length=20, null=True, blank=True)
    households = models.IntegerField("户数", null=True, blank=True)
    residents = models.IntegerField("人口", null=True, blank=True)

    class Meta:
        managed = False
        db_table = "community"
        verbose_name = verbose_name_plural = "社区"
        ordering = ("path",)

    def __str__(self) -> str:
        return self.name


class InCommunity(Record):
    community = models.ForeignKey(Community, models.RESTRICT, verbose_name="社区")

    class Meta:
        abstract = True


class Person(InCommunity):
    name = models.CharField("姓名", max_length=50)
    name_key = models.CharField(max_length=200, editable=False)
    sex = models.CharField("性别", max_length=30, choices=_codes("sex"), null=True, blank=True)
    birth_on = models.DateField("出生日期", null=True, blank=True)
    phone = models.CharField("电话", max_length=20, null=True, blank=True)
    building = models.CharField("楼栋", max_length=40, null=True, blank=True)
    address = models.CharField("住址", max_length=120, null=True, blank=True)

    class Meta:
        managed = False
        db_table = "person"
        verbose_name = verbose_name_plural = "居民"
        ordering = ("name_key", "id")

    def __str__(self) -> str:
        return self.name


class VolunteerTeam(InCommunity):
    name = models.CharField("队伍名称", max_length=60)
    kind = models.CharField("类别", max_length=30, choices=_codes("volunteer_team_kind"))
    service = models.CharField("服务内容", max_length=200, null=True, blank=True)
    leader = models.ForeignKey(Person, models.RESTRICT, verbose_name="队长", null=True, blank=True)
    founded_on = models.DateField("成立日期", null=True, blank=True)

    class Meta:
        managed = False
        db_table = "volunteer_team"
        verbose_name = verbose_name_plural = "志愿服务队"
        ordering = ("id",)

    def __str__(self) -> str:
        return self.name


class Volunteer(InCommunity):
    person = models.ForeignKey(Person, models.RESTRICT, verbose_name="姓名")
    team = models.ForeignKey(VolunteerTeam, models.RESTRICT, verbose_name="队伍", null=True, blank=True)
    skill = models.CharField("特长", max_length=30, choices=_codes("skill"), null=True, blank=True)
    registered_on = models.DateField("注册日期")
    stars = models.CharField("星级", max_length=30, choices=_codes("volunteer_stars"), null=True, blank=True)

    class Meta:
        managed = False
        db_table = "volunteer"
        verbose_name = verbose_name_plural = "志愿者"
        ordering = ("id",)
        constraints = (models.UniqueConstraint("community", "person", name="uq_volunteer_community_id_person_id"),)

    def __str__(self) -> str:
        return self.person.name


class ServiceRecord(InCommunity):
    on = models.DateField("服务日期")
    volunteer = models.ForeignKey(Volunteer, models.RESTRICT, verbose_name="志愿者")
    activity = models.CharField("服务内容", max_length=80)
    kind = models.CharField("服务类别", max_length=30, choices=_codes("service_kind"), null=True, blank=True)
    hours = models.DecimalField("服务时长", max_digits=6, decimal_places=1)
    place = models.CharField("服务地点", max_length=60, null=True, blank=True)

    class Meta:
        managed = False
        db_table = "service_record"
        verbose_name = verbose_name_plural = "志愿服务记录"
        ordering = ("-on", "-id")

    def __str__(self) -> str:
        return self.activity
