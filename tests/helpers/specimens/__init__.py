"""Objectives, right and wrong, each with what an audit must say of it."""

from helpers.specimens import records, right, wrong
from helpers.specimens.case import ALPHA, BCE, RIGHT, WRONG, codes

__all__ = ["ALPHA", "BCE", "RIGHT", "WRONG", "codes", "records", "right", "wrong"]
