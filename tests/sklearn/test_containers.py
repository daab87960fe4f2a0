"""Containers: data frames, categories, sparse matrices, labels of every type."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
from numpy.testing import assert_allclose
from sklearn.datasets import load_breast_cancer
from sklearn.exceptions import DataConversionWarning

import gradpair as gp
from gradpair.sklearn import BoostingClassifier
from helpers.estimators import DATA, cancer_frame
from helpers.hosts import HOST, LIGHTGBM


def frames(host, frame):
    """The same data in each container with columns that the host's estimator takes."""
    yield frame
    if host.takes_polars:
        yield pl.DataFrame({name: frame[name].to_numpy() for name in frame})


@HOST
def test_data_frames_give_the_models_of_arrays(host):
    frame, y = cancer_frame(), load_breast_cancer().target
    frame.columns = [name.replace(" ", "_") for name in frame.columns]
    expected = BoostingClassifier(host.estimator()).fit(frame.to_numpy(), y)
    expected = expected.predict_proba(frame.to_numpy())
    for data in frames(host, frame):
        model = BoostingClassifier(host.estimator()).fit(data, y)
        assert_allclose(model.predict_proba(data), expected, atol=1e-6)
        assert list(model.feature_names_in_) == list(frame.columns)
        with pytest.raises(ValueError, match="feature names should match"):
            model.predict(data[list(frame.columns)[::-1]])
    labels = pd.Series(np.where(y == 1, "b", "m"), index=frame.index[::-1])
    weight = pd.Series(np.ones(len(y)), index=frame.index[::-1])
    model = BoostingClassifier(host.estimator()).fit(frame, labels, weight)
    assert model.classes_.tolist() == ["b", "m"]
    assert_allclose(model.predict_proba(frame)[:, 0], expected[:, 1], atol=2e-3)


@HOST
def test_categories_and_missing_values_go_to_the_host(host):
    frame = cancer_frame().iloc[:, :4].copy()
    y = load_breast_cancer().target
    frame["kind"] = pd.Categorical(np.where(y ^ (np.arange(569) % 5 == 0), "p", "q"))
    frame.loc[::7, "mean radius"] = np.nan
    model = BoostingClassifier(host.estimator(**host.categorical)).fit(frame, y)
    assert model.feature_importances_[list(frame.columns).index("kind")] > 0
    bare = host.estimator(**host.categorical, **host.start(gp.logit(y.mean()))).fit(frame, y)
    assert_allclose(model.predict_proba(frame), bare.predict_proba(frame), atol=1e-5)


@HOST
def test_sparse_matrices_and_soft_labels_of_every_container(host):
    soft = 0.1 + 0.8 * DATA.train.y
    soft = np.column_stack([1 - soft, soft])
    dense = BoostingClassifier(host.estimator()).fit(DATA.train.x, soft)
    frame = pd.DataFrame(DATA.train.x, columns=[f"f{i}" for i in range(64)])
    for labels in (soft.tolist(), pd.DataFrame(soft), pl.DataFrame(soft)):
        model = BoostingClassifier(host.estimator()).fit(DATA.train.x, labels)
        assert model.constant_ == dense.constant_
    for data in (*frames(host, frame), scipy.sparse.csr_matrix(frame)):
        model = BoostingClassifier(host.estimator()).fit(data, soft)
        assert model.constant_ == dense.constant_
        assert model.predict_proba(data).shape == soft.shape
        if not scipy.sparse.issparse(data):
            assert_allclose(model.predict_proba(data), dense.predict_proba(DATA.train.x), atol=1e-6)


@HOST
def test_labels_of_pandas_types_keep_their_kind(host):
    y = pd.Series(DATA.y.astype(int)) + 1
    for dtype, classes in (("Int64", [1, 2]), ("category", [1, 2]), ("string", ["1", "2"])):
        model = BoostingClassifier(host.estimator(2)).fit(DATA.x, y.astype(dtype))
        assert model.classes_.tolist() == classes
        assert [type(label) for label in model.classes_.tolist()] == [type(c) for c in classes]


def test_a_column_of_labels_warns_as_scikit_learn_does():
    with pytest.warns(DataConversionWarning):
        BoostingClassifier(LIGHTGBM.estimator()).fit(DATA.x, DATA.y[:, None])
