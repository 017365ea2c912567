"""What the documents say is so."""

import ast
import re
from dataclasses import fields
from pathlib import Path

from webmail.settings import PREFIX, Settings

ROOT = Path(__file__).parent.parent
DOCS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").rglob("*.md"))]


def first_sentence(path: Path) -> str:
    return (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").split("\n\n")[0].replace("\n", " ").strip()


def module_table() -> str:
    """The list of modules as the plan shows it: each with the first sentence it says of itself."""
    lines = ["| module | what it is |", "|---|---|"]
    for path in sorted((ROOT / "webmail").rglob("*.py")):
        if "versions" in path.parts or path.parent.name == "migrations":
            continue
        name = str(path.relative_to(ROOT / "webmail")).removesuffix("__init__.py")
        lines.append(f"| `{name or 'webmail/'}` | {first_sentence(path)} |")
    return "\n".join(lines)


def test_the_plan_names_every_module_with_its_own_words() -> None:
    plan = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    found = re.search(r"<!-- modules -->\n(.*)\n<!-- /modules -->", plan, re.S)
    assert found is not None
    assert found.group(1).strip() == module_table(), "run: make plan"


def test_every_setting_is_documented_with_its_name_and_default() -> None:
    text = (ROOT / "docs" / "settings.md").read_text("utf-8")
    for each in fields(Settings):
        assert f"`{PREFIX}{each.name.upper()}`" in text, each.name
    for name in set(re.findall(rf"`({PREFIX}[A-Z_]+)`", text)):
        assert name.removeprefix(PREFIX).lower() in {each.name for each in fields(Settings)}, f"{name} is documented but does not exist"


def test_links_between_the_documents_lead_somewhere() -> None:
    for document in DOCS:
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", document.read_text("utf-8")):
            assert (document.parent / target).exists(), f"{document.name} points to {target}"


def test_every_make_target_a_document_names_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    for document in DOCS:
        for name in re.findall(r"`make ([a-z-]+)", document.read_text("utf-8")):
            assert name in targets, f"{document.name} names make {name}"


if __name__ == "__main__":
    plan = ROOT / "docs" / "architecture.md"
    old = plan.read_text("utf-8")
    plan.write_text(
        re.sub(r"(<!-- modules -->\n).*(<!-- /modules -->)", lambda m: f"{m[1]}{module_table()}\n{m[2]}", old, flags=re.S), "utf-8"
    )
