"""An auditor for anybody's objective: whether it is right, and whether its host can use it."""

from gradpair.audit._audit import check_objective
from gradpair.audit._report import Finding, Point, Report

__all__ = ["Finding", "Point", "Report", "check_objective"]
