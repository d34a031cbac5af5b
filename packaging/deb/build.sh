#!/bin/sh
# Build dist/ccsched_<version>_<architecture>.deb, for the Debian that this runs on. Called by `make deb`.
#
# A virtual environment with the pinned dependencies, as dh-virtualenv would make it, but by pip and dpkg-dev alone:
# that asks for less of the machine, takes the libraries by their hashes, and leaves nothing to be done when it is
# installed.
set -eu

bin=${BIN:?call this as: make deb}
here=$(dirname "$0")
python=/usr/bin/python3
for needed in "$python:python3" /usr/bin/dpkg-gencontrol:dpkg-dev; do
  [ -x "${needed%:*}" ] || { echo "${needed%:*} is missing: apt install ${needed#*:}"; exit 1; }
done
umask 022
work=$(mktemp -d "${TMPDIR:-/tmp}/ccsched-deb.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
root=$work/root
lib=$root/usr/lib/ccsched
share=$root/usr/share
doc=$share/doc/ccsched

# The virtual environment, without what installs more into it and without the programs of its libraries.
"$python" -m venv --without-pip "$lib"
set -- "$bin/pip" --python "$lib/bin/python3" --disable-pip-version-check install --quiet --no-compile --no-warn-script-location
"$@" --require-hashes --only-binary :all: -r requirements/run.txt
"$bin/pip" wheel --disable-pip-version-check --quiet --no-deps --no-build-isolation --wheel-dir "$work" .
"$@" --no-deps --no-index "$work"/*.whl
find "$lib/bin" ! -name 'python*' ! -name 'ccsched*' ! -name claude-code-scheduler ! -name bin -delete
sed -i '1s,.*,#!/usr/lib/ccsched/bin/python3,' "$lib/bin/ccsched" "$lib/bin/ccschedd" "$lib/bin/claude-code-scheduler"
sed -i '/^command = /d' "$lib/pyvenv.cfg"
find "$lib" \( -name direct_url.json -o -name RECORD \) -delete
find "$lib/lib" -type f -exec chmod 644 {} +
rm -r "$lib/include"
"$lib/bin/python3" -m compileall -q -j 0 --invalidation-mode unchecked-hash -s "$root" -p / "$lib/lib"

program() { "$lib/bin/python3" "$lib/bin/ccsched" "$@"; }
version=$("$lib/bin/python3" -c 'import scheduler_daemon; print(scheduler_daemon.__version__)')
minor=$("$lib/bin/python3" -c 'import sys; print(sys.version_info.minor)')

mkdir -p "$root/usr/bin"
for name in ccsched ccschedd claude-code-scheduler; do
  ln -s "../lib/ccsched/bin/$name" "$root/usr/bin/$name"
done

# Completions, where each shell looks for those of packages.
install -d "$share/bash-completion/completions" "$share/zsh/vendor-completions" "$share/fish/vendor_completions.d"
program completion bash >"$share/bash-completion/completions/ccsched"
program completion zsh >"$share/zsh/vendor-completions/_ccsched"
program completion fish >"$share/fish/vendor_completions.d/ccsched.fish"
ln -s ccsched "$share/bash-completion/completions/claude-code-scheduler"
ln -s ccsched.fish "$share/fish/vendor_completions.d/claude-code-scheduler.fish"

# Units: of each user, and of the users of a server by name.
install -d "$root/usr/lib/systemd/user" "$root/usr/lib/systemd/system"
"$lib/bin/python3" -c 'from scheduler_daemon.service.systemd_unit import text; print(text("/usr/bin/ccschedd", None, {}), end="")' \
  >"$root/usr/lib/systemd/user/ccsched.service"
install -m 644 packaging/systemd/ccsched@.service "$root/usr/lib/systemd/system"

# Man pages and documentation.
PYTHONDONTWRITEBYTECODE=1 "$lib/bin/python3" packaging/man/pages.py "$work/man"
install -D -m 644 -t "$share/man/man1" "$work/man"/*.1
install -D -m 644 -t "$share/man/man8" "$work/man"/*.8
install -D -m 644 -t "$doc" README.md "$here/copyright"
mkdir "$doc/examples"
cp -R contrib/fleet contrib/logrotate packaging/systemd/drop-in.conf "$doc/examples"
install -D -m 644 "$here/lintian-overrides" "$share/lintian/overrides/ccsched"
cat >"$work/changelog" <<END
ccsched ($version) unstable; urgency=medium

  * What is new is in NEWS.gz.

 -- The ccsched authors <ccsched@example.invalid>  $(date -u -R -d "@$SOURCE_DATE_EPOCH")
END
gzip -9 -n <"$work/changelog" >"$doc/changelog.gz"
gzip -9 -n <CHANGELOG.md >"$doc/NEWS.gz"
gzip -9 -n "$share/man"/man?/*

# The interpreter is that of the system, from where the package will be.
ln -sf ../../../bin/python3 "$lib/bin/python3"

# The package: what it depends on is what its compiled libraries are linked with, and this minor version of Python.
mkdir "$work/debian" "$root/DEBIAN"
install -m 644 -t "$work/debian" "$here/control" "$work/changelog"
install -m 755 -t "$root/DEBIAN" "$here/postinst" "$here/prerm" "$here/postrm"
(
  cd "$work"
  echo "python:Depends=python3 (>= 3.$minor), python3 (<< 3.$((minor + 1)))" >debian/substvars
  find "$lib" -name '*.so' -exec dpkg-shlibdeps --warnings=1 -Tdebian/substvars {} +
  dpkg-gencontrol -Tdebian/substvars -P"$root" -O"$root/DEBIAN/control"
  cd "$root"
  find usr -type f -exec md5sum {} + | LC_ALL=C sort -k 2 >DEBIAN/md5sums
)
mkdir -p dist
package=dist/ccsched_${version}_$(dpkg --print-architecture).deb
dpkg-deb --root-owner-group -Zxz --build "$root" "$package" >/dev/null
echo "$package"
