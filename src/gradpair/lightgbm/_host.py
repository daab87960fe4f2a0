"""LightGBM as the rest of the package sees it."""

from gradpair._hosts.record import Host
from gradpair.lightgbm._model import structures
from gradpair.lightgbm._subjects import LGBMClassifierSubject, LightGBMSubject

HOST = Host(
    name="lightgbm",
    title="LightGBM",
    subject=LightGBMSubject,
    estimator_subject=LGBMClassifierSubject,
    estimator="gradpair.lightgbm._estimator",
    structures=structures,
)
