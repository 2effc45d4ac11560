"""Whatever stands in the environment or in a file: settings, or a ConfigError that can be printed. Nothing else."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from telnyx_actors.config import load_settings, read_env
from telnyx_actors.config.settings import all_settings
from telnyx_actors.errors import ConfigError

NAMES = [name for declared in all_settings() for name in declared.names]
PROBLEMS_MAX = len(NAMES) + 10  # one a variable, and the contradictions

# Texts near what is expected go further into the parsers than any text would.
near = st.sampled_from(
    [
        "https://",
        "wss://a:b@c",
        "http://[",
        "+57",
        "+573001234567",
        "America/",
        "info,a=debug",
        "1e309",
        "٣",
        "-0",
        "0x10",
    ]
)
values = st.one_of(st.text(max_size=40), near, st.builds(str.__add__, near, st.text(max_size=10)))


@given(st.dictionaries(st.sampled_from(NAMES), values))
def test_any_environment_is_settings_or_one_printable_error(env: dict[str, str]) -> None:
    try:
        settings = load_settings(env)
    except ConfigError as error:
        assert 0 < len(error.problems) <= PROBLEMS_MAX
        assert all(": " in line and line.isprintable() for line in error.problems)
    else:
        assert not [secret for secret in settings.secrets() if len(secret) > 3 and secret in repr(settings)]


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-16", "surrogatepass")))
def test_any_file_is_variables_or_one_error(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / ".env"
        file.write_bytes(content)
        try:
            env = read_env(file, {})
        except ConfigError as error:
            assert len(error.problems) == 1
        else:
            assert all(isinstance(text, str) for text in env.values())
