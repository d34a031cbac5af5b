"""Fill in the Homebrew formula of a release: `python packaging/homebrew/formula.py --help`.

Where the libraries are, and their hashes, is taken from a lock file in the format of PEP 751, which uv writes from
requirements/run.txt; nothing of that is kept here.
"""

import argparse
import hashlib
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.markers import Marker

_TEMPLATE = Path(__file__).with_name("ccsched.rb")
_PYTHON = "3.13"
"""The minor version that the template depends on."""
_PLATFORMS = {
    "darwin": {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
    "linux": {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
}


class NoFormula(Exception):
    """A library cannot be had as source, which is what Homebrew builds from."""


def filled(template: str, homepage: str, url: str, sha256: str, packages: list[dict[str, Any]]) -> str:
    """The formula.

    Args:
        template: with its places to be filled in.
        homepage: of the project.
        url: of the sdist.
        sha256: of the sdist.
        packages: as in the lock file.

    Raises:
        NoFormula: when a library is not there as source.
    """
    for place, value in (("@HOMEPAGE@", homepage), ("@URL@", url), ("@SHA256@", sha256)):
        template = template.replace(place, value)
    return template.replace("  # @RESOURCES@\n", "\n".join(_resources(packages)) + "\n")


def _resources(packages: list[dict[str, Any]]) -> Iterator[str]:
    everywhere = [package for package in packages if _needed(package, "darwin")]
    on_linux = [package for package in packages if _needed(package, "linux") and package not in everywhere]
    for package in everywhere:
        yield from (*_resource(package, "  "), "")
    yield "  on_linux do"
    for number, package in enumerate(on_linux):
        yield from (*([""] if number else []), *_resource(package, "    "))
    yield "  end"


def _needed(package: dict[str, Any], platform: str) -> bool:
    environment = {
        **_PLATFORMS[platform],
        "python_version": _PYTHON,
        "python_full_version": f"{_PYTHON}.0",
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
    }
    return "marker" not in package or Marker(package["marker"]).evaluate(environment)


def _resource(package: dict[str, Any], indent: str) -> Iterator[str]:
    source = package.get("sdist")
    if source is None:
        raise NoFormula(f"{package['name']} {package['version']} is not there as source; pin another version of it")
    yield f'{indent}resource "{package["name"]}" do'
    yield f'{indent}  url "{source["url"]}"'
    yield f'{indent}  sha256 "{source["hashes"]["sha256"]}"'
    yield f"{indent}end"


def main() -> None:
    """Write the formula to standard output."""
    parser = argparse.ArgumentParser(description="Write the Homebrew formula of a release to standard output.")
    parser.add_argument("--homepage", required=True, help="the project's page")
    parser.add_argument("--url", required=True, help="where the sdist is, or will be")
    parser.add_argument("--sdist", required=True, type=Path, help="the sdist itself, for its hash")
    parser.add_argument(
        "--lock", required=True, type=Path, help="the libraries: a pylock.toml of requirements/run.txt"
    )
    given = parser.parse_args()
    sha256 = hashlib.sha256(given.sdist.read_bytes()).hexdigest()
    packages = tomllib.loads(given.lock.read_text())["packages"]
    try:
        print(filled(_TEMPLATE.read_text(), given.homepage, given.url, sha256, packages), end="")  # noqa: T201
    except NoFormula as problem:
        parser.exit(1, f"{problem}\n")


if __name__ == "__main__":
    main()
