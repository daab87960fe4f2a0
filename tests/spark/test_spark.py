"""XGBoost's estimator for Spark with our losses trains the model of one machine."""

import numpy as np
import pytest
import xgboost as xgb
from numpy.testing import assert_allclose, assert_array_equal

import gradpair as gp
from helpers.hosts import XGBOOST

pytest.importorskip("pyspark")
functions = pytest.importorskip("pyspark.sql.functions")
ml = pytest.importorskip("pyspark.ml")
spark_host = pytest.importorskip("xgboost.spark")

pytestmark = [
    pytest.mark.spark,
    pytest.mark.filterwarnings("default"),  # Spark's own are not ours
]
PARAMS = {"max_depth": 4, "learning_rate": 0.3}
ROUNDS = 8
WEIGHTED, FOCAL = gp.WeightedCrossEntropy(7.3), gp.FocalLoss(2.3)
LOSS = pytest.mark.parametrize("loss", [WEIGHTED, FOCAL], ids=lambda loss: loss.name)


def pixels(frame):
    return [name for name in frame.columns if name.startswith("pixel")]


def matrix(frame, *, margin=0.0):
    """Return the rows for one machine; a margin of None is no margin."""
    names = pixels(frame)
    offset = {} if margin is None else {"base_margin": frame["margin"] + margin}
    return xgb.DMatrix(
        frame[names], label=frame["label"], weight=frame["weight"], feature_names=names, **offset
    )


def estimator(frame, **kwargs):
    """Return the estimator of two workers."""
    usual = {"num_workers": 2, "n_estimators": ROUNDS, "verbose": False, **PARAMS}
    return spark_host.SparkXGBClassifier(
        features_col=pixels(frame), label_col="label", weight_col="weight", **{**usual, **kwargs}
    )


def totals(rows):
    """Return the weight of all 1s and of all 0s, by one pass of Spark."""
    by_class = rows.groupBy("label").agg(functions.sum("weight").alias("total")).collect()
    told = {row["label"]: row["total"] for row in by_class}
    return told[1.0], told[0.0]


def constant(loss, rows):
    """Return the optimal constant of all rows, from the weights of both classes."""
    return gp.optimal_constant(loss, [1, 0], sample_weight=totals(rows))


def custom(loss, start, **kwargs):
    """Return the arguments with which the estimator trains with a loss, from a margin."""
    return {
        "obj": gp.xgboost.objective(loss),
        "custom_metric": gp.xgboost.metric(loss),
        "disable_default_eval_metric": 1,
        "base_score": float(gp.sigmoid(start)),
        **kwargs,
    }


def probability(model, rows, frame):
    """Return what a model of Spark says of the rows, in their order."""
    told = model.transform(rows).select("row", "probability").toPandas().set_index("row")
    return np.array([value[1] for value in told.loc[frame["row"], "probability"]])


@pytest.fixture(scope="module")
def trained(rows, frame):
    """Train with a loss by ``obj=``, each once."""
    models = {}

    def train(loss):
        if loss not in models:
            start = constant(loss, rows)
            models[loss] = estimator(frame, **custom(loss, start)).fit(rows)
        return models[loss]

    return train


def test_the_constant_of_two_totals_is_that_of_all_rows(rows, frame):
    for loss in (WEIGHTED, FOCAL):
        expected = gp.optimal_constant(loss, frame["label"], sample_weight=frame["weight"])
        assert constant(loss, rows) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_native_loss_from_the_totals_is_the_training_of_one_machine(workers, rows, frame):
    params, _ = gp.xgboost.native(WEIGHTED, totals=totals(rows))
    del params["objective"]  # the estimator sets it
    model = estimator(frame, num_workers=workers, **params).fit(rows)
    data = matrix(frame, margin=None)
    expected = gp.xgboost.train(PARAMS, data, ROUNDS, loss=WEIGHTED)
    assert XGBOOST.structures(model.get_booster()) == XGBOOST.structures(expected)
    assert_allclose(model.get_booster().predict(data), expected.predict(data), rtol=0, atol=1e-6)


@LOSS
def test_two_workers_train_the_model_of_one_machine(loss, rows, frame, trained):
    data = matrix(frame, margin=None)
    expected = gp.xgboost.train(PARAMS, data, ROUNDS, loss=loss).predict(data)
    assert_array_equal(trained(loss).get_booster().predict(data), expected)
    assert_allclose(probability(trained(loss), rows, frame), expected, rtol=0, atol=1e-7)


@LOSS
def test_the_metric_is_the_weighted_mean_over_the_rows_of_all_workers(loss, frame, trained):
    told = trained(loss).training_summary.train_objective_history[loss.name]
    margin = trained(loss).get_booster().predict(matrix(frame, margin=None), output_margin=True)
    expected = np.average(loss.loss(frame["label"], margin), weights=frame["weight"])
    assert len(told) == ROUNDS
    assert told[-1] == pytest.approx(expected, abs=1e-6)


def test_early_stopping_stops_at_the_round_of_one_machine(rows, frame):
    train, held = frame[~frame["held"]], frame[frame["held"]]
    start = constant(FOCAL, rows.where("not held"))
    stop = {"validation_indicator_col": "held", "early_stopping_rounds": 3, "n_estimators": 200}
    model = estimator(frame, **custom(FOCAL, start), **stop).fit(rows)
    log = {}
    expected = gp.xgboost.train(
        PARAMS, matrix(train, margin=None), 200, loss=FOCAL, early_stopping_rounds=3,
        evals=[(matrix(held, margin=None), "valid")], evals_result=log, verbose_eval=False,
    )  # fmt: skip
    booster = model.get_booster()
    assert booster.best_iteration == expected.best_iteration < 190
    assert booster.best_score == pytest.approx(expected.best_score, abs=1e-6)
    told = model.training_summary.validation_objective_history[FOCAL.name]
    assert_allclose(told, log["valid"][FOCAL.name], rtol=0, atol=2e-6)


def grouped(rows):
    """Return labels, margins and weights of groups of rows, of which there are few."""
    total = functions.sum("weight").alias("weight")
    found = rows.groupBy("label", "margin").agg(total).toPandas()
    return found["label"], found["margin"], found["weight"]


def test_a_start_on_top_of_margins_goes_into_their_column(rows, frame):
    y, margin, weight = grouped(rows)
    start = gp.optimal_constant(FOCAL, y, offset=margin, sample_weight=weight)
    data = matrix(frame)
    told = gp.optimal_constant(
        FOCAL, frame["label"], offset=frame["margin"], sample_weight=frame["weight"]
    )
    assert start == pytest.approx(told, abs=1e-9)
    moved = rows.withColumn("margin", rows["margin"] + start)
    model = estimator(frame, **custom(FOCAL, 0.0), base_margin_col="margin").fit(moved)
    expected = gp.xgboost.train(PARAMS, data, ROUNDS, loss=FOCAL, constant=start).predict(data)
    assert_allclose(
        model.get_booster().predict(matrix(frame, margin=start)), expected, rtol=0, atol=2e-6
    )
    assert_allclose(probability(model, moved, frame), expected, rtol=0, atol=2e-6)


def test_a_start_on_top_of_margins_goes_into_a_plain_model(rows, frame):
    start, data = -0.7, matrix(frame)
    objective = gp.xgboost.objective(WEIGHTED, start=start)
    model = estimator(frame, obj=objective, base_margin_col="margin").fit(rows)
    booster = gp.xgboost.to_native(model.get_booster(), WEIGHTED, constant=start)
    expected = gp.xgboost.train(PARAMS, data, ROUNDS, loss=WEIGHTED, constant=start)
    assert_allclose(booster.predict(data), expected.predict(data), rtol=0, atol=2e-6)


def test_soft_labels_train_in_the_regressor_under_the_name_of_the_classifiers_objective(
    rows, frame
):
    soft = 0.1 + 0.7 * frame["label"]
    start = gp.optimal_constant(WEIGHTED, soft, sample_weight=frame["weight"])
    model = spark_host.SparkXGBRegressor(
        features_col=pixels(frame), label_col="soft", weight_col="weight", num_workers=2,
        n_estimators=ROUNDS, objective="binary:logistic", **PARAMS, **custom(WEIGHTED, start),
    ).fit(rows.withColumn("soft", 0.1 + 0.7 * rows["label"]))  # fmt: skip
    data = matrix(frame.assign(label=soft), margin=None)
    expected = gp.xgboost.train(PARAMS, data, ROUNDS, loss=WEIGHTED).predict(data)
    assert_allclose(model.get_booster().predict(data), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", ["objective", "eval_metric"])
def test_the_estimator_takes_names_alone_where_one_machine_takes_callables(name, frame):
    given = gp.xgboost.objective(FOCAL) if name == "objective" else gp.xgboost.metric(FOCAL)
    with pytest.raises(ValueError, match="string"):
        estimator(frame, **{name: given}).fit(None)


def unsaved(thing, folder):
    with pytest.raises(TypeError, match="Objective is not JSON serializable"):
        thing.write().overwrite().save(str(folder))


def without_callables(model):
    """Return the model, without what Spark cannot write and prediction does not need."""
    model.clear(model.getParam("arbitrary_params_dict"))
    return model


def test_a_model_is_saved_without_its_objective(rows, frame, trained, tmp_path):
    model = trained(FOCAL).copy()
    unsaved(model, tmp_path / "model")
    without_callables(model).write().overwrite().save(str(tmp_path / "model"))
    loaded = spark_host.SparkXGBClassifierModel.load(str(tmp_path / "model"))
    expected = probability(trained(FOCAL), rows, frame)
    assert_array_equal(probability(model, rows, frame), expected)
    assert_array_equal(probability(loaded, rows, frame), expected)


def test_a_pipeline_is_saved_without_the_objective_of_its_stage(rows, frame, tmp_path):
    stage = estimator(frame, **custom(FOCAL, constant(FOCAL, rows)), n_estimators=2)
    unsaved(ml.Pipeline(stages=[stage]), tmp_path / "pipeline")
    model = ml.Pipeline(stages=[stage]).fit(rows)
    unsaved(model, tmp_path / "model")
    without_callables(model.stages[-1])
    model.write().overwrite().save(str(tmp_path / "model"))
    loaded = ml.PipelineModel.load(str(tmp_path / "model"))
    assert_array_equal(probability(loaded, rows, frame), probability(model, rows, frame))
    assert "obj" in stage.getOrDefault("arbitrary_params_dict")


def test_an_estimator_is_saved_first_and_given_its_objective_when_it_is_loaded(
    rows, frame, trained, tmp_path
):
    given = custom(FOCAL, constant(FOCAL, rows))
    unsaved(estimator(frame, **given), tmp_path / "estimator")
    callables = {name: given.pop(name) for name in ("obj", "custom_metric")}
    estimator(frame, **given).write().overwrite().save(str(tmp_path / "estimator"))
    loaded = spark_host.SparkXGBClassifier.load(str(tmp_path / "estimator"))
    loaded.setParams(**callables)
    data = matrix(frame, margin=None)
    expected = trained(FOCAL).get_booster().predict(data)
    assert_array_equal(loaded.fit(rows).get_booster().predict(data), expected)


def test_the_booster_is_a_plain_model_of_probabilities(frame, trained, tmp_path):
    booster, data = trained(FOCAL).get_booster(), matrix(frame, margin=None)
    booster.save_model(tmp_path / "model.json")
    loaded = xgb.Booster(model_file=tmp_path / "model.json")
    assert_array_equal(loaded.predict(data), booster.predict(data))
    assert_allclose(
        loaded.predict(data), gp.sigmoid(loaded.predict(data, output_margin=True)), atol=1e-6
    )
