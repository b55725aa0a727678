#!/usr/bin/env bash
# Runs inside the image build, as root: installs the toolchain's npm packages, and for every template with a lock
# file or a list of requirements the dependencies that its apps find ready, laid out as in a sandbox's home.
set -euo pipefail

home=/home/sandbox
# The certificates, proxies and mirrors of the machine that builds.
set -o allexport
. /run/network/environment
set +o allexport
# The lock file names every package by its digest: how old a release is adds nothing to that.
export pnpm_config_minimum_release_age=0
# Files of their own, so that a layer stands without the package store.
export pnpm_config_package_import_method=copy

as_sandbox() {
  runuser -u sandbox -- env HOME="$home" "$@"
}

install_locked() {
  "$@" pnpm install --frozen-lockfile --reporter=append-only
}

node_packages() {
  install_locked as_sandbox
  # Packages bundled for the browser are part of the layer: the first page does not wait for them.
  if [ -x node_modules/.bin/vite ]; then as_sandbox node_modules/.bin/vite optimize; fi
  rm -rf node_modules/.vite-temp
}

# Debian's own packages are what the templates ask for. The digest says by which list: see runtimed/boot.
python_packages() {
  as_sandbox python3 -m venv --system-site-packages .venv
  as_sandbox .venv/bin/pip install --no-index --no-deps --requirement requirements.txt
  as_sandbox bash -c 'sha256sum <requirements.txt | cut -d " " -f 1 >.venv/requirements.sha256'
}

# Leaves what "$2" makes in the app's directory, the directory "$3", as the template's layer.
prepare_layer() {
  local template=$1 install=$2 made=$3 app=$home/workspace/app layer=/opt/layers/$1/workspace/app
  as_sandbox mkdir -p "$app"
  as_sandbox cp -R "/opt/templates/$template/." "$app/"
  cd "$app"
  "$install"
  mkdir -p "$layer"
  mv "$made" "$layer/"
  cd /
  rm -rf "$home/workspace"
}

cd /opt/toolchain
install_locked env pnpm_config_node_linker=hoisted pnpm_config_ignore_scripts=true
mkdir -p /opt/layers
for lock in /opt/templates/*/pnpm-lock.yaml; do
  prepare_layer "$(basename "$(dirname "$lock")")" node_packages node_modules
done
for list in /opt/templates/*/requirements.txt; do
  prepare_layer "$(basename "$(dirname "$list")")" python_packages .venv
done
rm -rf "$home/.local" "$home/.cache" "$home/.config" "${HOME:-/root}/.local" "${HOME:-/root}/.cache"
