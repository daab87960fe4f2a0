"""What workers find out together, with threads in their place."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose

import gradpair as gp
from gradpair._sums import QUESTIONS, Rows, combined
from gradpair.xgboost import _workers
from helpers.table import LOSSES
from helpers.workers import in_threads

LOSS = pytest.mark.parametrize("loss", LOSSES, ids=repr)


def rows(n, scale, seed=0):
    """Labels, weights and offsets."""
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.1).astype(float)
    y[: n // 5] = rng.random(n // 5)
    return y, rng.uniform(0, 3, n), np.float32(rng.normal(0, scale, n))


def parts(columns, cuts):
    """Cut columns into parts, at fractions of their length."""
    ends = [round(cut * columns[0].size) for cut in (0.0, *cuts, 1.0)]
    return [
        tuple(column[start:end] for column in columns) for start, end in itertools.pairwise(ends)
    ]


def fitted(loss, of_workers):
    """What each worker fits to its part, and the sizes of their reductions."""

    def task(group):
        return _workers.fitted_constant(group, loss, lambda: Rows.of(loss, *of_workers[group.rank]))

    return in_threads(task, len(of_workers))


def assert_all_find(expected, loss, of_workers, **tolerance):
    found, _ = fitted(loss, of_workers)
    assert found == [found[0]] * len(of_workers)
    assert found[0] == pytest.approx(expected, **tolerance)


AT = {"classes": (), "counts": (), "extent": (), "groups": (-9.0, 0.125)}


@LOSS
@pytest.mark.parametrize("question", QUESTIONS)
def test_the_answers_of_parts_combine_to_that_of_all_rows(loss, question):
    columns = rows(480, 1.5)
    at = AT.get(question, (0.3,))
    size, how = QUESTIONS[question]
    # A multiple of 16 rows in each, since every sixteenth row is taken where some are.
    answers = [
        Rows.of(loss, *part).answer(question, *at) for part in parts(columns, (0.1, 0.1, 0.7))
    ]
    whole = Rows.of(loss, *columns).answer(question, *at)
    assert {answer.shape for answer in answers} == {whole.shape} == {(size,)}
    if question == "classes":  # the last is the number of parts with offsets
        whole[-1] = 4
    rtol = 1e-4 if question in ("fast_totals", "thinned_totals") else 1e-12
    assert_allclose(combined(how, answers), whole, rtol=rtol, atol=1e-12)


@LOSS
@pytest.mark.parametrize("cuts", [(0.3,), (0.0, 0.2, 0.2, 0.9), ()], ids=["two", "five", "one"])
@pytest.mark.parametrize("n", [700, 13_000])
def test_workers_fit_the_constant_of_all_rows(loss, cuts, n):
    columns = rows(n, 1.5)
    y, w, o = columns
    expected = gp.optimal_constant(loss, y, sample_weight=w, offset=o)
    assert_all_find(expected, loss, parts(columns, cuts), abs=1e-11)


@LOSS
def test_without_offsets_they_take_one_question(loss):
    columns = rows(700, 1.5)[:2]
    expected = gp.optimal_constant(loss, columns[0], sample_weight=columns[1])
    of_workers = parts(columns, (0.3, 0.4))
    assert_all_find(expected, loss, of_workers, abs=1e-13)
    _, reductions = fitted(loss, of_workers)
    assert reductions == [4, 5, 4]  # what to answer, the answer, and the constant


def test_one_class_on_each_worker_and_no_offsets_on_one_of_them():
    loss = gp.WeightedCrossEntropy(7.3)
    y, w, o = rows(900, 1.0)
    y = np.round(y)
    order = np.argsort(y)
    y, w, o = y[order], w[order], np.where(y[order] == 1, o[order], 0)
    expected = gp.optimal_constant(loss, y, sample_weight=w, offset=o)
    zeros = y == 0
    of_workers = [(y[zeros], w[zeros]), (y[~zeros], w[~zeros], o[~zeros])]
    assert_all_find(expected, loss, of_workers, abs=1e-12)


@pytest.mark.parametrize("loss", [gp.WeightedCrossEntropy(0.3), gp.FocalLoss(2.0, 7.3)], ids=repr)
def test_separated_classes_balance_the_logarithms_over_all_workers(loss):
    y = np.repeat([1, 0], [5, 40])
    offset = np.where(y == 1, 900.0, -900.0)
    expected = gp.optimal_constant(loss, y, offset=offset)
    of_workers = [(part[0], None, part[1]) for part in parts((y, offset), (0.05, 0.5))]
    assert_all_find(expected, loss, of_workers, abs=1e-12)


@pytest.mark.parametrize("heavy", [0, 1])
def test_workers_take_the_lower_of_two_minima(heavy):
    loss = gp.FocalLoss(2.0)
    y, offset = np.tile([1, 0], 40), np.tile([-12.0, 12.0], 40)
    w = np.where(y == heavy, 1.001, 1.0)
    expected = gp.optimal_constant(loss, y, offset=offset, sample_weight=w)
    assert np.sign(expected) == (1 if heavy else -1)
    assert_all_find(expected, loss, parts((y, w, offset), (0.25,)), abs=1e-9)


def test_the_number_of_reductions_does_not_grow_with_the_rows():
    loss = gp.WeightedCrossEntropy(7.3)
    counts = []
    for n in (20_000, 200_000):
        _, reductions = fitted(loss, parts(rows(n, 1.5), (0.5,)))
        assert max(reductions) <= 5
        counts.append(len(reductions))
    assert max(counts) < 40


@pytest.mark.parametrize("n", [700, 20_000])
def test_a_non_convex_loss_reduces_its_groups_once(n):
    _, reductions = fitted(gp.FocalLoss(2.0), parts(rows(n, 1.5), (0.5,)))
    assert sorted(reductions)[-2:] == [5, 1 + 4 * 4096]
    assert len(reductions) < 60


def test_what_is_wrong_of_all_rows_is_the_error_of_all_workers():
    loss = gp.BinaryCrossEntropy()
    found, _ = fitted(loss, [(np.ones(3),), (np.ones(4),)])
    assert [type(error) for error in found] == [ValueError, ValueError]
    assert str(found[0]) == str(found[1])
    assert "(0 of class 0 and 7 of class 1 in all)" in str(found[0])


@pytest.mark.parametrize("bad", [0, 1, 2])
def test_a_worker_that_fails_names_itself_to_the_others(bad):
    of_workers = [(np.array([0.0, 1.0]),) for _ in range(3)]
    of_workers[bad] = (np.array([0.0, 1.5]),)
    found, _ = fitted(gp.BinaryCrossEntropy(), of_workers)
    own = str(found[bad])
    assert own.startswith("y_true must lie in [0, 1]; y_true[1] is 1.5")
    for rank in {0, 1, 2} - {bad}:
        assert str(found[rank]) == f"worker {bad} of 3 refused its rows: {own}"


class Faulty(gp.Loss):
    """A loss that fails late, on few rows."""

    def _loss(self, y_true, raw_prediction):
        return gp.softplus(raw_prediction) - y_true * raw_prediction

    def _gradient_hessian(self, y_true, raw_prediction):
        if raw_prediction.size == 2:
            raise KeyError("no such row ✗")
        p, q = gp.sigmoid(raw_prediction), gp.sigmoid(-raw_prediction)
        return p - y_true, p * q


@pytest.mark.parametrize("few", [0, 1])
def test_a_loss_that_fails_on_one_worker_ends_the_others_too(few):
    y, o = np.array([0.0, 1.0, 0.0, 1.0, 1.0]), np.array([0.1, 0.2, 0.3, 0.4, -0.5])
    of_workers = [(y, None, o), (y, None, o)]
    of_workers[few] = (y[:2], None, o[:2])
    found, _ = fitted(Faulty(), of_workers)
    assert type(found[few]) is KeyError
    assert f"worker {few} of 2 refused its rows: 'no such row ✗'" in str(found[1 - few])


def test_an_error_whose_text_is_no_unicode_is_told_nevertheless():
    def task(group):
        def check():
            if group.rank:
                raise ValueError("no such file: rows-\udcff.npz")

        _workers.check_together(group, check)

    first, second = in_threads(task, 2)[0]
    assert str(second) == "no such file: rows-\udcff.npz"
    assert str(first) == "worker 1 of 2 refused its rows: no such file: rows-?.npz"


def test_one_worker_is_enough_for_a_flag():
    found, _ = in_threads(lambda group: _workers.any_of(group, lambda: group.rank == 2), 3)
    assert found == [True] * 3
    found, _ = in_threads(lambda group: _workers.any_of(group, lambda: False), 3)
    assert found == [False] * 3
