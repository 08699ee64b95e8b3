"""What pyproject.toml cannot say: the folder configs/ is installed as gan_jax.configs."""

from setuptools import find_namespace_packages, setup

package = find_namespace_packages(include=["gan_jax*"], exclude=["*.__pycache__"])
configs = find_namespace_packages(include=["configs*"], exclude=["*.__pycache__"])
setup(
    packages=[*package, *(f"gan_jax.{name}" for name in configs)],
    package_dir={"gan_jax.configs": "configs"},
)
