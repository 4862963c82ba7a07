"""Saisei (再生): an open system for iPSC cell-therapy trials in spinal cord injury.

The flow, from the latest word to the earliest; each may use the words after it:

cli > web > report > trial > design > evidence > patient > repair > graft > lot|cord|study >
cell_line|exam > chance > params > units > errors

Research use only: never individual prognosis, choice of a dose, or release of a lot.
"""

__all__ = ["__version__"]

__version__ = "0.1.0"
