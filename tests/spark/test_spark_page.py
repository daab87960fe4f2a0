"""The examples of the section on Spark run as they stand."""

import numpy as np
import pytest
import xgboost as xgb

import gradpair as gp
from helpers.pages import run_section

pytestmark = [
    pytest.mark.spark,
    pytest.mark.filterwarnings("default"),  # Spark's own are not ours
]


def test_the_examples_on_spark_run_one_after_the_other(spark, tmp_path):
    names = run_section("Spark", storage=tmp_path)
    x, y, weight = names["X"], names["y"], names["weight"]
    score = [row["probability"][1] for row in names["scored"].collect()]
    params, _ = gp.xgboost.native(gp.WeightedCrossEntropy(9.0), y, weight)
    one = xgb.train(params, xgb.DMatrix(x, label=y, weight=weight), 20)
    expected = one.predict(xgb.DMatrix(x))
    assert np.abs(np.sort(score) - np.sort(expected)).max() < 1e-5
    focal = gp.FocalLoss(gamma=2.0)
    assert len(names["history"]) == 20
    assert names["loaded"].getOrDefault("arbitrary_params_dict")["obj"] == gp.xgboost.objective(
        focal
    )
    margin = 0.05 * x[:, 20] - 2.0
    start = gp.optimal_constant(focal, y, offset=margin, sample_weight=weight)
    assert names["start"] == pytest.approx(start, abs=1e-3)
    data = xgb.DMatrix(x, label=y, weight=weight, base_margin=margin)
    whole = gp.xgboost.train({}, data, 20, loss=focal, constant=names["start"])
    moved = xgb.DMatrix(x, base_margin=margin + names["start"], feature_names=names["columns"])
    booster = names["model"].get_booster()
    assert np.abs(booster.predict(moved) - whole.predict(data)).max() < 1e-5
