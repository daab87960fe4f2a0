"""The commands of ``gradpair``."""
