"""A Spark of two workers on this machine."""

import os
import shutil
import sys

import numpy as np
import pytest

from helpers.hosts import digits
from helpers.limits import at_most

SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.shuffle.partitions": "2",
    "spark.default.parallelism": "2",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
}


@pytest.fixture(scope="session")
def spark(tmp_path_factory):
    """Return a session, which ends with the tests."""
    sql = pytest.importorskip("pyspark.sql")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java on the PATH")
    os.environ |= {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    builder = sql.SparkSession.builder.master("local[2]")
    folder = tmp_path_factory.mktemp("spark")
    folders = {"spark.local.dir": str(folder), "spark.sql.warehouse.dir": str(folder / "tables")}
    for name, value in {**SETTINGS, **folders}.items():
        builder = builder.config(name, value)
    with at_most(900):
        session = builder.getOrCreate()
        session.sparkContext.setLogLevel("ERROR")
        yield session
        session.stop()


@pytest.fixture(scope="session")
def frame():
    """Rows for one machine: pixels of few values, labels, weights, margins, which are held out."""
    pandas = pytest.importorskip("pandas")
    rows = digits(0.2)
    columns = [f"pixel{number}" for number in range(rows.x.shape[1])]
    numbers = {"label": rows.y, "weight": rows.weight, "margin": np.round(rows.offset, 1)}
    count = np.arange(rows.y.size)
    return pandas.DataFrame(rows.x, columns=columns).assign(
        **numbers, row=count, held=count % 3 == 0
    )


@pytest.fixture(scope="session")
def rows(spark, frame):
    """Return the same rows in Spark, in two parts of which the first has the most positives."""
    apart = frame.sort_values(["label", "pixel20"], ascending=False)
    found = spark.createDataFrame(apart).repartitionByRange(2, "label", "pixel20").cache()
    found.count()
    return found
