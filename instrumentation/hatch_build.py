"""Compiles what is worth it while clew is installed; without a compiler clew is pure Python."""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_MODULES = {
    "clew._path_native": "clew/_path_c/module.c",
    "clew.export._native": "clew/export/_native.pyx",
}
_PURE = "CLEW_BUILD_PURE"  # set it to leave compiling out


class CompileHook(BuildHookInterface):
    """Puts the compiled modules beside their sources, and marks the wheel as this platform's."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if os.environ.get(_PURE) or sysconfig.get_config_var("Py_GIL_DISABLED"):
            return  # without the GIL neither module is right
        try:
            made = _compiled(Path(self.root))
        except Exception as error:  # no compiler, no headers, another Python: all the same
            self.app.display_warning(f"clew is installed as pure Python, a little slower: {error}")
            return
        build_data["artifacts"] += [f"/{path}" for path in made]
        build_data["pure_python"] = False
        build_data["infer_tag"] = True


def _beside(root: Path, source: str) -> list[str]:
    """The headers in the folder of `source`: with another one it is compiled anew."""
    return [str(path.relative_to(root)) for path in (root / source).parent.glob("*.h")]


def _compiled(root: Path) -> list[str]:
    """Paths, relative to `root`, of the modules for this Python."""
    from Cython.Build import cythonize
    from setuptools import Distribution, Extension
    from setuptools.command.build_ext import build_ext

    here = os.getcwd()
    os.chdir(root)
    try:
        extensions = cythonize(
            [
                Extension(name, [source], depends=_beside(root, source))
                for name, source in _MODULES.items()
            ],
            build_dir="build/cython",
            compiler_directives={
                "boundscheck": False,
                "wraparound": False,
                "initializedcheck": False,
            },
        )
        for extension in extensions:
            extension.extra_compile_args = ["-O2", "-g0"]
        command = build_ext(Distribution({"name": "clew", "ext_modules": extensions}))
        command.build_temp = "build/temp"
        command.inplace = True
        command.ensure_finalized()
        command.run()
        return [command.get_ext_filename(name) for name in _MODULES]
    finally:
        os.chdir(here)
