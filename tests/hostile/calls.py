"""Calls made up from the product's own description of its API, some as described, some just not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.failures import FailureGroup

from app.kernel.registers import REGISTERS
from tests.hostile.stage import Figure, some_row
from tests.web.program import ROOT, Program
from tests.world import World

load_all_checks()
# What is in order by the description may still break a rule, such as that of a check digit.
NOT_PROMISED = [CHECKS.get_one("positive_data_acceptance")]
BOTH = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


def made_up_calls(world: World, examples: int) -> Iterator[Figure]:
    """So many ``examples`` of every call and mode, the same each time; about rows that are there, and others."""
    program = Program(world, "branch_secretary")
    schema = schemathesis.openapi.from_wsgi(f"{ROOT}/openapi.json", world.app, headers=program.headers)
    answers: Counter[int] = Counter()
    wrong: list[str] = []

    def call(case: Case) -> None:
        answer = case.call(headers=program.headers)
        answers[answer.status_code] += 1
        try:
            case.validate_response(answer, headers=program.headers, excluded_checks=NOT_PROMISED)
        except FailureGroup as failures:
            wrong.extend(f"{case.method} {case.path}: {failure}" for failure in failures.exceptions)

    for result in schema.get_all_operations():
        operation = result.ok()
        register = operation.path.strip("/").partition("/")[0]
        for mode in BOTH:
            known: dict[str, Any] = {}
            if "{key}" in operation.path and mode is GenerationMode.POSITIVE and register in REGISTERS:
                known = {"path_parameters": {"key": some_row(world, register)}}
            strategy = operation.as_strategy(generation_mode=mode, **known)
            _calmly(examples)(given(case=strategy)(call))()
    yield Figure.of("made-up calls of the API", sum(answers.values()), wrong)
    yield Figure(
        "… of them answered 5xx", sum(answers.values()), sum(answers[status] for status in answers if status >= 500)
    )


def _calmly(examples: int) -> Any:
    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
