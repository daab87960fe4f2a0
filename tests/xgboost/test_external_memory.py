"""Rows that XGBoost reads in batches, from where they lie, train as rows in memory do."""

import gc
from itertools import pairwise

import numpy as np
import pytest
import xgboost as xgb
from numpy.testing import assert_array_equal

import gradpair as gp
from helpers.hosts import XGBOOST, digits
from helpers.pages import run_section

ROWS = digits(0.2)
LOSSES = [gp.WeightedCrossEntropy(7.3), gp.FocalLoss(2.3)]
KINDS = [
    kind
    for kind in ("DMatrix", "QuantileDMatrix", "ExtMemQuantileDMatrix")
    if hasattr(xgb, kind)  # the last since 3.0
]
PARAMS = {**XGBOOST.params, "max_bin": 64}
ROUNDS = 8

KIND = pytest.mark.parametrize("kind", KINDS)
LOSS = pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
OFFSETS = pytest.mark.parametrize("offsets", [False, True], ids=["plain", "offsets"])


class Batches(xgb.DataIter):
    """Rows in four batches of unequal size, counted."""

    def __init__(self, rows, offsets, cache):
        ends = [0, *(round(share * rows.y.size) for share in (0.1, 0.4, 0.45)), rows.y.size]
        self.parts = [slice(*pair) for pair in pairwise(ends)]
        self.rows, self.offsets = rows, offsets
        self.at = self.handed = 0
        super().__init__(cache_prefix=cache)

    def next(self, input_data):
        if self.at == len(self.parts):
            return False
        part, rows = self.parts[self.at], self.rows
        offset = {"base_margin": rows.offset[part]} if self.offsets else {}
        input_data(data=rows.x[part], label=rows.y[part], weight=rows.weight[part], **offset)
        self.at += 1
        self.handed += 1
        return True

    def reset(self):
        self.at = 0


class Maker:
    """Makes matrices that read their rows in batches, and keeps them with their iterators."""

    def __init__(self, folder):
        self.folder, self.iterators, self.made = folder, [], []

    def __call__(self, kind, rows, *, offsets=False, ref=None):
        # A QuantileDMatrix keeps its bins in memory, and refuses a place for a cache.
        cache = None if kind == "QuantileDMatrix" else str(self.folder / f"cache-{len(self.made)}")
        bins = {} if kind == "DMatrix" else {"max_bin": 64, "ref": ref}
        self.iterators.append(Batches(rows, offsets, cache))
        self.made.append(getattr(xgb, kind)(self.iterators[-1], **bins))
        return self.made[-1]


@pytest.fixture
def in_batches(tmp_path):
    return Maker(tmp_path)


def in_memory(rows, *, offsets=False):
    offset = rows.offset if offsets else None
    return xgb.DMatrix(rows.x, label=rows.y, weight=rows.weight, base_margin=offset)


@KIND
@LOSS
@OFFSETS
def test_rows_in_batches_give_the_model_of_rows_in_memory(kind, loss, offsets, in_batches):
    whole = in_memory(ROWS, offsets=offsets)
    offset = ROWS.offset if offsets else None
    start = gp.optimal_constant(loss, ROWS.y, offset=offset, sample_weight=ROWS.weight)
    expected = gp.xgboost.train(PARAMS, whole, ROUNDS, loss=loss, constant=start)
    data, log = in_batches(kind, ROWS, offsets=offsets), {}
    booster = gp.xgboost.train(
        PARAMS, data, ROUNDS, loss=loss, evals=[(data, "train")], evals_result=log,
        verbose_eval=False,
    )  # fmt: skip
    assert_array_equal(booster.predict(whole), expected.predict(whole))
    margin = booster.predict(whole, output_margin=True)
    told = np.average(loss.loss(ROWS.y, margin), weights=ROWS.weight)
    assert log["train"][loss.name][-1] == pytest.approx(told, abs=1e-6)


@KIND
def test_the_built_in_objective_on_the_same_batches_grows_the_same_trees(kind, in_batches):
    loss, data = LOSSES[0], in_batches(kind, ROWS)
    params, _ = gp.xgboost.native(loss, ROWS.y, ROWS.weight)
    expected = xgb.train({**PARAMS, **params}, data, ROUNDS)
    booster = gp.xgboost.train(PARAMS, data, ROUNDS, loss=loss)
    assert XGBOOST.structures(booster) == XGBOOST.structures(expected)
    whole = in_memory(ROWS)
    assert np.abs(booster.predict(whole) - expected.predict(whole)).max() < 1e-6


@KIND
def test_early_stopping_on_rows_in_batches_stops_where_it_does_in_memory(kind, in_batches):
    train, test, loss = ROWS.train, ROWS.test, LOSSES[1]
    stop = {"loss": loss, "early_stopping_rounds": 3, "verbose_eval": False}
    valid = in_memory(test, offsets=True)
    expected = gp.xgboost.train(
        PARAMS, in_memory(train, offsets=True), 300, evals=[(valid, "valid")], **stop
    )
    data = in_batches(kind, train, offsets=True)
    ref = None if kind == "DMatrix" else data
    held = in_batches(kind, test, offsets=True, ref=ref)
    booster = gp.xgboost.train(PARAMS, data, 300, evals=[(held, "valid")], **stop)
    assert booster.best_iteration == expected.best_iteration < 290
    assert_array_equal(booster.predict(valid), expected.predict(valid))


@KIND
def test_the_constant_reads_labels_and_weights_but_no_batch(kind, in_batches):
    data, loss = in_batches(kind, ROWS), LOSSES[1]
    read = in_batches.iterators[-1].handed
    booster = gp.xgboost.train(PARAMS, data, 0, loss=loss)
    assert in_batches.iterators[-1].handed == read
    constant = gp.optimal_constant(loss, ROWS.y, sample_weight=ROWS.weight)
    assert booster.predict(data)[0] == pytest.approx(gp.sigmoid(constant), abs=1e-6)


@KIND
def test_a_model_is_recalibrated_on_rows_in_batches(kind, in_batches):
    loss, held = LOSSES[1], in_memory(ROWS.test)
    booster = gp.xgboost.train(PARAMS, in_batches(kind, ROWS.train), ROUNDS, loss=loss)
    expected = gp.xgboost.recalibrate(booster, held)
    ref = None if kind == "DMatrix" else in_batches.made[-1]
    found = gp.xgboost.recalibrate(booster, in_batches(kind, ROWS.test, ref=ref))
    assert_array_equal(found.predict(held), expected.predict(held))


@KIND
def test_folds_of_rows_in_batches_are_refused_by_the_host(kind, in_batches):
    data, logistic = in_batches(kind, ROWS), {"objective": "binary:logistic"}
    refusals = []
    for call in (
        lambda: xgb.cv(logistic, data, 2), lambda: gp.xgboost.cv({}, data, 2, loss=LOSSES[0])
    ):  # fmt: skip
        with pytest.raises(ValueError, match=r"is not (yet )?supported") as refused:
            call()
        refusals.append(refused.type)
    assert refusals[0] is refusals[1]


@pytest.mark.skipif(not hasattr(xgb, "ExtMemQuantileDMatrix"), reason="needs XGBoost 3.0 or newer")
def test_the_example_of_the_page_gives_the_model_of_rows_in_memory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = run_section("From disk: external memory")
    x, y, weight = names["X"], names["y"], names["weight"]
    data = xgb.DMatrix(x, label=y, weight=weight)
    expected = gp.xgboost.train({"max_depth": 4}, data, 20, loss=gp.FocalLoss(2.0))
    assert_array_equal(names["booster"].predict(data), expected.predict(data))
    names.clear()  # XGBoost removes its cache, by the relative path, with the data
    gc.collect()
    assert not list(tmp_path.glob("cache*"))
