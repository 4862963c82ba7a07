"""Designing the next trial: functions of the unknown truth."""
