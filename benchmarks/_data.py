"""Real data of two classes: sets in a folder of your own, and those that scikit-learn bundles."""

from pathlib import Path

import numpy as np

# Names on OpenML. `duration` of bank-marketing is known only after the call that it predicts.
FOLDER_SETS = {"mammography": "mammography", "bank": "bank_marketing", "adult": "adult"}
LEAKS = {"bank": ["duration"]}


def breast_cancer():
    """Malignant against benign."""
    from sklearn.datasets import load_breast_cancer

    found = load_breast_cancer()
    return found.data.astype(np.float32), 1 - found.target


def eights():
    """An 8 against the other digits."""
    from sklearn.datasets import load_digits

    found = load_digits()
    return found.data.astype(np.float32), (found.target == 8).astype(int)


BUNDLED = {"breast cancer": breast_cancer, "digits, 8": eights}


def from_folder(folder, name):
    """Read NAME.npz: X, y (0 and 1), names of the columns."""
    found = np.load(Path(folder) / f"{FOLDER_SETS[name]}.npz", allow_pickle=False)
    keep = ~np.isin(found["names"], LEAKS.get(name, []))
    return found["X"][:, keep], found["y"].astype(int)


def sets(folder, names=None):
    """Yield name, features and labels of the sets in the folder, or else of the bundled ones."""
    if folder is None:
        yield from ((name, *load()) for name, load in BUNDLED.items() if name in (names or BUNDLED))
        return
    for name in names or FOLDER_SETS:
        yield name, *from_folder(folder, name)
