"""Training by XGBoost on the workers of a Dask cluster, as ``xgboost.dask`` does it.

The workers need gradpair too. :func:`gradpair.xgboost.objective` and
:func:`gradpair.xgboost.metric` are right in ``DaskXGBClassifier`` as they are.
"""

from gradpair.xgboost._dask import train

__all__ = ["train"]
