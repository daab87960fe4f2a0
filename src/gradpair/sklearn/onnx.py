"""BoostingClassifier for skl2onnx and onnxmltools: importing this module registers a converter.

A pipeline that ends in a :class:`~gradpair.sklearn.BoostingClassifier` then converts like any of
scikit-learn's own. ONNX computes in float32: pass what a model predicts as float32.

Examples
--------
>>> import numpy as np
>>> from sklearn.datasets import load_breast_cancer
>>> from skl2onnx import to_onnx
>>> from xgboost import XGBClassifier
>>> import gradpair as gp
>>> import gradpair.sklearn.onnx
>>> from gradpair.sklearn import BoostingClassifier
>>> X, y = load_breast_cancer(return_X_y=True)
>>> X = X.astype(np.float32)
>>> model = BoostingClassifier(XGBClassifier(n_estimators=20), gp.WeightedCrossEntropy(3.0))
>>> onnx = to_onnx(model.fit(X, y), X[:1], options={"zipmap": False})
>>> [output.name for output in onnx.graph.output]
['label', 'probabilities']
"""

from gradpair.sklearn import _onnx

__all__: list[str] = []

_onnx.register()
