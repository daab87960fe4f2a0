"""Labels and weights of every container, and what is said where some are missing."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse
from numpy.testing import assert_array_equal

from gradpair.sklearn import BoostingClassifier
from helpers.estimators import DATA
from helpers.hosts import HOST, LIGHTGBM, XGBOOST

TEXT = np.where(DATA.y == 1, "b", "m").astype(object)


def with_gaps(gap):
    labels = TEXT.copy()
    labels[[7, 90]] = gap
    return labels


MISSING = {
    "None": with_gaps(None),
    "nan": with_gaps(np.nan),
    "pandas.NA": with_gaps(pd.NA),
    "a list": with_gaps(None).tolist(),
    "a string column": pd.Series(with_gaps(None), dtype="string"),
    "a category": pd.Series(with_gaps(None)).astype("category"),
    "nullable integers": pd.Series(DATA.y).astype("Int64").where(~np.isin(range(1797), [7, 90])),
    "floats": np.where(np.isin(range(1797), [7, 90]), np.nan, DATA.y),
    "polars": pl.Series(with_gaps(None).tolist()),
    "pyarrow": pa.array(with_gaps(None).tolist()),
    "a masked array": np.ma.array(DATA.y, mask=np.isin(range(1797), [7, 90])),
    "a column": with_gaps(np.nan)[:, None],
}


@HOST
@pytest.mark.parametrize("y", MISSING.values(), ids=MISSING)
def test_missing_labels_are_counted_and_the_first_is_named(host, y):
    told = r"{} has missing labels: 2 of 1797, the first in row 7\. Drop the rows"
    model = BoostingClassifier(host.estimator(2))
    with pytest.raises(ValueError, match=told.format("^y")):
        model.fit(DATA.x, y)
    assert not hasattr(model, "classes_")
    with pytest.raises(ValueError, match=told.format("^eval_set")):
        model.fit(DATA.x, TEXT, eval_set=[(DATA.x, y)])
    assert not hasattr(model, "classes_")


@pytest.mark.parametrize("y", MISSING.values(), ids=MISSING)
def test_score_says_that_labels_are_missing(y):
    model = BoostingClassifier(XGBOOST.estimator(2)).fit(DATA.x, TEXT)
    with pytest.raises(ValueError, match=r"^y has missing labels: 2 of 1797"):
        model.score(DATA.x, y)


def test_score_takes_no_probabilities_for_labels():
    model = BoostingClassifier(XGBOOST.estimator(2)).fit(DATA.x, DATA.y)
    with pytest.raises(ValueError, match=r"score compares labels.*argmax\(axis=1\)"):
        model.score(DATA.x, model.predict_proba(DATA.x))


CONTAINERS = {
    "pyarrow": pa.array(TEXT.tolist()),
    "chunks": pa.chunked_array([TEXT[:9].tolist(), TEXT[9:].tolist()]),
    "polars": pl.Series(TEXT.tolist()),
    "polars categories": pl.Series(TEXT.tolist(), dtype=pl.Categorical),
    "an unused category": pd.Categorical(TEXT, categories=["b", "m", "z"]),
    "NumPy's text": TEXT.astype(np.dtypes.StringDType()),
}


@HOST
@pytest.mark.parametrize("y", CONTAINERS.values(), ids=CONTAINERS)
def test_text_of_any_container_is_two_classes(host, y):
    model = BoostingClassifier(host.estimator(2)).fit(DATA.x, y, eval_set=[(DATA.x, y)])
    expected = BoostingClassifier(host.estimator(2)).fit(DATA.x, TEXT)
    assert model.classes_.tolist() == ["b", "m"]
    assert_array_equal(model.predict(DATA.x), expected.predict(DATA.x))
    assert model.score(DATA.x, y) == expected.score(DATA.x, TEXT)


@pytest.mark.parametrize(
    ("y", "kind", "message"),
    [
        (scipy.sparse.csr_matrix(DATA.y[:, None]), TypeError, r"y is sparse; .*toarray\(\).ravel"),
        (np.array([1, "a", 1] * 599, dtype=object), ValueError, "one type, all numbers or all tex"),
    ],
)
def test_labels_of_another_form_are_refused(y, kind, message):
    with pytest.raises(kind, match=message):
        BoostingClassifier(LIGHTGBM.estimator(2)).fit(DATA.x, y)


WEIGHTS = {
    "objects": DATA.weight.astype(object),
    "a list": DATA.weight.tolist(),
    "a column with another index": pd.Series(DATA.weight, index=range(1797, 0, -1)),
    "nullable numbers": pd.Series(DATA.weight).astype("Float64"),
    "polars": pl.Series(DATA.weight),
    "pyarrow": pa.array(DATA.weight),
}


@HOST
@pytest.mark.parametrize("weight", WEIGHTS.values(), ids=WEIGHTS)
def test_weights_and_offsets_may_be_numbers_of_any_container(host, weight):
    fields = {host.eval_weight: [weight], host.eval_offset: [weight]} | host.quiet
    sets = [(DATA.x, DATA.y)]
    model = BoostingClassifier(host.estimator(2))
    model.fit(DATA.x, DATA.y, weight, offset=weight, eval_set=sets, **fields)
    plain = {host.eval_weight: [DATA.weight], host.eval_offset: [DATA.weight]} | host.quiet
    expected = BoostingClassifier(host.estimator(2))
    expected.fit(DATA.x, DATA.y, DATA.weight, offset=DATA.weight, eval_set=sets, **plain)
    assert model.evals_result_ == expected.evals_result_
    actual = model.predict_proba(DATA.x, offset=weight)
    assert_array_equal(actual, expected.predict_proba(DATA.x, offset=DATA.weight))
    scores = [
        m.score(DATA.x, DATA.y, w, offset=w) for m, w in ((model, weight), (expected, DATA.weight))
    ]
    assert scores[0] == scores[1]


@HOST
@pytest.mark.parametrize(
    ("weight", "kind", "message"),
    [
        (DATA.weight.astype(str).astype(object), TypeError, "sample_weight must hold numbers"),
        (np.where(DATA.y == 1, None, 2.5), ValueError, r"sample_weight\[8\] is nan"),
        (pd.Series(DATA.weight, dtype="Float64").where(DATA.y == 0), ValueError, r"\[8\] is nan"),
    ],
    ids=["text", "None", "NA"],
)
def test_weights_that_are_text_or_missing_are_refused(host, weight, kind, message):
    with pytest.raises(kind, match=message):
        BoostingClassifier(host.estimator(2)).fit(DATA.x, DATA.y, weight)
    sets = {"eval_set": [(DATA.x, DATA.y)], host.eval_weight: [weight]}
    with pytest.raises(kind, match=message):
        BoostingClassifier(host.estimator(2)).fit(DATA.x, DATA.y, **sets)
