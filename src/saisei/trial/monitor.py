"""Monitoring: every rule on the data as they are, each answer with its numbers and what to do.

Meant to run each night: whoever reads the exit code of `saisei trial monitor` knows whether to open the list.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from saisei.trial.alarms import Alarm, Urgency, record_alarms, visit_alarms
from saisei.trial.people import people
from saisei.trial.picture import Picture
from saisei.trial.safety import conduct_alarms, interim_alarms, safety_alarms

__all__ = ["Monitoring", "watch"]

READ = (
    "imaging", "drug_level", "scale", "rehabilitation", "deviation", "decision", "query", "lot",
    "lot_decision", "vial", "vial_release", "custody",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Monitoring:
    """What was found on a day.

    Attributes:
        day: on which visits and lots were judged.
        participants, treated: how many people.
        alarms: the most urgent first.
    """

    day: date
    participants: int
    treated: int
    alarms: tuple[Alarm, ...]

    @property
    def must_act(self) -> bool:
        """Whether something must be acted on."""
        return any(one.urgency is Urgency.ACT for one in self.alarms)

    def as_json(self) -> dict[str, Any]:
        """All of it as JSON values."""
        return {
            "day": self.day.isoformat(),
            "participants": self.participants,
            "treated": self.treated,
            "must_act": self.must_act,
            "alarms": [one.as_json() for one in self.alarms],
        }


def watch(picture: Picture, today: date) -> Monitoring:
    """Evaluate every rule.

    Args:
        picture: of the store, now or at a moment.
        today: the day on which visits, gates and lots are judged.
    """
    picture.load(READ)
    persons = people(picture, today)
    found = [
        *safety_alarms(persons, picture),
        *interim_alarms(persons, picture, today),
        *conduct_alarms(persons, picture, today),
        *visit_alarms(persons, picture),
        *record_alarms(persons, picture),
    ]
    order = list(Urgency)
    found.sort(key=lambda one: order.index(one.urgency))  # stable: rules keep their order
    treated = sum(one.treated_on is not None for one in persons)
    return Monitoring(today, len(persons), treated, tuple(found))
