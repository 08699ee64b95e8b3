"""Folders in a bucket, gs://bucket/run and s3://bucket/run, beside those of this machine: docs/storage.md."""

from gan_jax.runtime.storage.paths import RemotePath, at, is_remote
from gan_jax.runtime.storage.patience import StoreError, patience_of

__all__ = ["RemotePath", "StoreError", "at", "is_remote", "patience_of"]
