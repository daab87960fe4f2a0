"""The example of the section on Ray runs as it stands."""

import numpy as np
import pytest
import xgboost as xgb

import gradpair as gp
from helpers.pages import of_the_reader, run_section

pytestmark = [
    pytest.mark.ray,
    pytest.mark.filterwarnings("default"),  # Ray's own are not ours
]


def test_the_example_on_ray_gives_the_model_of_one_machine(cluster):
    given = of_the_reader()
    even = {name: given[name][:898] for name in ("X", "y", "weight")}  # or Ray leaves a row out
    names = run_section("Ray", storage=cluster, **even)
    x, y, weight = even["X"], even["y"], even["weight"]
    loss, data = gp.FocalLoss(gamma=2.0), xgb.DMatrix(x, label=y, weight=weight)
    expected = gp.xgboost.train({"max_depth": 4}, data, 20, loss=loss)
    new = xgb.DMatrix(x, feature_names=names["columns"])
    assert np.abs(names["booster"].predict(new) - expected.predict(data)).max() < 1e-6
    margin = expected.predict(data, output_margin=True)
    told = np.average(loss.loss(y, margin), weights=weight)
    assert names["loss_of_all_rows"] == pytest.approx(told, abs=1e-6)
