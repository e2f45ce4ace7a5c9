"""
The compiled part of the program; all else about the build stands in pyproject.toml.
"""

import os
import sys
import sysconfig
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext

COLUMNS = Extension(
    "target_oracle._columns",
    ["target_oracle/_columns.c"],
    depends=sorted(map(str, Path("target_oracle/native").glob("*.h"))),
    extra_compile_args=["-O3", "-fvisibility=hidden", "-Wall", "-Wextra"],
    optional=True,  # without a compiler the build warns and goes on; lines are then decoded in Python
    py_limited_api=True,
)

# The limited API is that of CPython with its lock. TARGET_ORACLE_PURE=1 builds without the compiled part.
COMPILED = (
    os.environ.get("TARGET_ORACLE_PURE") != "1"
    and sys.implementation.name == "cpython"
    and not sysconfig.get_config_var("Py_GIL_DISABLED")
)


class BuildExt(build_ext):
    """
    Builds anew each time: where that fails, what an earlier build left must not be shipped.
    """

    def build_extension(self, ext: Extension) -> None:
        """
        Build *ext* from nothing.
        """
        Path(self.get_ext_fullpath(ext.name)).unlink(missing_ok=True)
        super().build_extension(ext)


class BdistWheel(bdist_wheel):
    """
    Names the wheel for what is in it: without the compiled part it is for any platform.
    """

    def get_tag(self) -> tuple[str, str, str]:
        """
        Return Python, ABI and platform; asked when all is built.
        """
        built = self.get_finalized_command("build_ext").get_outputs()
        self.root_is_pure = not any(Path(path).exists() for path in built)
        return super().get_tag()


setup(
    ext_modules=[COLUMNS] if COMPILED else [],
    options={"bdist_wheel": {"py_limited_api": "cp310"}} if COMPILED else {},
    cmdclass={"build_ext": BuildExt, "bdist_wheel": BdistWheel},
)
