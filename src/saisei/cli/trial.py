"""`saisei trial`: the record of a running trial."""

from __future__ import annotations

from saisei.cli import (
    trial_board,
    trial_exchange,
    trial_keep,
    trial_records,
    trial_rehearse,
    trial_watch,
)
from saisei.cli.output import noun

app = noun(
    "A running trial: its store, records, audit trail, monitoring. Research use only: it releases no lot"
    " and treats nobody."
)
for module in (
    trial_keep,
    trial_records,
    trial_watch,
    trial_board,
    trial_exchange,
    trial_rehearse,
):
    for name, function in module.VERBS.items():
        app.command(name)(function)
