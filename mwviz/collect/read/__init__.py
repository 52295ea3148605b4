"""Reads what crossed the boundaries: functions of the notes and of the stack."""
