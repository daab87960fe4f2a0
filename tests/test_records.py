"""The record of each host."""

import pytest

import gradpair as gp
from gradpair._hosts import record
from helpers.hosts import HOSTS, digits


@pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)
def test_structures_are_the_splits_of_each_tree_whatever_the_leaves_are(host):
    rows = digits().train
    slow, fast, other = (
        host.train(host.data(rows.x, rows.y), 1, params={"learning_rate": rate}, loss=loss)
        for rate, loss in (
            (0.1, gp.BinaryCrossEntropy()),
            (0.3, gp.BinaryCrossEntropy()),
            (0.3, gp.WeightedCrossEntropy(7.3)),
        )
    )
    known = record.load(host.name)
    assert known.name == host.name
    ((feature, threshold, children),) = known.structures(slow)
    assert len(children) == 2
    assert known.structures(fast) == [(feature, threshold, children)]
    assert known.structures(other) != [(feature, threshold, children)]
    three = host.train(host.data(rows.x, rows.y), 3, loss=gp.BinaryCrossEntropy())
    assert len(known.structures(three)) == 3
