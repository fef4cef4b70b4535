"""Scripts of this repository that tests share code with."""
import importlib.machinery
import importlib.util

from .program import REPOSITORY


def _module(name):
    loader = importlib.machinery.SourceFileLoader(name.replace("-", "_"), str(REPOSITORY / "Scripts" / f"{name}.py"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


tokenizer_fuzz = _module("tokenizer-fuzz")
