"""The laws of the house that the import contracts in pyproject.toml cannot express."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = [*sorted((ROOT / "webmail").rglob("*.py")), ROOT / "app.py"]
FORBIDDEN_NAMES = {
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "misc",
    "base",
    "core",
    "manager",
    "managers",
    "handlers",
    "consts",
    "types",
}
FORBIDDEN_MODULES = {"pickle", "cPickle", "marshal", "shelve", "yaml", "dill", "jsonpickle"}
MODULE_LINES = 400
FUNCTION_LINES = 60
VIEW_LINES = 15


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.fixture(params=SOURCES, ids=name_of)
def source(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


def test_imports_go_down_only_and_every_library_has_one_door() -> None:
    script = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([str(script)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


def test_a_module_says_in_its_first_line_what_it_is(source: Path) -> None:
    assert ast.get_docstring(parsed(source)), f"{name_of(source)} has no docstring"


def test_a_module_fits_in_one_reading(source: Path) -> None:
    assert len(source.read_text("utf-8").splitlines()) <= MODULE_LINES


def test_a_module_is_named_after_what_it_holds(source: Path) -> None:
    assert source.stem not in FORBIDDEN_NAMES
    assert source.parent.name not in FORBIDDEN_NAMES


def test_a_function_fits_on_one_screen(source: Path) -> None:
    for node in ast.walk(parsed(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= FUNCTION_LINES, f"{name_of(source)}:{node.lineno} {node.name} has {length} lines"


def test_nothing_is_unpickled_evaluated_or_executed(source: Path) -> None:
    for node in ast.walk(parsed(source)):
        if isinstance(node, ast.Import):
            assert not {alias.name.split(".")[0] for alias in node.names} & FORBIDDEN_MODULES
        if isinstance(node, ast.ImportFrom):
            assert (node.module or "").split(".")[0] not in FORBIDDEN_MODULES
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in {"eval", "exec", "compile", "__import__"}, f"{name_of(source)}:{node.lineno}"


def test_imports_stand_at_the_top(source: Path) -> None:
    for node in ast.walk(parsed(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for inner in ast.walk(node):
                assert not isinstance(inner, ast.Import | ast.ImportFrom), f"{name_of(source)}:{inner.lineno} imports inside {node.name}"


def test_a_public_function_of_the_service_and_below_says_what_the_caller_gets(source: Path) -> None:
    if source.parent.name in {"web", "demo", "migrations", "versions"} or source.parent == ROOT:
        return
    for node in parsed(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{name_of(source)}:{node.lineno} {node.name} has no docstring"


def views() -> list[tuple[Path, ast.FunctionDef]]:
    found = []
    for path in sorted((ROOT / "webmail" / "web").glob("*.py")):
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.FunctionDef) and any(
                "route" in ast.unparse(each) or re.search(r"\.(get|post)\(", ast.unparse(each)) for each in node.decorator_list
            ):
                found.append((path, node))
    return found


def test_a_view_parses_calls_and_answers_in_fifteen_lines() -> None:
    found = views()
    assert len(found) > 20
    for path, node in found:
        body = [line for line in ast.unparse(node).splitlines() if line.strip() and not line.strip().startswith("@")]
        assert len(body) <= VIEW_LINES + 1, f"{name_of(path)}:{node.lineno} {node.name} has {len(body)} lines"


def test_templates_mark_nothing_as_safe() -> None:
    for path in sorted((ROOT / "templates").rglob("*")):
        if path.is_file():
            text = path.read_text("utf-8")
            assert not re.search(r"\|\s*safe\b|autoescape\s+false", text), path
            assert not re.search(r"\sstyle=|\son[a-z]+=|<script", text), f"{path}: the content security policy forbids it"


def test_no_file_speaks_of_the_machine_it_was_made_on() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if path.suffix in {".png", ".eml"} or not path.is_file() or path == Path(__file__):
            continue
        text = path.read_text("utf-8", errors="replace")
        assert str(ROOT.parent) + "/" not in text, name
        assert "files.pythonhosted" not in text, name
