"""XGBoost as the rest of the package sees it."""

from gradpair._hosts.record import Host
from gradpair.xgboost._model import structures
from gradpair.xgboost._subjects import XGBClassifierSubject, XGBoostSubject

HOST = Host(
    name="xgboost",
    title="XGBoost",
    subject=XGBoostSubject,
    estimator_subject=XGBClassifierSubject,
    estimator="gradpair.xgboost._estimator",
    structures=structures,
)
