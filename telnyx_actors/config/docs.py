"""What is written from the declarations: ``.env.example`` and ``docs/configuration.md``.

``python -m telnyx_actors.config.docs`` writes both; a test keeps them equal.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from telnyx_actors.config.fields import Setting, declarations
from telnyx_actors.config.settings import GROUPS

_ENV_HEADER = """\
# Configuración de telnyx_actors: cada variable, con su valor por omisión.
# Copie este archivo como .env y escriba las obligatorias; las demás, solo si las quiere cambiar.
# Lo que esté en el entorno del proceso gana a este archivo.
# Escrito por `make docs` a partir de telnyx_actors/config/: no lo cambie a mano.
"""

_DOCS_HEADER = """\
# Configuration

Configuration is the environment. The engine also reads `.env` in the current folder (another one: `--env-file`);
the process's own variables win over the file's. Everything is validated at start: each problem is named with its
variable, what is wrong and an example. An empty value counts as not set.

A `.env` of the replaced service works unchanged: its names are here, or are aliases of names that are.
Secrets are never shown, neither in messages nor in the log.

Written by `make docs` from `telnyx_actors/config/`; do not edit.
"""


def env_example() -> str:
    """The text of ``.env.example``."""
    return _ENV_HEADER + "".join(_env_lines())


def _env_lines() -> Iterator[str]:
    for group in GROUPS.values():
        yield f"\n# --- {group.title.es} ---\n"
        for _, declared in declarations(group):
            yield f"\n# {declared.means.es}{_remarks_es(declared)}\n"
            yield f"{declared.name}=\n" if declared.required else f"#{declared.name}={declared.default or ''}\n"


def _remarks_es(declared: Setting) -> str:
    remarks = ["obligatoria"] if declared.required else []
    if declared.kind.is_secret:
        remarks.append("secreta")
    if declared.kind.form:
        remarks.append(declared.kind.form)
    if declared.aliases:
        remarks.append(f"también {', '.join(declared.aliases)}")
    if declared.unused:
        remarks.append(f"se acepta sin efecto: {declared.unused.es}")
    return f" [{'; '.join(remarks)}]" if remarks else ""


def configuration_page() -> str:
    """The text of ``docs/configuration.md``."""
    return _DOCS_HEADER + "".join(_page_lines())


def _page_lines() -> Iterator[str]:
    for group in GROUPS.values():
        yield f"\n## {group.title.en}\n\n| Variable | Default | Values | Meaning |\n| --- | --- | --- | --- |\n"
        for _, declared in declarations(group):
            names = f"`{declared.name}`" + "".join(f"<br>or `{alias}`" for alias in declared.aliases)
            default = (
                "**required**" if declared.required else f"`{declared.default}`" if declared.default else "not set"
            )
            unused = f" *Accepted without effect: {declared.unused.en}.*" if declared.unused else ""
            form = "secret" if declared.kind.is_secret else declared.kind.form.replace("|", "\\|")
            yield f"| {names} | {default} | {form} | {declared.means.en}{unused} |\n"


def main(root: Path = Path()) -> None:
    """Write both files under ``root``."""
    (root / ".env.example").write_text(env_example(), encoding="utf-8", newline="\n")
    (root / "docs" / "configuration.md").write_text(configuration_page(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
